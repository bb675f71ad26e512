/** Groups of settings in the order of the screen: what people look for most stands first. */
export const groupOrder = [
  'dicom',
  'destinations',
  'upload',
  'network',
  'folders',
  'disk',
  'verify',
  'sharing',
  'status',
  'alerts',
  'keys',
  'log',
] as const;

export type KnownGroup = (typeof groupOrder)[number];

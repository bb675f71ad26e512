import type { PathPurpose } from '../../../shared/path-choice.ts';

/** Settings, and fields of entries, that are a path of this PC. */
export const pathSettings: Readonly<Record<string, PathPurpose | undefined>> = {
  'folders.path': 'watch',
  'destinations.path': 'destination',
  'destinations.certificateFile': 'certificate',
  'destinations.authorityFile': 'certificate',
  'network.proxy.pac': 'proxy-script',
};

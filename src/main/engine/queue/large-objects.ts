/**
 * More than this takes a slow line minutes: such objects never take every slot. A radiograph as it comes from the
 * detector is below it, a volume or a long loop is not. Part of a released migration: never changed.
 */
export const largeObjectBytes = 32 * 1024 * 1024;

export function isLarge({ sizeBytes }: { readonly sizeBytes: number }): boolean {
  return sizeBytes > largeObjectBytes;
}

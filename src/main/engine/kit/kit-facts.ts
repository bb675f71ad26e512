/** What a kit says about the installation and its clouds. Holds no secret. */

export interface KitFacts {
  /** The PC's name, as people know it. */
  readonly installationName: string;
  readonly installationId: string;
  readonly archiveId: string;
  readonly programVersion: string;
  readonly createdAtMs: number;
  /** The required ones: each holds everything that counts as safe. */
  readonly destinations: readonly KitDestination[];
}

export interface KitDestination {
  readonly name: string;
  readonly kind: string;
  /** Address of the account, without any signature; undefined when the credential is not known yet. */
  readonly endpoint: string | undefined;
  /** Settings by their key, in the order of the configuration. */
  readonly settings: readonly (readonly [key: string, value: string])[];
  /** The newest list of images that is stored and proven. */
  readonly head: { readonly sequence: number; readonly provenAtMs: number | null } | undefined;
}

/** Longer than any setting may be. */
const longestValue = 1024;

/**
 * A value fit for paper: one line, no control characters, nothing that turns the direction of writing or hides itself
 * (Unicode categories Cc, Cf, Zl, Zp, Co, Cn, unpaired surrogates): those are shown by their numbers.
 */
export function printable(value: string): string {
  return Array.from(value.slice(0, longestValue))
    .map((character) =>
      /^[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Cs}]$/u.test(character)
        ? `[U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`
        : character,
    )
    .join('');
}

/** Four digits and a space, eight groups a line: for reading aloud and comparing. */
export function groupedHex(hex: string): string {
  return (hex.match(/.{1,4}/g) ?? []).join(' ');
}

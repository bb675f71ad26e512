/**
 * Takes the plaintext of a sealed object (a DICOM Part 10 file) as it streams by and gives the SHA-256 (hex) of its
 * dataset: what stands behind preamble and File Meta Information. Injected, since upload/ knows no DICOM.
 */
export interface DatasetDigest {
  update(plaintext: Uint8Array): void;
  /** Call once. undefined when it is no Part 10 file. */
  digest(): string | undefined;
}

export type DatasetDigestFactory = () => DatasetDigest;

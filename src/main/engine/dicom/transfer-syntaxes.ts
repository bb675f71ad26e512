/**
 * The transfer syntaxes that are stored, bit for bit as received (PS3.5 section 10, PS3.6 Table A-1). JPIP is not
 * among them: its pixel data lies on another server. Neither are the JPEG processes retired in 2001.
 */

/** How dataset bytes are laid out. `encapsulated` is explicit VR little endian with pixel data in fragments. */
export type TransferSyntaxFamily = 'implicit' | 'explicit-le' | 'big-endian' | 'deflated' | 'encapsulated';

/**
 * What choosing the syntax makes a device do to its pixels. `lossy` marks every syntax that allows loss, also where a
 * given image may have none (JPEG 2000 .91, JPEG XL .112): what counts is what the device might do.
 */
export type Compression = 'none' | 'lossless' | 'lossy';

export interface TransferSyntax {
  readonly uid: string;
  /** PS3.6 keyword. */
  readonly keyword: string;
  readonly family: TransferSyntaxFamily;
  readonly compression: Compression;
}

export const implicitVrLittleEndian = '1.2.840.10008.1.2';
export const explicitVrLittleEndian = '1.2.840.10008.1.2.1';
export const deflatedExplicitVrLittleEndian = '1.2.840.10008.1.2.1.99';
export const explicitVrBigEndian = '1.2.840.10008.1.2.2';

export const transferSyntaxes: readonly TransferSyntax[] = [
  syntax(explicitVrLittleEndian, 'ExplicitVRLittleEndian', 'explicit-le', 'none'),
  syntax(implicitVrLittleEndian, 'ImplicitVRLittleEndian', 'implicit', 'none'),
  syntax(explicitVrBigEndian, 'ExplicitVRBigEndian', 'big-endian', 'none'),
  syntax(deflatedExplicitVrLittleEndian, 'DeflatedExplicitVRLittleEndian', 'deflated', 'none'),
  // Both came after most software: native pixel data, and frames deflated one by one, in fragments.
  syntax('1.2.840.10008.1.2.1.98', 'EncapsulatedUncompressedExplicitVRLittleEndian', 'encapsulated', 'none'),
  syntax('1.2.840.10008.1.2.8.1', 'DeflatedImageFrameCompression', 'encapsulated', 'lossless'),
  syntax('1.2.840.10008.1.2.5', 'RLELossless', 'encapsulated', 'lossless'),
  syntax('1.2.840.10008.1.2.4.50', 'JPEGBaseline8Bit', 'encapsulated', 'lossy'),
  syntax('1.2.840.10008.1.2.4.51', 'JPEGExtended12Bit', 'encapsulated', 'lossy'),
  syntax('1.2.840.10008.1.2.4.57', 'JPEGLossless', 'encapsulated', 'lossless'),
  syntax('1.2.840.10008.1.2.4.70', 'JPEGLosslessSV1', 'encapsulated', 'lossless'),
  syntax('1.2.840.10008.1.2.4.80', 'JPEGLSLossless', 'encapsulated', 'lossless'),
  syntax('1.2.840.10008.1.2.4.81', 'JPEGLSNearLossless', 'encapsulated', 'lossy'),
  syntax('1.2.840.10008.1.2.4.90', 'JPEG2000Lossless', 'encapsulated', 'lossless'),
  syntax('1.2.840.10008.1.2.4.91', 'JPEG2000', 'encapsulated', 'lossy'),
  syntax('1.2.840.10008.1.2.4.100', 'MPEG2MPML', 'encapsulated', 'lossy'),
  syntax('1.2.840.10008.1.2.4.100.1', 'MPEG2MPMLF', 'encapsulated', 'lossy'),
  syntax('1.2.840.10008.1.2.4.101', 'MPEG2MPHL', 'encapsulated', 'lossy'),
  syntax('1.2.840.10008.1.2.4.101.1', 'MPEG2MPHLF', 'encapsulated', 'lossy'),
  syntax('1.2.840.10008.1.2.4.102', 'MPEG4HP41', 'encapsulated', 'lossy'),
  syntax('1.2.840.10008.1.2.4.102.1', 'MPEG4HP41F', 'encapsulated', 'lossy'),
  syntax('1.2.840.10008.1.2.4.103', 'MPEG4HP41BD', 'encapsulated', 'lossy'),
  syntax('1.2.840.10008.1.2.4.103.1', 'MPEG4HP41BDF', 'encapsulated', 'lossy'),
  syntax('1.2.840.10008.1.2.4.104', 'MPEG4HP422D', 'encapsulated', 'lossy'),
  syntax('1.2.840.10008.1.2.4.104.1', 'MPEG4HP422DF', 'encapsulated', 'lossy'),
  syntax('1.2.840.10008.1.2.4.105', 'MPEG4HP423D', 'encapsulated', 'lossy'),
  syntax('1.2.840.10008.1.2.4.105.1', 'MPEG4HP423DF', 'encapsulated', 'lossy'),
  syntax('1.2.840.10008.1.2.4.106', 'MPEG4HP42STEREO', 'encapsulated', 'lossy'),
  syntax('1.2.840.10008.1.2.4.106.1', 'MPEG4HP42STEREOF', 'encapsulated', 'lossy'),
  syntax('1.2.840.10008.1.2.4.107', 'HEVCMP51', 'encapsulated', 'lossy'),
  syntax('1.2.840.10008.1.2.4.108', 'HEVCM10P51', 'encapsulated', 'lossy'),
  syntax('1.2.840.10008.1.2.4.110', 'JPEGXLLossless', 'encapsulated', 'lossless'),
  // The recompression itself is reversible, but only a lossy JPEG can be put into it.
  syntax('1.2.840.10008.1.2.4.111', 'JPEGXLJPEGRecompression', 'encapsulated', 'lossy'),
  syntax('1.2.840.10008.1.2.4.112', 'JPEGXL', 'encapsulated', 'lossy'),
  syntax('1.2.840.10008.1.2.4.201', 'HTJ2KLossless', 'encapsulated', 'lossless'),
  syntax('1.2.840.10008.1.2.4.202', 'HTJ2KLosslessRPCL', 'encapsulated', 'lossless'),
  syntax('1.2.840.10008.1.2.4.203', 'HTJ2K', 'encapsulated', 'lossy'),
];

const byUid: ReadonlyMap<string, TransferSyntax> = new Map(transferSyntaxes.map((one) => [one.uid, one]));

/** The facts of an accepted transfer syntax; undefined for every other UID. */
export function transferSyntax(uid: string): TransferSyntax | undefined {
  return byUid.get(uid);
}

/** Whether instances in this syntax (UID without padding) are stored. */
export function isAcceptedTransferSyntax(uid: string): boolean {
  return byUid.has(uid);
}

/**
 * The syntax to accept among those offered in one presentation context (PS3.8 9.3.2.2): Explicit LE, Implicit LE,
 * lossless, BE, deflated; a lossy one only where nothing else is offered, so that no device is made to compress
 * lossily. The peer's own order decides within a group. undefined: none of them is stored.
 */
export function preferTransferSyntax(offered: readonly string[]): string | undefined {
  let best: { readonly uid: string; readonly rank: number } | undefined;
  for (const uid of offered) {
    const facts = byUid.get(uid);
    if (facts === undefined) continue;
    const rank = preferenceRank(facts);
    if (best === undefined || rank < best.rank) best = { uid, rank };
  }
  return best?.uid;
}

function preferenceRank(facts: TransferSyntax): number {
  if (facts.compression === 'lossy') return 5;
  switch (facts.family) {
    case 'explicit-le':
      return 0;
    case 'implicit':
      return 1;
    case 'encapsulated':
      return 2;
    case 'big-endian':
      return 3;
    case 'deflated':
      return 4;
  }
}

function syntax(
  uid: string,
  keyword: string,
  family: TransferSyntaxFamily,
  compression: Compression,
): TransferSyntax {
  return { uid, keyword, family, compression };
}

/** What the page and its workers say to each other. Only pixels' bytes go to the decoder: never a key or an address. */
import type { ProblemCode } from '../open/problem.ts';
import type { Picture } from '../pixels/picture.ts';

export interface OpenedImage {
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
  readonly frameRate: number | undefined;
}

export type DecoderRequest =
  | { readonly tag: 'open'; readonly id: number; readonly file: number; readonly bytes: Uint8Array }
  | { readonly tag: 'picture'; readonly id: number; readonly file: number; readonly frame: number }
  | { readonly tag: 'close'; readonly file: number };

export type DecoderAnswer =
  | { readonly tag: 'opened'; readonly id: number; readonly image: OpenedImage }
  | { readonly tag: 'picture'; readonly id: number; readonly picture: Picture }
  | { readonly tag: 'failed'; readonly id: number; readonly code: ProblemCode; readonly detail: string };

export interface ScryptRequest {
  readonly passcode: Uint8Array;
  readonly salt: Uint8Array;
  /** N is 2 to this; r = 8, p = 1. */
  readonly logN: number;
}

export type ScryptAnswer =
  | { readonly tag: 'progress'; readonly share: number }
  | { readonly tag: 'done'; readonly key: Uint8Array }
  | { readonly tag: 'failed' };

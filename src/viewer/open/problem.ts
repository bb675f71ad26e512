/** What can go wrong, as codes; the words for people are in i18n/. Nothing here carries a key, a URL or patient data. */

export type ProblemCode =
  | 'link-broken'
  | 'link-newer'
  | 'browser-unsafe'
  | 'passcode-wrong'
  | 'key-wrong'
  | 'other-share'
  | 'expired'
  | 'gone'
  | 'offline'
  | 'server'
  | 'damaged'
  | 'too-large'
  | 'newer-share'
  | 'elsewhere'
  | 'not-dicom'
  | 'no-pixels'
  | 'pixels-too-large'
  | 'pixels-damaged'
  | 'pixels-unsupported'
  | 'syntax-unsupported'
  | 'decoder-stopped'
  | 'zip-too-large'
  | 'cancelled';

/** An error that the page can put into words. `detail` is for the console and tests, in English, without content. */
export class ViewerProblem extends Error {
  readonly code: ProblemCode;

  constructor(code: ProblemCode, detail?: string) {
    super(detail === undefined ? code : `${code}: ${detail}`);
    this.name = 'ViewerProblem';
    this.code = code;
  }
}

/** The code of whatever was thrown; what nobody foresaw counts as `otherwise`. */
export function problemCode(error: unknown, otherwise: ProblemCode): ProblemCode {
  if (error instanceof ViewerProblem) return error.code;
  return isAbort(error) ? 'cancelled' : otherwise;
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

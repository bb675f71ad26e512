/** Multipart bodies (RFC 2046 5.1) as a stream: one part is written or read, and nothing is held but a boundary. */
import { EdgeSyncError } from '../../../shared/errors.ts';

/** RFC 2046 5.1.1: a boundary has 1 to 70 characters. */
const boundaryPattern = /^[A-Za-z0-9'()+_,\-./:=? ]{0,69}[A-Za-z0-9'()+_,\-./:=?]$/;
/** Before the first boundary nothing is expected, and of a part's headers one or two lines. */
const maxPreambleBytes = 16 * 1024;
const maxHeaderBytes = 16 * 1024;

/** The boundary of a Content-Type value, undefined when it is no multipart or has none that is legal. */
export function boundaryOf(contentType: string | undefined): string | undefined {
  if (contentType === undefined || contentType.length > 1000 || !/^\s*multipart\//i.test(contentType)) {
    return undefined;
  }
  const found = /;\s*boundary\s*=\s*(?:"([^"\\]{1,200})"|([^\s";,]{1,200}))/i.exec(contentType);
  const boundary = found?.[1] ?? found?.[2];
  return boundary !== undefined && boundaryPattern.test(boundary) ? boundary : undefined;
}

/** One part with these headers around `body`. The end is written only when `body` ended without an error. */
export async function* onePart(
  boundary: string,
  headers: readonly string[],
  body: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  yield Buffer.from(`--${boundary}\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`, 'latin1');
  yield* body;
  yield Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1');
}

type Place = 'preamble' | 'after-boundary' | 'headers' | 'body' | 'end';

/**
 * Takes a multipart body chunk by chunk and gives the content of its only part. A second part, a body that ends without
 * its closing boundary, or headers without end are refused.
 */
export class OnePartReader {
  readonly #delimiter: Buffer;
  #place: Place = 'preamble';
  /** What was not looked through yet; in the body never more than a delimiter and the last chunk. */
  #held: Buffer;
  #headers = '';

  constructor(boundary: string) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
    // The first boundary may stand at the very beginning, without a line break before it.
    this.#held = Buffer.from('\r\n', 'latin1');
  }

  /** Lower-case media type of the part; empty when it has none. Known once content came. */
  get mediaType(): string {
    const found = /^content-type\s*:\s*([^;\r\n]{1,200})/im.exec(this.#headers);
    return found?.[1]?.trim().toLowerCase() ?? '';
  }

  /** @returns content of the part that is certain by now. @throws EdgeSyncError cloud-server-error. */
  push(chunk: Buffer): Buffer[] {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const out: Buffer[] = [];
    while (this.#step(out)) continue;
    return out;
  }

  /** @throws EdgeSyncError cloud-server-error when the closing boundary did not come. */
  end(): void {
    if (this.#place !== 'end') throw wrong('it ends in the middle');
  }

  /** @returns whether there is more to do with what is held. */
  #step(out: Buffer[]): boolean {
    switch (this.#place) {
      case 'preamble': {
        const at = this.#held.indexOf(this.#delimiter);
        if (at > maxPreambleBytes || (at < 0 && this.#held.length > maxPreambleBytes)) {
          throw wrong('no part begins');
        }
        return at >= 0 && this.#goOn('after-boundary', at + this.#delimiter.length);
      }
      case 'after-boundary': {
        if (this.#held.length < 2) return false;
        if (this.#held.subarray(0, 2).toString('latin1') === '--') throw wrong('it has no part');
        const lineEnd = this.#held.indexOf('\r\n');
        if (lineEnd < 0 && this.#held.length > maxHeaderBytes) throw wrong('a boundary line without end');
        // The line break stays: headers may be none, and then the empty line follows at once.
        return lineEnd >= 0 && this.#goOn('headers', lineEnd);
      }
      case 'headers': {
        const end = this.#held.indexOf('\r\n\r\n');
        if (end > maxHeaderBytes || (end < 0 && this.#held.length > maxHeaderBytes)) {
          throw wrong('headers without end');
        }
        if (end < 0) return false;
        this.#headers = this.#held.subarray(2, Math.max(2, end)).toString('latin1');
        return this.#goOn('body', end + 4);
      }
      case 'body': {
        const at = this.#held.indexOf(this.#delimiter);
        if (at < 0) {
          const sure = this.#held.length - this.#delimiter.length;
          if (sure > 0) {
            out.push(this.#held.subarray(0, sure));
            this.#held = this.#held.subarray(sure);
          }
          return false;
        }
        const after = at + this.#delimiter.length;
        if (this.#held.length < after + 2) {
          if (at > 0) out.push(this.#held.subarray(0, at));
          this.#held = this.#held.subarray(at);
          return false;
        }
        if (at > 0) out.push(this.#held.subarray(0, at));
        if (this.#held.subarray(after, after + 2).toString('latin1') !== '--') {
          throw wrong('it has more than one part');
        }
        return this.#goOn('end', after + 2);
      }
      case 'end':
        // An epilogue is to be ignored (RFC 2046 5.1.1).
        this.#held = Buffer.alloc(0);
        return false;
    }
  }

  #goOn(place: Place, past: number): true {
    this.#place = place;
    this.#held = this.#held.subarray(past);
    return true;
  }
}

function wrong(problem: string): EdgeSyncError {
  return new EdgeSyncError('cloud-server-error', `the multipart answer is broken: ${problem}`);
}

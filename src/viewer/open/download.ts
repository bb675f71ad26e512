/** Fetches one object of a share, never more bytes than it can have, and says plainly why it cannot. */
import { isAbort, ViewerProblem } from './problem.ts';

/** Tells how much has come, in bytes. */
export type OnBytes = (bytes: number) => void;

/**
 * @throws ViewerProblem expired (403, or no answer from an address whose time is over), gone (404), server (another
 * refusal), offline (no answer, or the store lets no page read it), damaged (more bytes than `maxBytes`), cancelled.
 */
export async function download(
  url: URL,
  maxBytes: number,
  signal: AbortSignal,
  onBytes: OnBytes = () => undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const response = await fetch(url, {
      signal,
      mode: 'cors',
      credentials: 'omit',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
      cache: 'no-store',
    });
    if (!response.ok) throw refusal(response.status, url);
    return await readBody(response, maxBytes, onBytes);
  } catch (error) {
    if (error instanceof ViewerProblem) throw error;
    if (signal.aborted || isAbort(error)) throw new ViewerProblem('cancelled');
    throw isOver(url) ? new ViewerProblem('expired', 'no answer') : new ViewerProblem('offline');
  }
}

function refusal(status: number, url: URL): ViewerProblem {
  if (status === 404 || status === 410) return new ViewerProblem('gone', String(status));
  if (status === 403 || status === 401) return new ViewerProblem('expired', String(status));
  return new ViewerProblem(isOver(url) ? 'expired' : 'server', String(status));
}

/** A signed address tells when it ends: Azure's `se`, or S3's date and seconds. */
function isOver(url: URL): boolean {
  const azure = url.searchParams.get('se');
  const amazonDate = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(
    url.searchParams.get('X-Amz-Date') ?? '',
  );
  const seconds = Number(url.searchParams.get('X-Amz-Expires'));
  const end =
    azure !== null
      ? Date.parse(azure)
      : amazonDate !== null
        ? Date.parse(amazonDate[0].replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z')) +
          seconds * 1000
        : Number.NaN;
  return Date.now() > end;
}

async function readBody(
  response: Response,
  maxBytes: number,
  onBytes: OnBytes,
): Promise<Uint8Array<ArrayBuffer>> {
  const declared = Number(response.headers.get('content-length') ?? Number.NaN);
  if (declared > maxBytes) throw new ViewerProblem('damaged', 'longer than the index says');
  if (response.body === null) return new Uint8Array(0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > maxBytes) {
      await reader.cancel();
      throw new ViewerProblem('damaged', 'longer than the index says');
    }
    chunks.push(value);
    onBytes(size);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

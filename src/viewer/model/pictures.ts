/** Pictures on demand: fetched, proven, decoded, and kept as long as there is room. */
import { ViewerProblem } from '../open/problem.ts';
import type { Share } from '../open/share.ts';
import type { SharedFile } from '../open/share-index.ts';
import type { Picture } from '../pixels/picture.ts';
import { isShown, pixelCoding } from '../pixels/transfer-syntax.ts';
import { DecoderClient } from '../worker/decoder-client.ts';
import type { OpenedImage } from '../worker/protocol.ts';

/** Of files that the decoder keeps open, and of decoded frames; each at least one, whatever its size. */
const openFilesBytes = 512 * 1024 * 1024;
const picturesBytes = 384 * 1024 * 1024;
/** A larger file is fetched only when somebody asks for it. */
export const maxUnaskedFileBytes = 64 * 1024 * 1024;

export type OnShare = (doneShare: number) => void;

export class Pictures {
  readonly #share: Share;
  readonly #decoder: DecoderClient;
  readonly #open = new Map<number, { readonly sizeBytes: number; readonly image: Promise<OpenedImage> }>();
  readonly #pictures = new Map<string, { sizeBytes: number; readonly picture: Promise<Picture> }>();
  readonly #signal: AbortSignal;

  constructor(share: Share, signal: AbortSignal) {
    this.#share = share;
    this.#signal = signal;
    this.#decoder = new DecoderClient(() => this.#open.clear());
    signal.addEventListener('abort', () => this.#decoder.stop(), { once: true });
  }

  /** Header facts of a file, which fetches it. @throws ViewerProblem. */
  image(file: SharedFile, onShare?: OnShare): Promise<OpenedImage> {
    const known = this.#open.get(file.number);
    if (known !== undefined) {
      this.#open.delete(file.number);
      this.#open.set(file.number, known);
      return known.image;
    }
    const image = this.#fetch(file, onShare);
    const entry = { sizeBytes: file.sizeBytes, image };
    this.#open.set(file.number, entry);
    image.catch(() => {
      if (this.#open.get(file.number) === entry) this.#open.delete(file.number);
    });
    trim(this.#open, openFilesBytes, (number) => this.#decoder.close(number));
    return image;
  }

  /** @throws ViewerProblem. */
  picture(file: SharedFile, frame: number, onShare?: OnShare): Promise<Picture> {
    const key = `${file.number}:${frame}`;
    const known = this.#pictures.get(key);
    if (known !== undefined) {
      this.#pictures.delete(key);
      this.#pictures.set(key, known);
      return known.picture;
    }
    const picture = this.#decode(file, frame, onShare);
    const entry = { sizeBytes: 0, picture };
    this.#pictures.set(key, entry);
    picture.then(
      (done) => {
        entry.sizeBytes = done.tag === 'colour' ? done.rgba.byteLength : done.samples.byteLength;
        trim(this.#pictures, picturesBytes, () => undefined);
      },
      () => this.#pictures.delete(key),
    );
    return picture;
  }

  /** Asks for what is likely wanted next; what fails then says so when it is really asked for. */
  prefetch(file: SharedFile | undefined, frame: number): void {
    if (file === undefined || (file.sizeBytes > maxUnaskedFileBytes && !this.#open.has(file.number))) return;
    this.picture(file, frame).catch(() => undefined);
  }

  async #decode(file: SharedFile, frame: number, onShare: OnShare | undefined): Promise<Picture> {
    await this.image(file, onShare);
    return this.#decoder.picture(file.number, frame);
  }

  async #fetch(file: SharedFile, onShare: OnShare | undefined): Promise<OpenedImage> {
    const coding = pixelCoding(file.transferSyntaxUid);
    // Videos are large, and not fetched only to be told that they are not shown.
    if (!isShown(coding)) throw new ViewerProblem('syntax-unsupported', coding);
    const bytes = await this.#share.file(file, this.#signal, (have) =>
      onShare?.(Math.min(1, have / Math.max(1, file.sizeBytes))),
    );
    return this.#decoder.open(file.number, bytes);
  }
}

/** Drops the oldest until the rest fits; the newest always stays. */
function trim<K, V extends { readonly sizeBytes: number }>(
  entries: Map<K, V>,
  maxBytes: number,
  dropped: (key: K) => void,
): void {
  let total = 0;
  for (const { sizeBytes } of entries.values()) total += sizeBytes;
  for (const [key, { sizeBytes }] of entries) {
    if (total <= maxBytes || entries.size <= 1) return;
    entries.delete(key);
    dropped(key);
    total -= sizeBytes;
  }
}

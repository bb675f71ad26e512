/** An opened share: its index, and its files on demand, each proven before anybody sees a byte of it. */
import { download, type OnBytes } from './download.ts';
import { checkedUrl, type ShareLink } from './link.ts';
import { ViewerProblem } from './problem.ts';
import { largestSealedBytes, openSealed, toHex } from './sealed-object.ts';
import { maxIndexBytes, parseIndex, type SharedFile, type ShareIndex } from './share-index.ts';
import { deriveShareKek, webCrypto } from './share-key.ts';

/** A file is in memory twice while it is opened; above this a browser tab is likely to be ended. */
export const maxFileBytes = 1024 * 1024 * 1024;

export class Share {
  readonly index: ShareIndex;
  readonly #kek: CryptoKey;

  private constructor(index: ShareIndex, kek: CryptoKey) {
    this.index = index;
    this.#kek = kek;
  }

  /**
   * `stretched` is what scrypt made of the passcode, where the link asks for one.
   * @throws ViewerProblem: those of download and openSealed; passcode-wrong in place of key-wrong with a passcode.
   */
  static async open(link: ShareLink, stretched: Uint8Array | undefined, signal: AbortSignal): Promise<Share> {
    const url = checkedUrl(link.indexUrl);
    const kek = await deriveShareKek(link.key.secret, stretched);
    const sealed = await download(url, maxIndexBytes, signal);
    const content = await openSealed(sealed, kek, link.shareId).catch((error: unknown) => {
      const wrongKey = error instanceof ViewerProblem && error.code === 'key-wrong';
      throw wrongKey && link.key.tag === 'passcode' ? new ViewerProblem('passcode-wrong') : error;
    });
    return new Share(parseIndex(content, link.shareId, url), kek);
  }

  /**
   * One Part 10 file, equal to what was shared: size and SHA-256 are the index's.
   * @throws ViewerProblem too-large before anything is asked; those of download and openSealed; damaged.
   */
  async file(file: SharedFile, signal: AbortSignal, onBytes?: OnBytes): Promise<Uint8Array<ArrayBuffer>> {
    if (file.sizeBytes > maxFileBytes) throw new ViewerProblem('too-large');
    const sealed = await download(file.url, largestSealedBytes(file.sizeBytes), signal, onBytes);
    const content = await openSealed(sealed, this.#kek, this.index.shareId).catch((error: unknown) => {
      // The index opened with this key, so it is the file that does not fit.
      const wrongKey = error instanceof ViewerProblem && error.code === 'key-wrong';
      throw wrongKey ? new ViewerProblem('damaged', 'the content key does not unwrap') : error;
    });
    if (content.length !== file.sizeBytes) throw new ViewerProblem('damaged', 'size');
    const sha256 = toHex(new Uint8Array(await webCrypto().digest('SHA-256', content)));
    if (sha256 !== file.sha256) throw new ViewerProblem('damaged', 'sha256');
    return content;
  }
}

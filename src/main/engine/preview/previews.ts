/**
 * Pictures for people: who may look and how long, one picture after the other, and what was decoded kept in memory as
 * long as somebody may look.
 */
import { EdgeSyncError } from '../../../shared/errors.ts';
import { pictureEdges, type ImageFacts, type Picture, type PictureSize } from '../../../shared/preview.ts';
import type { Cancel, Clock, Random } from '../ports.ts';
import type { StudyImageRow } from '../queue/study-detail.ts';
import type { StartDecoder } from './decoder-process.ts';
import { DecoderSession } from './decoder-session.ts';

/** Long enough to look through a series, short enough for a front desk; it can be asked for again. */
export const revealSeconds = 120;
/** More windows than one PC has. */
const mostGrants = 32;
/** Waiting pictures: a screen of thumbnails in two windows. */
const mostWaiting = 64;
/** Of pictures kept, as text. */
const cacheBytes = 48 * 1024 * 1024;

export interface PreviewsOptions {
  readonly start: StartDecoder;
  /** The pieces of the image's file; throws preview-*, object-*, cloud-*. */
  readonly open: (
    image: StudyImageRow,
    from: 'here' | 'cloud',
    signal: AbortSignal,
  ) => Promise<readonly Buffer[]>;
  readonly clock: Clock;
  readonly random: Random;
  readonly decodeWithinMs: number;
}

export interface PictureWanted {
  readonly image: StudyImageRow;
  /** Counts from 0. */
  readonly frame: number;
  readonly size: PictureSize;
  readonly from: 'here' | 'cloud';
}

interface Grant {
  readonly studyId: string;
  readonly end: Cancel;
}

export class Previews {
  readonly #options: PreviewsOptions;
  readonly #grants = new Map<string, Grant>();
  readonly #cache = new Map<string, Picture>();
  #cacheBytes = 0;
  #session: DecoderSession | undefined;
  /** What the session has open. */
  #opened: { readonly instanceId: number; readonly image: ImageFacts } | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: PreviewsOptions) {
    this.#options = options;
  }

  /** Whether a decoder runs, and which. */
  get decoderPid(): number | undefined {
    return this.#session?.isOver === false ? this.#session.pid : undefined;
  }

  /** Lets one study be looked at for `revealSeconds`. Record it before. */
  grant(studyId: string): string {
    const { clock, random } = this.#options;
    const oldest = this.#grants.keys().next();
    if (this.#grants.size >= mostGrants && oldest.done !== true) this.hide(oldest.value);
    const grant = random.bytes(24).toString('base64url');
    this.#grants.set(grant, { studyId, end: clock.after(revealSeconds * 1000, () => this.hide(grant)) });
    return grant;
  }

  /** The reveal is over: with the last of a study its pixels go. */
  hide(grant: string): void {
    const known = this.#grants.get(grant);
    if (known === undefined) return;
    known.end.cancel();
    this.#grants.delete(grant);
    if (this.#grants.size === 0) this.#forget();
  }

  /** Throws preview-hidden when the grant is over or another study's. */
  check(grant: string, studyId: string): void {
    if (this.#grants.get(grant)?.studyId !== studyId) throw new EdgeSyncError('preview-hidden');
  }

  /** `check` first. Throws preview-*, object-*, cloud-*, cancelled. */
  async picture(
    grant: string,
    studyId: string,
    wanted: PictureWanted,
    signal: AbortSignal,
  ): Promise<Picture> {
    this.check(grant, studyId);
    const key = `${wanted.image.instanceId}:${wanted.frame}:${wanted.size}`;
    const known = this.#cache.get(key);
    if (known !== undefined) {
      this.#cache.delete(key);
      this.#cache.set(key, known);
      return known;
    }
    if (this.#waiting >= mostWaiting) throw new EdgeSyncError('preview-busy');
    this.#waiting += 1;
    const made = this.#turn.then(async () => {
      if (signal.aborted) throw new EdgeSyncError('cancelled');
      // The reveal may have ended while this waited.
      this.check(grant, studyId);
      const picture = await this.#make(wanted, signal);
      this.check(grant, studyId);
      this.#keep(key, picture);
      return picture;
    });
    this.#turn = made.catch(() => undefined);
    return made.finally(() => {
      this.#waiting -= 1;
    });
  }

  /** Ends the decoder; resolves when it is gone. */
  async close(): Promise<void> {
    for (const grant of [...this.#grants.keys()]) this.hide(grant);
    const session = this.#session;
    this.#forget();
    await session?.end();
  }

  async #make({ image, frame, size, from }: PictureWanted, signal: AbortSignal): Promise<Picture> {
    const open = await this.#openFile(image, from, signal);
    if (frame >= open.image.frames) throw new EdgeSyncError('preview-damaged', 'no such frame');
    const look = size === 'thumbnail' ? 'shown' : 'values';
    const { facts, pixels } = await open.session.picture(frame, look, pictureEdges[size]);
    return {
      image: open.image,
      frame,
      facts,
      pixels: Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength).toString('base64'),
    };
  }

  async #openFile(
    image: StudyImageRow,
    from: 'here' | 'cloud',
    signal: AbortSignal,
  ): Promise<{ readonly session: DecoderSession; readonly image: ImageFacts }> {
    const { start, clock, decodeWithinMs, open } = this.#options;
    if (this.#session?.isOver === false && this.#opened?.instanceId === image.instanceId)
      return { session: this.#session, image: this.#opened.image };
    const file = await open(image, from, signal);
    // Hidden while a cloud was slow: no decoder is started for nobody, to sit there with the image.
    if (this.#grants.size === 0) throw new EdgeSyncError('preview-hidden');
    this.#opened = undefined;
    if (this.#session === undefined || this.#session.isOver)
      this.#session = new DecoderSession({ start, clock, withinMs: decodeWithinMs });
    const session = this.#session;
    const facts = await session.open(file);
    this.#opened = { instanceId: image.instanceId, image: facts };
    return { session, image: facts };
  }

  #keep(key: string, picture: Picture): void {
    this.#cache.set(key, picture);
    this.#cacheBytes += picture.pixels.length;
    for (const [oldest, { pixels }] of this.#cache) {
      if (this.#cacheBytes <= cacheBytes || this.#cache.size === 1) return;
      this.#cache.delete(oldest);
      this.#cacheBytes -= pixels.length;
    }
  }

  #forget(): void {
    this.#cache.clear();
    this.#cacheBytes = 0;
    this.#opened = undefined;
    void this.#session?.end();
    this.#session = undefined;
  }
}

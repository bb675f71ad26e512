/** Saving: one file, the picture as it is seen, or everything; with progress, and a way to stop. */
import type { Messages } from '../i18n/en.ts';
import { problemCode } from '../open/problem.ts';
import type { Share } from '../open/share.ts';
import type { SharedFile } from '../open/share-index.ts';
import { fileName, zipName } from '../save/names.ts';
import { chooseSink, saveBlob } from '../save/sink.ts';
import { fitsInZip, saveZip, totalBytes } from '../save/zip.ts';
import { button, h, liveText } from './dom.ts';

export class SavePanel {
  readonly element: HTMLElement;
  readonly #share: Share;
  readonly #messages: Messages;
  readonly #says = liveText('save-says');
  readonly #progress = h('progress', { max: 1, value: 0, hidden: true });
  readonly #cancel: HTMLButtonElement;
  readonly #starts: readonly HTMLButtonElement[];
  #running: AbortController | undefined;

  constructor(
    share: Share,
    messages: Messages,
    current: { file(): SharedFile | undefined; picture(): HTMLCanvasElement | undefined },
  ) {
    this.#share = share;
    this.#messages = messages;
    const { save } = messages;
    this.#progress.setAttribute('aria-label', save.all);
    this.#cancel = button(save.cancel, () => this.#running?.abort(), { hidden: true });
    const one = button(save.dicom, () => void this.#saveOne(current.file()));
    const picture = button(save.picture, () => savePicture(current.picture(), current.file()));
    const all = button(save.all, () => void this.#saveAll(), { class: 'button primary' });
    this.#starts = [all, one];
    this.element = h('div', { class: 'save' }, [
      h('div', { class: 'tool-group' }, [all, one, picture, this.#cancel]),
      h('p', { class: 'save-note' }, [save.note]),
      this.#progress,
      this.#says,
    ]);
  }

  async #saveAll(): Promise<void> {
    const { save } = this.#messages;
    const { files, study } = this.#share.index;
    const total = totalBytes(this.#share);
    await this.#run(async (signal) => {
      if (!fitsInZip(this.#share)) {
        this.#say(this.#messages.problems['zip-too-large']);
        return;
      }
      const sink = await chooseSink(zipName(study.studyInstanceUid), 'application/zip', total);
      await saveZip(this.#share, sink, signal, (progress) => {
        const share = total === 0 ? 1 : progress.bytes / total;
        this.#show(share, save.progress(progress.files, files.length, this.#messages.percent(share)));
      });
      this.#says.textContent = save.done;
    });
  }

  async #saveOne(file: SharedFile | undefined): Promise<void> {
    if (file === undefined) return;
    const { save, percent } = this.#messages;
    await this.#run(async (signal) => {
      const sink = await chooseSink(fileName(file), 'application/dicom', file.sizeBytes);
      try {
        const bytes = await this.#share.file(file, signal, (have) => {
          const share = Math.min(1, have / Math.max(1, file.sizeBytes));
          this.#show(share, save.one(percent(share)));
        });
        await sink.write(bytes);
        await sink.close();
      } catch (error) {
        await sink.abort();
        throw error;
      }
      this.#says.textContent = save.done;
    });
  }

  async #run(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const running = new AbortController();
    this.#running = running;
    for (const start of this.#starts) start.disabled = true;
    this.#cancel.hidden = false;
    this.#says.textContent = '';
    try {
      await work(running.signal);
    } catch (error) {
      this.#say(this.#messages.problems[problemCode(error, 'offline')]);
    } finally {
      this.#running = undefined;
      for (const start of this.#starts) start.disabled = false;
      this.#cancel.hidden = true;
      this.#progress.hidden = true;
    }
  }

  #show(share: number, text: string): void {
    this.#progress.hidden = false;
    this.#progress.value = share;
    this.#says.textContent = text;
  }

  #say({ title, next }: { readonly title: string; readonly next: string }): void {
    this.#says.textContent = `${title}. ${next}`;
  }

  /** The page is leaving this study. */
  stop(): void {
    this.#running?.abort();
  }
}

/** As it is seen in grey values, in the image's own size, without text and lines. */
function savePicture(canvas: HTMLCanvasElement | undefined, file: SharedFile | undefined): void {
  if (canvas === undefined || file === undefined) return;
  canvas.toBlob((blob) => {
    if (blob !== null) saveBlob(blob, fileName(file).replace(/\.dcm$/, '.png'));
  }, 'image/png');
}

/** An opened study: series at the side, tools, the image, and where one is in it. */
import type { Pictures } from '../model/pictures.ts';
import type { Series } from '../model/series.ts';
import { resetLooks, type View } from '../model/view.ts';
import { problemCode, type ProblemCode } from '../open/problem.ts';
import type { Share } from '../open/share.ts';
import type { SharedFile } from '../open/share-index.ts';
import { flipped, rotated } from '../pixels/geometry.ts';
import { defaultVoi } from '../pixels/gray.ts';
import { button, h, labelled, liveText } from './dom.ts';
import { Overlay } from './overlay.ts';
import { paintPicture } from './paint.ts';
import { SavePanel } from './save-panel.ts';
import { SeriesList } from './series-list.ts';
import { listenOnStage } from './stage-input.ts';
import { Stage, type StageWords } from './stage.ts';
import { Toolbar } from './toolbar.ts';

const defaultRate = 10;

export class StudyScreen {
  readonly element: HTMLElement;
  readonly #pictures: Pictures;
  readonly #series: readonly Series[];
  readonly #view: View;
  readonly #words: StageWords;
  readonly #list: SeriesList;
  readonly #toolbar: Toolbar;
  readonly #stage: Stage;
  readonly #overlay: Overlay;
  readonly #save: SavePanel;
  readonly #note = h('div', { class: 'stage-note', hidden: true });
  readonly #measured = liveText('visually-hidden');
  readonly #where = liveText('where');
  readonly #imageSlider: HTMLInputElement;
  readonly #frameSlider: HTMLInputElement;
  readonly #sliders: readonly [HTMLElement, HTMLElement];
  #frames = 1;
  #fileRate: number | undefined;
  /** What is on the stage. */
  #shown: { readonly file: SharedFile; readonly frame: number } | undefined;
  /** Counts what was asked for: only the newest is shown. */
  #asked = 0;
  #playTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(share: Share, pictures: Pictures, series: readonly Series[], view: View, words: StageWords) {
    this.#pictures = pictures;
    this.#series = series;
    this.#view = view;
    this.#words = words;
    const { messages } = words;
    this.#overlay = new Overlay(share.index, words);
    this.#stage = new Stage(view, words, [...this.#overlay.corners, this.#note], (factor) =>
      this.#updateOverlay(factor),
    );
    const actions = this.#actions();
    listenOnStage(this.#stage, view, actions);
    this.#toolbar = new Toolbar(view, messages, actions);
    this.#list = new SeriesList(series, pictures, messages, (one) => this.#choose(one));
    this.#save = new SavePanel(share, messages, {
      file: () => this.#file,
      picture: () => this.#pictureCanvas(),
    });
    this.#imageSlider = this.#slider((value) => this.#goTo(value, 0));
    this.#frameSlider = this.#slider((value) => this.#goTo(view.image, value));
    this.#sliders = [
      labelled(messages.image, this.#imageSlider),
      labelled(messages.frame, this.#frameSlider),
    ];
    this.element = h('div', { class: 'study' }, [
      this.#list.element,
      h('div', { class: 'viewing' }, [
        this.#toolbar.element,
        this.#stage.element,
        h('div', { class: 'position' }, [...this.#sliders, this.#where]),
        h('details', { class: 'keys' }, [
          h('summary', {}, [messages.tools.help]),
          h('p', { id: 'stage-help' }, [messages.stageHelp]),
        ]),
        this.#measured,
      ]),
      this.#save.element,
    ]);
    view.seriesUid ??= series[0]?.uid;
    void this.#load();
  }

  /** Ends what goes on by itself. */
  stop(): void {
    this.#pause();
    this.#save.stop();
  }

  get #current(): Series | undefined {
    return this.#series.find(({ uid }) => uid === this.#view.seriesUid);
  }

  get #file(): SharedFile | undefined {
    return this.#current?.files[this.#view.image];
  }

  #slider(onChange: (value: number) => void): HTMLInputElement {
    const slider = h('input', { type: 'range', min: 1, value: 1, class: 'slider' });
    slider.addEventListener('input', () => {
      this.#pause();
      onChange(Number(slider.value) - 1);
    });
    return slider;
  }

  #choose(series: Series): void {
    this.#pause();
    if (series.uid !== this.#view.seriesUid) resetLooks(this.#view);
    this.#view.seriesUid = series.uid;
    this.#goTo(0, 0);
  }

  #goTo(image: number, frame: number): void {
    const count = this.#current?.files.length ?? 0;
    const wanted = Math.min(count - 1, Math.max(0, image));
    if (wanted !== this.#view.image) this.#frames = 1;
    this.#view.image = wanted;
    this.#view.frame = Math.max(0, frame);
    void this.#load();
  }

  /** Frames first, then on to the image before or after. */
  #stepFrame(by: number): void {
    const frame = this.#view.frame + by;
    if (frame >= 0 && frame < this.#frames) this.#goTo(this.#view.image, frame);
    else this.#stepImage(Math.sign(by));
  }

  #stepImage(by: number): void {
    const before = this.#view.image;
    const count = this.#current?.files.length ?? 0;
    const image = Math.min(count - 1, Math.max(0, before + by));
    if (image !== before) this.#goTo(image, 0);
  }

  async #load(): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    const isNewest = (): boolean => asked === this.#asked;
    const { messages } = this.#words;
    const file = this.#file;
    this.#list.choose(this.#view.seriesUid);
    this.#updatePosition();
    // What was said was about another image.
    this.#note.hidden = true;
    if (file === undefined) return;
    if (this.#shown !== undefined && this.#shown.file.seriesInstanceUid !== file.seriesInstanceUid)
      this.#blank();
    const waiting = setTimeout(() => {
      if (!isNewest()) return;
      this.#blank();
      this.#say(messages.loading);
    }, 150);
    try {
      const onShare = (share: number): void => {
        if (isNewest() && !this.#note.hidden) this.#say(`${messages.loading} ${messages.percent(share)}`);
      };
      const image = await this.#pictures.image(file, onShare);
      if (isNewest()) {
        this.#frames = image.frames;
        this.#fileRate = image.frameRate;
        this.#view.frame = Math.min(this.#view.frame, image.frames - 1);
      }
      const picture = await this.#pictures.picture(file, isNewest() ? this.#view.frame : 0, onShare);
      if (!isNewest()) return;
      this.#note.hidden = true;
      this.#shown = { file, frame: this.#view.frame };
      this.#stage.show(picture, `${file.number}:${this.#view.frame}`);
      this.#updateAll();
      this.#prefetch();
    } catch (error) {
      if (isNewest()) this.#fail(problemCode(error, 'pixels-damaged'));
    } finally {
      clearTimeout(waiting);
      if (isNewest()) this.#playOn();
    }
  }

  /** The words on the stage are already the next picture's: the last one must not stand under them. */
  #blank(): void {
    this.#shown = undefined;
    this.#stage.show(undefined, '');
    this.#updateOverlay(1);
  }

  #prefetch(): void {
    const { files = [] } = this.#current ?? {};
    const { image, frame } = this.#view;
    if (this.#frames > 1 && frame + 1 < this.#frames) this.#pictures.prefetch(files[image], frame + 1);
    else {
      this.#pictures.prefetch(files[image + 1], 0);
      this.#pictures.prefetch(files[image + 2], 0);
    }
  }

  #say(text: string): void {
    this.#note.hidden = false;
    this.#note.replaceChildren(h('p', { role: 'status' }, [text]));
  }

  #fail(code: ProblemCode): void {
    const { title, next } = this.#words.messages.problems[code];
    this.#blank();
    this.#note.hidden = false;
    this.#note.replaceChildren(
      h('div', { role: 'alert' }, [h('strong', {}, [title]), h('p', {}, [next])]),
      button(this.#words.messages.tryAgain, () => void this.#load()),
    );
    this.#updateAll();
  }

  #updatePosition(): void {
    const { messages } = this.#words;
    const count = this.#current?.files.length ?? 0;
    const [image, frame] = this.#sliders;
    image.hidden = count < 2;
    frame.hidden = this.#frames < 2;
    this.#imageSlider.max = String(Math.max(1, count));
    this.#imageSlider.value = String(this.#view.image + 1);
    this.#frameSlider.max = String(this.#frames);
    this.#frameSlider.value = String(this.#view.frame + 1);
    const where = messages.imageOf(this.#view.image + 1, count);
    const whole =
      this.#frames > 1 ? `${where}, ${messages.frameOf(this.#view.frame + 1, this.#frames)}` : where;
    // Playing, it would be read out without end.
    this.#where.setAttribute('aria-live', this.#playTimer === undefined ? 'polite' : 'off');
    this.#where.textContent = whole;
    this.#stage.element.setAttribute('aria-label', `${messages.stage}: ${whole}`);
  }

  #updateAll(): void {
    this.#updatePosition();
    this.#updateOverlay(this.#stage.placement()?.factor ?? 1);
    const moving = this.#frames > 1 ? this.#frames : (this.#current?.files.length ?? 0);
    const playing = this.#playTimer === undefined ? 'still' : 'playing';
    this.#toolbar.update(this.#stage.picture, moving, playing, this.#rate);
  }

  #updateOverlay(factor: number): void {
    this.#overlay.update(this.#view, this.#current, this.#stage.picture, this.#frames, factor);
  }

  get #rate(): number {
    return this.#view.rate ?? (this.#frames > 1 ? this.#fileRate : undefined) ?? defaultRate;
  }

  #togglePlay(): void {
    if (this.#playTimer !== undefined) {
      this.#pause();
      this.#updateAll();
      return;
    }
    this.#playTimer = setTimeout(() => this.#playNext(), 1000 / this.#rate);
    this.#updateAll();
  }

  /** The next one is asked for when the last one is there: a slow line plays slowly, and nothing piles up. */
  #playOn(): void {
    if (this.#playTimer === undefined) return;
    clearTimeout(this.#playTimer);
    this.#playTimer = setTimeout(() => this.#playNext(), 1000 / this.#rate);
  }

  #playNext(): void {
    const count = this.#current?.files.length ?? 1;
    if (this.#frames > 1) this.#goTo(this.#view.image, (this.#view.frame + 1) % this.#frames);
    else this.#goTo((this.#view.image + 1) % count, 0);
  }

  #pause(): void {
    clearTimeout(this.#playTimer);
    this.#playTimer = undefined;
  }

  #pictureCanvas(): HTMLCanvasElement | undefined {
    const { picture } = this.#stage;
    // It is saved under the name of the file that was asked for last.
    if (picture === undefined || this.#shown?.file !== this.#file || this.#shown?.frame !== this.#view.frame)
      return undefined;
    const canvas = document.createElement('canvas');
    paintPicture(canvas, picture, this.#view.voi, this.#view.polarity);
    return canvas;
  }

  #actions() {
    const view = this.#view;
    const redraw = (): void => {
      this.#stage.draw();
      this.#updateAll();
    };
    const repaint = (): void => {
      this.#stage.repaint();
      this.#updateAll();
    };
    return {
      stepImage: (by: number) => this.#stepImage(by),
      stepFrame: (by: number) => this.#stepFrame(by),
      toImage: (which: 'first' | 'last') => this.#goTo(which === 'first' ? 0 : Number.MAX_SAFE_INTEGER, 0),
      zoomed: () => this.#updateAll(),
      zoom: (by: number) => {
        this.#stage.zoomBy(by);
        this.#updateAll();
      },
      fit: () => {
        view.zoom = { tag: 'fit' };
        view.pan = { x: 0, y: 0 };
        redraw();
      },
      actualSize: () => {
        view.zoom = { tag: 'factor', factor: 1 };
        view.pan = { x: 0, y: 0 };
        redraw();
      },
      rotate: () => {
        view.turn = rotated(view.turn);
        redraw();
      },
      flip: (axis: 'left-right' | 'top-bottom') => {
        view.turn = flipped(view.turn, axis);
        redraw();
      },
      invert: () => {
        view.polarity = view.polarity === 'normal' ? 'inverse' : 'normal';
        repaint();
      },
      resetWindow: () => {
        view.voi = undefined;
        repaint();
      },
      setVoi: (voi: View['voi']) => {
        view.voi = voi;
        repaint();
      },
      dragWindow: (x: number, y: number) => {
        this.#dragWindow(x, y);
        repaint();
      },
      togglePlay: () => this.#togglePlay(),
      setRate: (rate: number) => {
        view.rate = rate;
      },
      toggleText: () => {
        view.text = view.text === 'shown' ? 'hidden' : 'shown';
        redraw();
      },
      clearLines: () => this.#stage.clearLines(),
      measured: (text: string) => {
        this.#measured.textContent = text;
      },
    };
  }

  /** A drag over 500 CSS pixels goes through the whole range of values. */
  #dragWindow(x: number, y: number): void {
    const { picture } = this.#stage;
    if (picture?.tag !== 'gray') return;
    const voi = this.#view.voi ?? defaultVoi(picture);
    if (voi.tag === 'table') return;
    const step =
      (Math.max(1, picture.meant.most - picture.meant.least) * Math.abs(picture.facts.slope)) / 500;
    this.#view.voi = { ...voi, width: Math.max(1e-3, voi.width + x * step), center: voi.center + y * step };
  }
}

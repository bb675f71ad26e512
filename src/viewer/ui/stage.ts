/** The black field with the picture: draws it as the view says, and turns hands and keys into changes of the view. */
import type { Messages } from '../i18n/en.ts';
import { decimal, type Language } from '../i18n/language.ts';
import type { MeasuredLine, View } from '../model/view.ts';
import { lengthBetween, sideLetters, type Point } from '../pixels/geometry.ts';
import type { Picture } from '../pixels/picture.ts';
import { h } from './dom.ts';
import { paintPicture } from './paint.ts';
import { place, type Placement } from './placement.ts';

export interface StageWords {
  readonly messages: Messages;
  readonly language: Language;
}

const lineColour = '#ffd54a';
const maxFactor = 64;
const minFactor = 0.02;

export class Stage {
  /** Takes the focus and the keys. */
  readonly element: HTMLElement;
  readonly #words: StageWords;
  readonly #view: View;
  readonly #canvas = h('canvas', { class: 'stage-canvas', 'aria-hidden': 'true' });
  readonly #source = document.createElement('canvas');
  readonly #sides = ['top', 'right', 'bottom', 'left'].map((side) =>
    h('span', { class: `side side-${side}` }),
  );
  #picture: Picture | undefined;
  #lineKey = '';
  /** A line being drawn, in pixels of the image. */
  #draft: MeasuredLine | undefined;
  /** Where the keyboard's cross is, while one measures with it. */
  #cross: Point | undefined;
  #drawAgain = 0;
  readonly #onPlaced: (factor: number) => void;

  /** `onPlaced` hears how large the picture is drawn (CSS pixels for one of its own), each time it is. */
  constructor(view: View, words: StageWords, children: readonly Node[], onPlaced: (factor: number) => void) {
    this.#view = view;
    this.#onPlaced = onPlaced;
    this.#words = words;
    this.element = h(
      'div',
      {
        class: 'stage',
        id: 'stage',
        role: 'application',
        tabindex: 0,
        'aria-label': words.messages.stage,
        'aria-describedby': 'stage-help',
      },
      [this.#canvas, ...this.#sides, ...children],
    );
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  get picture(): Picture | undefined {
    return this.#picture;
  }

  /** `lineKey` names the picture among the measured lines. */
  show(picture: Picture | undefined, lineKey: string): void {
    this.#picture = picture;
    this.#lineKey = lineKey;
    this.#draft = undefined;
    this.repaint();
  }

  /** Grey values have changed. */
  repaint(): void {
    if (this.#picture !== undefined) {
      paintPicture(this.#source, this.#picture, this.#view.voi, this.#view.polarity);
    }
    this.draw();
  }

  /** Place, size or lines have changed. At most once for each frame of the screen. */
  draw(): void {
    cancelAnimationFrame(this.#drawAgain);
    this.#drawAgain = requestAnimationFrame(() => this.#drawNow());
  }

  placement(): Placement | undefined {
    if (this.#picture === undefined) return undefined;
    const { clientWidth: width, clientHeight: height } = this.element;
    const { zoom, pan, turn } = this.#view;
    return place(this.#picture, this.#picture.geometry.pixelAspect, { width, height }, zoom, pan, turn);
  }

  /** Keeps the image's point under `around` (CSS pixels of the stage; its middle if not given). */
  zoomBy(by: number, around?: Point): void {
    const before = this.placement();
    if (before === undefined) return;
    const at = around ?? { x: this.element.clientWidth / 2, y: this.element.clientHeight / 2 };
    const kept = before.toImage(at);
    const factor = Math.min(maxFactor, Math.max(minFactor, before.factor * by));
    this.#view.zoom = { tag: 'factor', factor };
    const moved = this.placement()?.toScreen(kept) ?? at;
    this.#view.pan = { x: this.#view.pan.x + at.x - moved.x, y: this.#view.pan.y + at.y - moved.y };
    this.draw();
  }

  moveBy(x: number, y: number): void {
    this.#view.pan = { x: this.#view.pan.x + x, y: this.#view.pan.y + y };
    this.draw();
  }

  /** A line between two points of the stage; kept when `end` is `kept`. Says its length. */
  measure(from: Point, to: Point, end: 'drawn' | 'kept'): string | undefined {
    const placement = this.placement();
    if (placement === undefined || this.#picture === undefined) return undefined;
    const line = { from: this.#inside(placement.toImage(from)), to: this.#inside(placement.toImage(to)) };
    this.#draft = end === 'drawn' ? line : undefined;
    if (end === 'kept' && (line.from.x !== line.to.x || line.from.y !== line.to.y)) {
      const lines = this.#view.lines.get(this.#lineKey) ?? [];
      this.#view.lines.set(this.#lineKey, [...lines, line]);
    }
    this.draw();
    return this.#lengthText(line);
  }

  clearLines(): void {
    this.#view.lines.delete(this.#lineKey);
    this.#draft = undefined;
    this.draw();
  }

  setCross(point: Point | undefined): void {
    this.#cross = point;
    this.draw();
  }

  #inside({ x, y }: Point): Point {
    const { columns, rows } = this.#picture ?? { columns: 0, rows: 0 };
    return { x: Math.min(columns, Math.max(0, x)), y: Math.min(rows, Math.max(0, y)) };
  }

  #lengthText(line: MeasuredLine): string {
    const { messages, language } = this.#words;
    if (this.#picture === undefined) return '';
    const length = lengthBetween(line.from, line.to, this.#picture.geometry);
    if (length.tag === 'pixels') return messages.lengthPixels(decimal(length.pixels, 0, language));
    const mm = decimal(length.mm, 1, language);
    return length.tag === 'mm' ? messages.lengthMm(mm) : messages.lengthDetector(mm);
  }

  #drawNow(): void {
    const ratio = window.devicePixelRatio;
    const { clientWidth, clientHeight } = this.element;
    this.#canvas.width = Math.max(1, Math.round(clientWidth * ratio));
    this.#canvas.height = Math.max(1, Math.round(clientHeight * ratio));
    const context = this.#canvas.getContext('2d', { alpha: false });
    const placement = this.placement();
    this.#showSides();
    if (context === null || placement === undefined) return;
    this.#onPlaced(placement.factor);
    const { a, b, c, d, e, f } = placement.matrix as Required<DOMMatrix2DInit>;
    context.setTransform(a * ratio, b * ratio, c * ratio, d * ratio, e * ratio, f * ratio);
    // Enlarged a great deal, the pixels themselves are what one wants to see.
    context.imageSmoothingEnabled = placement.factor < 6;
    context.imageSmoothingQuality = 'high';
    context.drawImage(this.#source, 0, 0);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const lines = this.#view.lines.get(this.#lineKey) ?? [];
    for (const line of this.#draft === undefined ? lines : [...lines, this.#draft]) {
      this.#drawLine(context, placement, line);
    }
    if (this.#cross !== undefined) drawCross(context, this.#cross);
  }

  #drawLine(context: CanvasRenderingContext2D, placement: Placement, line: MeasuredLine): void {
    const from = placement.toScreen(line.from);
    const to = placement.toScreen(line.to);
    context.lineWidth = 2;
    context.strokeStyle = lineColour;
    context.shadowColor = 'black';
    context.shadowBlur = 3;
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
    for (const end of [from, to]) drawCross(context, end);
    context.fillStyle = lineColour;
    context.font = '600 14px system-ui, sans-serif';
    context.textBaseline = 'bottom';
    const text = this.#lengthText(line);
    const room = this.element.clientWidth - context.measureText(text).width - 4;
    context.fillText(text, Math.max(4, Math.min(to.x + 8, room)), Math.max(18, to.y - 4));
    context.shadowBlur = 0;
  }

  #showSides(): void {
    const { orientation } = this.#picture?.geometry ?? {};
    const letters = this.#view.text === 'shown' ? sideLetters(orientation, this.#view.turn) : undefined;
    const texts = [letters?.top, letters?.right, letters?.bottom, letters?.left];
    this.#sides.forEach((side, at) => {
      side.textContent = texts[at] ?? '';
    });
  }
}

function drawCross(context: CanvasRenderingContext2D, { x, y }: Point): void {
  context.strokeStyle = lineColour;
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x - 6, y);
  context.lineTo(x + 6, y);
  context.moveTo(x, y - 6);
  context.lineTo(x, y + 6);
  context.stroke();
}

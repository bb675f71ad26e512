/** The tools over the image. Everything the mouse does can be done here or with keys. */
import type { Messages } from '../i18n/en.ts';
import { presetsOf, sameVoi } from '../model/presets.ts';
import type { DragTool, View } from '../model/view.ts';
import { defaultVoi, type Voi } from '../pixels/gray.ts';
import type { Picture } from '../pixels/picture.ts';
import { button, h, labelled, select } from './dom.ts';

export interface ToolbarActions {
  setVoi(voi: Voi | undefined): void;
  invert(): void;
  rotate(): void;
  flip(axis: 'left-right' | 'top-bottom'): void;
  zoom(by: number): void;
  fit(): void;
  actualSize(): void;
  togglePlay(): void;
  setRate(perSecond: number): void;
  toggleText(): void;
  clearLines(): void;
}

const dragTools: readonly DragTool[] = ['window', 'move', 'zoom', 'measure'];
export const rates = [1, 2, 5, 10, 15, 20, 25, 30, 60] as const;

export class Toolbar {
  readonly element: HTMLElement;
  readonly #view: View;
  readonly #messages: Messages;
  readonly #actions: ToolbarActions;
  readonly #presets = h('div', { class: 'tool-group' });
  readonly #play: HTMLButtonElement;
  readonly #cine: HTMLElement;
  readonly #rate: HTMLSelectElement;
  readonly #pressed: readonly { readonly button: HTMLButtonElement; readonly on: () => boolean }[];
  #presetKey = '';

  constructor(view: View, messages: Messages, actions: ToolbarActions) {
    this.#view = view;
    this.#messages = messages;
    this.#actions = actions;
    const { tools } = messages;
    const invert = button(tools.invert, () => actions.invert());
    const text = button(tools.text, () => actions.toggleText());
    this.#pressed = [
      { button: invert, on: () => view.polarity === 'inverse' },
      { button: text, on: () => view.text === 'shown' },
    ];
    this.#play = button(tools.play, () => actions.togglePlay());
    this.#rate = select(
      rates.map((rate) => ({ value: String(rate), label: String(rate) })),
      '10',
      (value) => actions.setRate(Number(value)),
    );
    this.#cine = h('div', { class: 'tool-group' }, [this.#play, labelled(tools.rate, this.#rate)]);
    this.element = h('div', { class: 'toolbar', role: 'group', 'aria-label': tools.label }, [
      this.#dragTools(),
      this.#presets,
      h('div', { class: 'tool-group' }, [
        invert,
        button(tools.rotate, () => actions.rotate()),
        button(tools.flipHorizontal, () => actions.flip('left-right')),
        button(tools.flipVertical, () => actions.flip('top-bottom')),
      ]),
      h('div', { class: 'tool-group' }, [
        button('+', () => actions.zoom(1.25), { 'aria-label': tools.zoomIn, title: tools.zoomIn }),
        button('−', () => actions.zoom(0.8), { 'aria-label': tools.zoomOut, title: tools.zoomOut }),
        button(tools.fit, () => actions.fit()),
        button(tools.actual, () => actions.actualSize()),
      ]),
      this.#cine,
      h('div', { class: 'tool-group' }, [text, button(tools.clearLines, () => actions.clearLines())]),
    ]);
  }

  #dragTools(): HTMLElement {
    const { tools } = this.#messages;
    const radios = dragTools.map((tool) =>
      h('label', { class: 'choice' }, [
        h('input', { type: 'radio', name: 'drag-tool', value: tool, checked: this.#view.tool === tool }, [], {
          'on:change': () => {
            this.#view.tool = tool;
          },
        }),
        h('span', {}, [tools[tool]]),
      ]),
    );
    return h('fieldset', { class: 'tool-group choices' }, [h('legend', {}, [tools.drag]), ...radios]);
  }

  /** `moving`: how many frames or images there are to play. */
  update(picture: Picture | undefined, moving: number, playing: 'playing' | 'still', rate: number): void {
    for (const { button: one, on } of this.#pressed) one.setAttribute('aria-pressed', String(on()));
    this.#cine.hidden = moving < 2;
    this.#play.textContent = playing === 'playing' ? this.#messages.tools.pause : this.#messages.tools.play;
    const nearest = rates.reduce(
      (best, one) => (Math.abs(one - rate) < Math.abs(best - rate) ? one : best),
      1,
    );
    this.#rate.value = String(nearest);
    this.#updateGray(picture);
  }

  #updateGray(picture: Picture | undefined): void {
    this.#presets.hidden = picture?.tag !== 'gray';
    if (picture?.tag !== 'gray') return;
    const voi = this.#view.voi ?? defaultVoi(picture);
    const presets = presetsOf(picture, this.#messages);
    const chosen = presets.find((preset) => sameVoi(preset.voi, voi));
    const key = JSON.stringify([presets.map(({ id, label }) => [id, label])]);
    // Built anew only when there are others, so that the focus stays where it is.
    if (key !== this.#presetKey || this.#presets.childElementCount === 0) {
      this.#presetKey = key;
      this.#buildGray(presets.map(({ id, label }) => ({ value: id, label })));
    }
    const [choice, center, width] = this.#grayControls();
    choice.onchange = () => {
      const preset = presets.find(({ id }) => id === choice.value);
      if (preset !== undefined) this.#actions.setVoi(preset.voi);
    };
    choice.value = chosen?.id ?? 'own';
    const isWindow = voi.tag === 'window';
    for (const field of [center, width]) field.disabled = !isWindow;
    // What somebody is typing is left alone.
    if (isWindow && document.activeElement !== center) center.value = rounded(voi.center);
    if (isWindow && document.activeElement !== width) width.value = rounded(voi.width);
  }

  #grayControls(): [HTMLSelectElement, HTMLInputElement, HTMLInputElement] {
    const [center, width] = this.#presets.querySelectorAll('input');
    const choice = this.#presets.querySelector('select');
    if (choice === null || center === undefined || width === undefined) throw new Error('grey controls');
    return [choice, center, width];
  }

  #buildGray(options: readonly { readonly value: string; readonly label: string }[]): void {
    const { tools, presets } = this.#messages;
    const choice = select([...options, { value: 'own', label: presets.own }], 'own', () => undefined);
    const number = (): HTMLInputElement => h('input', { type: 'number', step: 'any', class: 'number' });
    const [center, width] = [number(), number()];
    const typed = (): void => {
      const [c, w] = [Number(center.value), Number(width.value)];
      if (center.value === '' || !(w > 0) || !Number.isFinite(c)) return;
      this.#actions.setVoi({ tag: 'window', center: c, width: w, function: 'LINEAR' });
    };
    center.addEventListener('input', typed);
    width.addEventListener('input', typed);
    this.#presets.replaceChildren(
      labelled(tools.preset, choice),
      labelled(tools.center, center),
      labelled(tools.width, width),
      button(tools.reset, () => this.#actions.setVoi(undefined)),
    );
  }
}

function rounded(value: number): string {
  return String(Math.abs(value) < 10 ? Number(value.toPrecision(4)) : Math.round(value * 10) / 10);
}

/** Pointer, wheel and keyboard on the stage. Single keys act only while the stage has the focus (WCAG 2.1.4). */
import type { DragTool, View } from '../model/view.ts';
import type { Point } from '../pixels/geometry.ts';
import type { Stage } from './stage.ts';

export interface StageActions {
  stepImage(by: number): void;
  stepFrame(by: number): void;
  toImage(which: 'first' | 'last'): void;
  /** Grey values by hand: so many CSS pixels to the right (width) and down (centre). */
  dragWindow(x: number, y: number): void;
  zoomed(): void;
  fit(): void;
  rotate(): void;
  flip(axis: 'left-right' | 'top-bottom'): void;
  invert(): void;
  resetWindow(): void;
  togglePlay(): void;
  toggleText(): void;
  measured(text: string): void;
}

const moveStep = 40;
const zoomStep = 1.25;
/** A wheel's notch is about 100 units, a touchpad's many small ones: one image for so many. */
const wheelUnits = 60;

export function listenOnStage(stage: Stage, view: View, actions: StageActions): void {
  new Pointers(stage, view, actions);
  listenToWheel(stage, actions);
  listenToKeys(stage, view, actions);
}

class Pointers {
  readonly #stage: Stage;
  readonly #view: View;
  readonly #actions: StageActions;
  readonly #down = new Map<number, Point>();
  #start: Point = { x: 0, y: 0 };
  #tool: DragTool = 'window';

  constructor(stage: Stage, view: View, actions: StageActions) {
    this.#stage = stage;
    this.#view = view;
    this.#actions = actions;
    const { element } = stage;
    element.addEventListener('pointerdown', (event) => this.#press(event));
    element.addEventListener('pointermove', (event) => this.#move(event));
    element.addEventListener('pointerup', (event) => this.#release(event));
    element.addEventListener('pointercancel', (event) => this.#down.delete(event.pointerId));
    element.addEventListener('contextmenu', (event) => event.preventDefault());
  }

  #press(event: PointerEvent): void {
    if (event.target instanceof Element && event.target.closest('button, a, input') !== null) return;
    this.#stage.element.setPointerCapture(event.pointerId);
    const at = this.#at(event);
    this.#down.set(event.pointerId, at);
    this.#start = at;
    // As other viewers have it: the middle button moves, the right one zooms.
    this.#tool = event.button === 1 ? 'move' : event.button === 2 ? 'zoom' : this.#view.tool;
    if (event.button === 1) event.preventDefault();
  }

  #move(event: PointerEvent): void {
    const before = this.#down.get(event.pointerId);
    if (before === undefined) return;
    const at = this.#at(event);
    const other = [...this.#down].find(([id]) => id !== event.pointerId)?.[1];
    this.#down.set(event.pointerId, at);
    if (other !== undefined) this.#pinch(before, at, other);
    else this.#drag(before, at);
  }

  #drag(before: Point, at: Point): void {
    const [x, y] = [at.x - before.x, at.y - before.y];
    if (this.#tool === 'window') this.#actions.dragWindow(x, y);
    else if (this.#tool === 'move') this.#stage.moveBy(x, y);
    else if (this.#tool === 'zoom') this.#zoom(1.01 ** -y, this.#start);
    else this.#said(this.#stage.measure(this.#start, at, 'drawn'));
  }

  #pinch(before: Point, at: Point, other: Point): void {
    const apart = (a: Point, b: Point): number => Math.max(1, Math.hypot(a.x - b.x, a.y - b.y));
    this.#zoom(apart(at, other) / apart(before, other), { x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 });
    this.#stage.moveBy((at.x - before.x) / 2, (at.y - before.y) / 2);
  }

  #release(event: PointerEvent): void {
    const known = this.#down.delete(event.pointerId);
    if (!known || this.#tool !== 'measure' || this.#down.size > 0) return;
    this.#said(this.#stage.measure(this.#start, this.#at(event), 'kept'));
  }

  #said(text: string | undefined): void {
    if (text !== undefined) this.#actions.measured(text);
  }

  #zoom(by: number, around: Point): void {
    this.#stage.zoomBy(by, around);
    this.#actions.zoomed();
  }

  #at(event: PointerEvent): Point {
    const { left, top } = this.#stage.element.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }
}

function listenToWheel(stage: Stage, actions: StageActions): void {
  let gathered = 0;
  stage.element.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const units = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * wheelUnits;
      if (event.ctrlKey) {
        const { left, top } = stage.element.getBoundingClientRect();
        stage.zoomBy(1.002 ** -units, { x: event.clientX - left, y: event.clientY - top });
        actions.zoomed();
        return;
      }
      gathered = Math.sign(units) === Math.sign(gathered) ? gathered + units : units;
      const steps = Math.trunc(gathered / wheelUnits);
      gathered -= steps * wheelUnits;
      // The wheel goes through frames first, then on to the next image.
      if (steps !== 0) actions.stepFrame(steps);
    },
    { passive: false },
  );
}

function listenToKeys(stage: Stage, view: View, actions: StageActions): void {
  const cross = new KeyboardCross(stage, actions);
  stage.element.addEventListener('keydown', (event) => {
    if (event.target !== stage.element || event.ctrlKey || event.metaKey || event.altKey) return;
    if (view.tool === 'measure' && cross.takes(event)) {
      event.preventDefault();
      return;
    }
    const act = keyAction(event, stage, actions);
    if (act === undefined) return;
    event.preventDefault();
    act();
  });
  stage.element.addEventListener('blur', () => cross.hide());
}

function keyAction(event: KeyboardEvent, stage: Stage, actions: StageActions): (() => void) | undefined {
  const zoom = (by: number) => (): void => {
    stage.zoomBy(by);
    actions.zoomed();
  };
  if (event.shiftKey) {
    const moves: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [-moveStep, 0],
      ArrowRight: [moveStep, 0],
      ArrowUp: [0, -moveStep],
      ArrowDown: [0, moveStep],
    };
    const move = moves[event.key];
    if (move !== undefined) return () => stage.moveBy(...move);
  }
  const keys: Readonly<Record<string, () => void>> = {
    ArrowUp: () => actions.stepImage(-1),
    ArrowDown: () => actions.stepImage(1),
    PageUp: () => actions.stepImage(-10),
    PageDown: () => actions.stepImage(10),
    ArrowLeft: () => actions.stepFrame(-1),
    ArrowRight: () => actions.stepFrame(1),
    Home: () => actions.toImage('first'),
    End: () => actions.toImage('last'),
    '+': zoom(zoomStep),
    '=': zoom(zoomStep),
    '-': zoom(1 / zoomStep),
    '0': () => actions.fit(),
    r: () => actions.rotate(),
    h: () => actions.flip('left-right'),
    v: () => actions.flip('top-bottom'),
    i: () => actions.invert(),
    w: () => actions.resetWindow(),
    o: () => actions.toggleText(),
    ' ': () => actions.togglePlay(),
  };
  return keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
}

/** Measuring without a pointer: arrows move a cross (with Shift faster), Enter sets its first and second point. */
class KeyboardCross {
  readonly #stage: Stage;
  readonly #actions: StageActions;
  #at: Point | undefined;
  #from: Point | undefined;

  constructor(stage: Stage, actions: StageActions) {
    this.#stage = stage;
    this.#actions = actions;
  }

  takes(event: KeyboardEvent): boolean {
    const { clientWidth, clientHeight } = this.#stage.element;
    const at = this.#at ?? { x: clientWidth / 2, y: clientHeight / 2 };
    const step = event.shiftKey ? 20 : 2;
    const steps: Readonly<Record<string, Point>> = {
      ArrowLeft: { x: -step, y: 0 },
      ArrowRight: { x: step, y: 0 },
      ArrowUp: { x: 0, y: -step },
      ArrowDown: { x: 0, y: step },
    };
    const by = steps[event.key];
    if (by !== undefined) this.#moveTo({ x: at.x + by.x, y: at.y + by.y });
    else if (event.key === 'Enter') this.#set(at);
    else if (event.key === 'Escape') this.hide();
    else return false;
    return true;
  }

  hide(): void {
    this.#at = undefined;
    this.#from = undefined;
    this.#stage.setCross(undefined);
  }

  #moveTo(at: Point): void {
    this.#at = at;
    this.#stage.setCross(at);
    if (this.#from !== undefined) this.#say(this.#stage.measure(this.#from, at, 'drawn'));
  }

  #set(at: Point): void {
    this.#moveTo(at);
    if (this.#from === undefined) {
      this.#from = at;
      return;
    }
    this.#say(this.#stage.measure(this.#from, at, 'kept'));
    this.#from = undefined;
  }

  #say(text: string | undefined): void {
    if (text !== undefined) this.#actions.measured(text);
  }
}

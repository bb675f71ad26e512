/** What a person has chosen to see. Plain data: the screen is drawn from it, again after a change of language. */
import type { Polarity, Voi } from '../pixels/gray.ts';
import { unturned, type Point, type Turn } from '../pixels/geometry.ts';

export type DragTool = 'window' | 'move' | 'zoom' | 'measure';

export type Zoom =
  | { readonly tag: 'fit' }
  /** Screen pixels (CSS) for a pixel of the image. */
  | { readonly tag: 'factor'; readonly factor: number };

export interface MeasuredLine {
  readonly from: Point;
  readonly to: Point;
}

export interface View {
  seriesUid: string | undefined;
  image: number;
  frame: number;
  /** The person's own; undefined is what the file asks for. */
  voi: Voi | undefined;
  polarity: Polarity;
  turn: Turn;
  zoom: Zoom;
  /** In CSS pixels from the middle. */
  pan: Point;
  tool: DragTool;
  text: 'shown' | 'hidden';
  /** Per second, where the person has chosen one. */
  rate: number | undefined;
  /** By file number and frame. */
  readonly lines: Map<string, readonly MeasuredLine[]>;
}

export function newView(): View {
  return {
    seriesUid: undefined,
    image: 0,
    frame: 0,
    voi: undefined,
    polarity: 'normal',
    turn: unturned,
    zoom: { tag: 'fit' },
    pan: { x: 0, y: 0 },
    tool: 'window',
    text: 'shown',
    rate: undefined,
    lines: new Map(),
  };
}

/** Another series starts as its files say; tool and text stay. */
export function resetLooks(view: View): void {
  view.voi = undefined;
  view.polarity = 'normal';
  view.turn = unturned;
  view.zoom = { tag: 'fit' };
  view.pan = { x: 0, y: 0 };
  view.rate = undefined;
}

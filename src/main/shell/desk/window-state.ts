import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const stateSchema = z.object({
  x: z.int(),
  y: z.int(),
  width: z.int().min(1).max(20_000),
  height: z.int().min(1).max(20_000),
  maximized: z.boolean(),
});
export type WindowState = z.infer<typeof stateSchema>;

export const smallestWindow = { width: 360, height: 480 } as const;
export const firstWindow = { width: 1080, height: 760 } as const;

/** What must be seen of the title bar for the window to be draggable back, in pixels. */
const visible = { width: 120, height: 40 } as const;

/** undefined when there is none, or what is there is not one. */
export function readWindowState(file: string): WindowState | undefined {
  try {
    const parsed = stateSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** Losing it costs a window position: written beside and renamed, without fsync; a failure is passed over. */
export function writeWindowState(file: string, state: WindowState): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, JSON.stringify(state));
    renameSync(`${file}.new`, file);
  } catch {
    // read-only profile: the window opens at its usual place next time
  }
}

/**
 * Where the window goes: as it was left, if its title bar can be reached on a display of today; else centred with its
 * size cut to the display.
 * @param workAreas of all displays, the primary one first
 */
export function placeWindow(
  state: WindowState | undefined,
  workAreas: readonly Rectangle[],
): Partial<Rectangle> & { readonly width: number; readonly height: number } {
  const main = workAreas[0] ?? { x: 0, y: 0, ...firstWindow };
  const wanted = state ?? firstWindow;
  if (state !== undefined) {
    const home = workAreas.find((area) => reachable(state, area));
    if (home !== undefined) return { x: state.x, y: state.y, ...sizeWithin(state, home) };
  }
  return sizeWithin(wanted, main);
}

function sizeWithin(
  size: { readonly width: number; readonly height: number },
  area: Rectangle,
): { width: number; height: number } {
  return {
    width: Math.max(smallestWindow.width, Math.min(size.width, area.width)),
    height: Math.max(smallestWindow.height, Math.min(size.height, area.height)),
  };
}

function reachable(window: Rectangle, area: Rectangle): boolean {
  const overlapX = Math.min(window.x + window.width, area.x + area.width) - Math.max(window.x, area.x);
  const top = window.y >= area.y && window.y + visible.height <= area.y + area.height;
  return overlapX >= visible.width && top;
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { placeWindow, readWindowState, writeWindowState } from './window-state.ts';

const main = { x: 0, y: 25, width: 1920, height: 1055 };
const second = { x: 1920, y: 0, width: 1280, height: 1024 };
const left = { x: 2000, y: 100, width: 900, height: 700, maximized: false };

describe('where the window goes', () => {
  it('is where it was left, also on a second display', () => {
    expect(placeWindow(left, [main, second])).toEqual({ x: 2000, y: 100, width: 900, height: 700 });
  });

  it('is the main display when the second one is gone', () => {
    expect(placeWindow(left, [main])).toEqual({ width: 900, height: 700 });
  });

  it('is not where the title bar cannot be reached', () => {
    expect(placeWindow({ ...left, x: 100, y: -300 }, [main])).toEqual({ width: 900, height: 700 });
    expect(placeWindow({ ...left, x: 1900 }, [main])).toEqual({ width: 900, height: 700 });
  });

  it('is cut to a display that has become smaller', () => {
    const small = { x: 0, y: 0, width: 1024, height: 600 };

    expect(placeWindow({ x: 10, y: 10, width: 5000, height: 5000, maximized: false }, [small])).toEqual({
      x: 10,
      y: 10,
      width: 1024,
      height: 600,
    });
  });

  it('is the usual size at first, and even without a display', () => {
    expect(placeWindow(undefined, [main])).toEqual({ width: 1080, height: 760 });
    expect(placeWindow(undefined, [])).toEqual({ width: 1080, height: 760 });
  });
});

describe('the file of the window', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'edge-sync-window-'));
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('gives back what was written', () => {
    const file = join(folder, 'deep', 'window.json');
    writeWindowState(file, left);

    expect(readWindowState(file)).toEqual(left);
  });

  it.each(['', '{', '{"x":1}', '{"x":1,"y":1,"width":1e9,"height":5,"maximized":false}', '[]'])(
    'is passed over when it holds %j',
    (text) => {
      const file = join(folder, 'bad.json');
      writeFileSync(file, text);

      expect(readWindowState(file)).toBeUndefined();
    },
  );

  it('costs nothing but the position when it cannot be written', () => {
    writeFileSync(join(folder, 'a-file'), '');

    expect(() => writeWindowState(join(folder, 'a-file', 'window.json'), left)).not.toThrow();
  });
});

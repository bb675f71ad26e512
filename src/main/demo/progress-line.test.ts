import { describe, expect, it } from 'vitest';
import { createProgressLine } from './progress-line.ts';

describe('the progress line', () => {
  it('is rewritten in place on a terminal, and only when it changes', () => {
    const written: string[] = [];
    const line = createProgressLine({ isTTY: true, write: (part) => written.push(part) }, () => undefined);

    line.update('1 of 2', 'a');
    line.update('1 of 2', 'a');
    line.update('2 of 2', 'b');
    line.end();

    expect(written).toEqual(['\r\x1b[2K1 of 2', '\r\x1b[2K2 of 2', '\n']);
  });

  it('prints a line for each new milestone where there is no terminal', () => {
    const printed: string[] = [];
    const line = createProgressLine({ write: () => undefined }, (text) => printed.push(text));

    line.update('1 of 9', 'begun');
    line.update('2 of 9', 'begun');
    line.update('9 of 9', 'done');
    line.end();

    expect(printed).toEqual(['1 of 9', '9 of 9']);
  });
});

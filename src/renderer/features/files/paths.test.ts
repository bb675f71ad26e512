import { describe, expect, it } from 'vitest';
import { isAbsolutePath, pathsIn, withPath } from './paths.ts';

describe('paths', () => {
  it.each(['/scans', 'D:\\scans', 'd:/scans', '\\\\server\\share'])('%s is absolute', (path) => {
    expect(isAbsolutePath(path)).toBe(true);
  });

  it.each(['scans', './scans', 'D:scans', '~/scans', '\\scans', ''])('%j is not', (path) => {
    expect(isAbsolutePath(path)).toBe(false);
  });

  it('are one a line, without the quotes that Windows copies and without empty lines', () => {
    expect(pathsIn('  /a b \n\n"D:\\x y"\r\n')).toEqual(['/a b', 'D:\\x y']);
  });

  it('gain what was chosen as a line of its own, once', () => {
    expect(withPath('', '/a')).toBe('/a');
    expect(withPath('/a\n\n', '/b')).toBe('/a\n/b');
    expect(withPath('"D:\\x y"', 'D:\\x y')).toBe('"D:\\x y"');
  });
});

/** An absolute path on Windows (drive or network share), macOS or Linux: the engine's working folder is not the reader's. */
export function isAbsolutePath(path: string): boolean {
  return /^(\/|[A-Za-z]:[\\/]|\\\\[^\\])/.test(path);
}

/** One path a line; quotes around a line, as Windows copies them, are left out. */
export function pathsIn(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim().replace(/^"(.*)"$/, '$1'))
    .filter((line) => line !== '');
}

/** The text with one path more, on a line of its own; a path that stands there already stays where it is. */
export function withPath(text: string, path: string): string {
  const before = text.trimEnd();
  if (pathsIn(before).includes(path)) return before;
  return before === '' ? path : `${before}\n${path}`;
}

/** A path the reader's PC would write. */
export function examplePath(platform: string, folder: string): string {
  return platform.startsWith('Win') ? `D:\\${folder}` : `/home/clinic/${folder}`;
}

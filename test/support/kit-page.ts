/** What a person or a scanner takes from the HTML page of a recovery kit. */
import { createRequire } from 'node:module';

/** A CommonJS bundle whose types and exports do not agree under Node. */
const readQr = createRequire(import.meta.url)('jsqr') as (
  pixels: Uint8ClampedArray,
  width: number,
  height: number,
) => { readonly data: string } | null;

/** The text of a command or key, by its id, as it is copied from the page. */
export function codeIn(html: string, id: string): string {
  const text = new RegExp(`<pre id="${id}">([^<]*)</pre>`).exec(html)?.[1];
  if (text === undefined) throw new Error(`the page has no ${id}`);
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}

/** Draws the page's QR code, four pixels a module, and reads it as a scanner does. */
export function qrIn(html: string): string {
  const svg = /<svg [\s\S]*?<\/svg>/.exec(html)?.[0] ?? '';
  const scale = 4;
  const side = Number(/viewBox="0 0 (\d+) \d+"/.exec(svg)?.[1]) * scale;
  const pixels = new Uint8ClampedArray(side * side * 4).fill(255);
  for (const [, x, y, length] of svg.matchAll(/M(\d+) (\d+)h(\d+)v1h-\3z/g)) {
    for (let row = 0; row < scale; row += 1) {
      const from = ((Number(y) * scale + row) * side + Number(x) * scale) * 4;
      for (let at = from; at < from + Number(length) * scale * 4; at += 4) pixels.fill(0, at, at + 3);
    }
  }
  const read = readQr(pixels, side, side);
  if (read === null) throw new Error('the code cannot be read');
  return read.data;
}

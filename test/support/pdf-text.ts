/** The text of a PDF that uses the standard fonts and Flate streams, as ours do: a reader for tests. */
import { inflateSync } from 'node:zlib';

/** Everything that is shown, in the order of drawing; one line for each piece of text. */
export function pdfText(pdf: Buffer): string {
  const raw = pdf.toString('latin1');
  const pieces: string[] = [];
  for (const { index, 0: start } of raw.matchAll(/\/Filter \/FlateDecode\s*>>\s*stream\r?\n/g)) {
    const from = index + start.length;
    const to = raw.indexOf('endstream', from);
    const content = inflateSync(pdf.subarray(from, to)).toString('latin1');
    for (const [, list = ''] of content.matchAll(/\[((?:<[0-9a-fA-F]*>|[-\d.\s]+)*)\]\s*TJ/g)) {
      pieces.push(
        [...list.matchAll(/<([0-9a-fA-F]*)>/g)]
          .map(([, hex = '']) => Buffer.from(hex, 'hex').toString('latin1'))
          .join(''),
      );
    }
  }
  return pieces.join('\n');
}

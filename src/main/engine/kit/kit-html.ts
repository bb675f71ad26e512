/** A kit as one HTML page: no scripts, nothing from outside, black on white, for A4 and Letter. */
import { encodeQR } from 'qr';
import { assertNever } from '../../../shared/assert-never.ts';
import { kitCommands } from './kit-commands.ts';
import type { KitBlock, KitPage } from './kit-page.ts';

/** It loads nothing and runs nothing, even if something of it were not what it should be. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const style = `
@page { margin: 14mm 14mm 16mm; }
* { box-sizing: border-box; }
html { background: #fff; color: #000; color-scheme: light; }
body { font: 11pt/1.4 "Liberation Sans", Arial, Helvetica, sans-serif; max-width: 182mm; margin: 8mm auto; padding: 0 4mm; overflow-wrap: anywhere; }
h1 { font-size: 22pt; line-height: 1.15; margin: 0 0 3mm; }
h2 { font-size: 14pt; margin: 6mm 0 2mm; break-after: avoid; }
p, ul, ol { margin: 0 0 2.5mm; }
li { margin-bottom: 1.5mm; break-inside: avoid; }
.warning { border: 0.7mm solid #000; padding: 3mm 4mm; font-weight: bold; margin-bottom: 4mm; }
table { width: 100%; border-collapse: collapse; margin: 0 0 4mm; break-inside: avoid; }
th, td { text-align: left; vertical-align: top; border: 0.25mm solid #555; padding: 1.2mm 2mm; font-weight: normal; }
th { width: 38mm; font-weight: bold; }
code, pre { font-family: "Liberation Mono", "Courier New", Courier, monospace; }
td code { font-size: 10.5pt; }
pre { font-size: 9.5pt; line-height: 1.45; border: 0.25mm solid #555; background: #f4f4f4; padding: 2mm 2.5mm; margin: 1.5mm 0 3mm; white-space: pre-wrap; break-inside: avoid; }
li { padding-left: 0; } ol, ul { padding-left: 6mm; }
li pre { font-size: 7.8pt; }
#recovery-key { font-size: 11pt; line-height: 1.7; letter-spacing: 0.02em; }
ol.words { list-style: none; display: grid; grid-template-columns: repeat(4, 1fr); grid-auto-flow: row; padding: 0; margin: 3mm 0; break-inside: avoid; border-left: 0.25mm solid #555; border-top: 0.25mm solid #555; }
ol.words li { display: flex; align-items: baseline; gap: 2.5mm; border-right: 0.25mm solid #555; border-bottom: 0.25mm solid #555; padding: 3.5mm 2.5mm; margin: 0; }
ol.words .number { font-size: 10pt; min-width: 6mm; text-align: right; color: #333; }
ol.words .word { font: bold 15pt/1.2 "Liberation Mono", "Courier New", Courier, monospace; }
figure { margin: 3mm 0; break-inside: avoid; }
figure svg { width: 62mm; height: 62mm; display: block; }
figcaption { font-family: monospace; font-size: 9.5pt; }
.new-page { break-before: page; }
footer { margin-top: 6mm; border-top: 0.25mm solid #555; padding-top: 1.5mm; font-size: 9pt; color: #333; }
@media screen { body { margin: 8mm auto; } .new-page { border-top: 0.25mm dashed #777; margin-top: 8mm; padding-top: 2mm; } }
@media print { body { font-size: 10pt; margin: 0; padding: 0 0.5mm; max-width: none; } figure svg { width: 56mm; height: 56mm; } li, p, ul, ol { margin-bottom: 1mm; } pre { line-height: 1.35; } * { print-color-adjust: exact; } }
`;

/** UTF-8 text of the page. */
export function renderKitHtml(page: KitPage): string {
  const body = page.blocks.map(blockHtml).join('\n');
  return `<!doctype html>
<html lang="${page.language}" dir="ltr">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>${escaped(page.title)}</title>
<style>${style}</style>
</head>
<body>
<main>
${body}
</main>
<footer>${escaped(page.foot)}</footer>
</body>
</html>
`;
}

function blockHtml(block: KitBlock): string {
  switch (block.tag) {
    case 'title':
      return `<h1>${escaped(block.text)}</h1>`;
    case 'heading':
      return `<h2>${escaped(block.text)}</h2>`;
    case 'text':
      return `<p>${escaped(block.text)}</p>`;
    case 'warning':
      return `<p class="warning">${escaped(block.text)}</p>`;
    case 'facts':
      return `<table>${block.rows
        .map(({ label, value, look }) => {
          const cell = look === 'code' ? `<code>${escaped(value)}</code>` : escaped(value);
          return `<tr><th scope="row">${escaped(label)}</th><td><bdi>${cell}</bdi></td></tr>`;
        })
        .join('')}</table>`;
    case 'words':
      return `<ol class="words">${block.words
        .map(
          (word, index) =>
            `<li><span class="number">${index + 1}.</span><span class="word">${escaped(word)}</span></li>`,
        )
        .join('')}</ol>`;
    case 'qr':
      return `<figure>${qrSvg(block.text)}<figcaption>${escaped(block.caption)}</figcaption></figure>`;
    case 'code':
      return codeHtml(block.id, block.text);
    case 'steps':
      return `<ol>${block.steps
        .map(({ text, command }) => {
          const code = command === undefined ? '' : codeHtml(command, kitCommands[command]);
          return `<li>${escaped(text)}${code}</li>`;
        })
        .join('')}</ol>`;
    case 'list':
      return `<ul>${block.items.map((item) => `<li>${escaped(item)}</li>`).join('')}</ul>`;
    case 'new-page':
      return '<div class="new-page"></div>';
    default:
      return assertNever(block);
  }
}

function codeHtml(id: string, text: string): string {
  return `<pre id="${escaped(id)}">${escaped(text)}</pre>`;
}

function qrSvg(text: string): string {
  const { size, bars } = qrBars(text);
  const path = bars.map(({ x, y, length }) => `M${x} ${y}h${length}v1h-${length}z`).join('');
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges" role="img" aria-label="QR">` +
    `<rect width="${size}" height="${size}" fill="#fff"/><path fill="#000" d="${path}"/></svg>`
  );
}

/** ISO/IEC 18004: the white border that a reader needs, in modules. */
const quietModules = 4;

/** Dark modules that lie side by side in one line of the code. Counted in modules, the quiet zone included. */
interface QrBar {
  readonly x: number;
  readonly y: number;
  readonly length: number;
}

/** Error correction M: a fold or a stain of 15 % is survived. `size`: modules of a side, the quiet zone included. */
export function qrBars(text: string): { readonly size: number; readonly bars: readonly QrBar[] } {
  const lines = encodeQR(text, 'raw', { ecc: 'medium', border: quietModules });
  const bars = lines.flatMap((line, y) => {
    const pattern = line.map((dark) => (dark ? '#' : ' ')).join('');
    return [...pattern.matchAll(/#+/g)].map(({ index, 0: run }) => ({ x: index, y, length: run.length }));
  });
  return { size: lines.length, bars };
}

/** For text and for attribute values in double quotes. */
function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

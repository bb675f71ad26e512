/**
 * A kit as PDF. Its pages are as wide as A4 and as high as Letter, so that they print unscaled on both. Only the
 * standard fonts: characters beyond Windows-1252's Latin ones are shown by their numbers. A reader that lacks Helvetica
 * shows another font, which may be wider, so lines are broken early enough for that.
 */
import PDFDocument from 'pdfkit';
import { assertNever } from '../../../shared/assert-never.ts';
import { kitCommands } from './kit-commands.ts';
import { qrBars } from './kit-html.ts';
import type { KitBlock, KitFactRow, KitPage } from './kit-page.ts';
import { fill } from './kit-strings.ts';

/** Points, 1/72 inch. ISO 216 A4 is 595.28 x 841.89, Letter 612 x 792. */
const pageWidth = 595.28;
const pageHeight = 792;
const margin = 42;
const footRoom = 26;
const width = pageWidth - 2 * margin;
const bottom = pageHeight - margin - footRoom;

const sans = 'Helvetica';
const bold = 'Helvetica-Bold';
const mono = 'Courier';
const monoBold = 'Courier-Bold';
/** Every Courier glyph is 600/1000 of its size wide. */
const monoAdvance = 0.6;
/** DejaVu Sans, the widest usual stand-in for Helvetica, is up to a sixth wider, its bold face up to a fifth. */
const roomForStandIns: Readonly<Record<string, number>> = { [sans]: 0.86, [bold]: 0.82 };
const wordColumns = 4;
const qrSide = 180;

type Document = PDFKit.PDFDocument;

/** The bytes of the file. `createdAtMs`: what the file says about when it was made. */
export function renderKitPdf(page: KitPage, createdAtMs: number): Promise<Buffer> {
  const document = new PDFDocument({
    size: [pageWidth, pageHeight],
    margins: { top: margin, left: margin, right: margin, bottom: 0 },
    bufferPages: true,
    lang: page.language,
    displayTitle: true,
    info: { Title: latin(page.title), Creator: 'Edge Sync', CreationDate: new Date(createdAtMs) },
  });
  const done = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  document.on('data', (chunk: Buffer) => chunks.push(chunk));
  document.on('end', () => done.resolve(Buffer.concat(chunks)));
  document.on('error', done.reject);
  for (const block of page.blocks) draw(document, block);
  drawFeet(document, page);
  document.end();
  return done.promise;
}

function draw(document: Document, block: KitBlock): void {
  switch (block.tag) {
    case 'title':
      paragraph(document, block.text, { font: bold, size: 21, after: 8 });
      return;
    case 'heading':
      // Not alone at the foot of a page.
      room(document, 70);
      document.y += 8;
      paragraph(document, block.text, { font: bold, size: 13, after: 4 });
      return;
    case 'text':
      paragraph(document, block.text, { font: sans, size: 10, after: 6 });
      return;
    case 'warning':
      boxed(document, block.text);
      return;
    case 'facts':
      for (const row of block.rows) drawRow(document, row);
      document.y += 8;
      return;
    case 'words':
      drawWords(document, block.words);
      return;
    case 'qr':
      drawQr(document, block.text, block.caption);
      return;
    case 'code':
      code(document, block.text, 0, block.id === 'recovery-key' ? 11 : 9);
      return;
    case 'steps':
      for (const [index, { text, command }] of block.steps.entries()) {
        item(document, `${index + 1}.`, text, command === undefined ? 0 : 40);
        if (command !== undefined) code(document, kitCommands[command], 18, 9);
      }
      return;
    case 'list':
      for (const text of block.items) item(document, '-', text, 0);
      return;
    case 'new-page':
      document.addPage();
      return;
    default:
      assertNever(block);
  }
}

/** The width at which lines are broken, so that a stand-in for the font still fits into `available`. */
function broken(font: string, available: number): number {
  return available * (roomForStandIns[font] ?? 1);
}

/** Starts a new page when less than `height` is left on this one. */
function room(document: Document, height: number): void {
  if (document.y + height > bottom) document.addPage();
}

function paragraph(
  document: Document,
  text: string,
  look: { readonly font: string; readonly size: number; readonly after: number },
): void {
  const shown = latin(text);
  document.font(look.font).fontSize(look.size).fillColor('black');
  const options = { width: broken(look.font, width), lineGap: 1.5 };
  room(document, document.heightOfString(shown, options));
  document.text(shown, margin, document.y, options);
  document.y += look.after;
}

function boxed(document: Document, text: string): void {
  const shown = latin(text);
  const padding = 9;
  const options = { width: broken(bold, width - 2 * padding), lineGap: 1.5 };
  document.font(bold).fontSize(10.5);
  const height = document.heightOfString(shown, options) + 2 * padding;
  room(document, height);
  const top = document.y;
  document.lineWidth(2).rect(margin, top, width, height).stroke('black');
  document.fillColor('black').text(shown, margin + padding, top + padding + 1, options);
  document.y = top + height + 8;
}

function item(document: Document, mark: string, text: string, keepWith: number): void {
  const indent = 18;
  const shown = latin(text);
  const options = { width: broken(sans, width - indent), lineGap: 1.5 };
  document.font(sans).fontSize(10).fillColor('black');
  room(document, document.heightOfString(shown, options) + keepWith);
  const top = document.y;
  document.text(mark, margin, top, { width: indent, lineBreak: false });
  document.text(shown, margin + indent, top, options);
  document.y += 4;
}

/** As large as `size` where the longest line allows it: a command that is broken in two could be typed wrong. */
function code(document: Document, text: string, indent: number, size: number): void {
  const lines = latin(text.replace(/\n$/, '')).split('\n');
  const padding = 6;
  const wide = width - indent;
  const longest = Math.max(...lines.map((line) => line.length));
  const fitting = Math.min(size, (wide - 2 * padding) / (longest * monoAdvance));
  const lineHeight = fitting * 1.45;
  const height = lines.length * lineHeight + 2 * padding - 2;
  room(document, height);
  const top = document.y;
  document
    .lineWidth(0.7)
    .rect(margin + indent, top, wide, height)
    .fillAndStroke('#f4f4f4', '#555555');
  document.font(mono).fontSize(fitting).fillColor('black');
  for (const [index, line] of lines.entries()) {
    document.text(line, margin + indent + padding, top + padding + index * lineHeight, { lineBreak: false });
  }
  document.x = margin;
  document.y = top + height + 8;
}

function drawRow(document: Document, { label, value, look }: KitFactRow): void {
  const labelWidth = 120;
  const padding = 4;
  const valueFont = look === 'code' ? mono : sans;
  const labelOptions = { width: broken(bold, labelWidth - 2 * padding) };
  const valueOptions = { width: broken(valueFont, width - labelWidth - 2 * padding) };
  const [shownLabel, shownValue] = [latin(label), latin(value)];
  document.font(bold).fontSize(9.5);
  const labelHeight = document.heightOfString(shownLabel, labelOptions);
  document.font(valueFont).fontSize(9.5);
  const valueHeight = document.heightOfString(shownValue, valueOptions);
  const height = Math.max(labelHeight, valueHeight) + 2 * padding;
  room(document, height);
  const top = document.y;
  document.lineWidth(0.7).strokeColor('#555555');
  document.rect(margin, top, labelWidth, height).stroke();
  document.rect(margin + labelWidth, top, width - labelWidth, height).stroke();
  document.fillColor('black');
  document
    .font(bold)
    .fontSize(9.5)
    .text(shownLabel, margin + padding, top + padding + 1, labelOptions);
  document
    .font(valueFont)
    .fontSize(9.5)
    .text(shownValue, margin + labelWidth + padding, top + padding + 1, valueOptions);
  document.x = margin;
  document.y = top + height;
}

function drawWords(document: Document, words: readonly string[]): void {
  const cellWidth = width / wordColumns;
  const cellHeight = 36;
  const rows = Math.ceil(words.length / wordColumns);
  room(document, rows * cellHeight);
  const top = document.y;
  for (const [index, word] of words.entries()) {
    const x = margin + (index % wordColumns) * cellWidth;
    const y = top + Math.floor(index / wordColumns) * cellHeight;
    document.lineWidth(0.7).rect(x, y, cellWidth, cellHeight).stroke('#555555');
    document.fillColor('#333333').font(sans).fontSize(9);
    document.text(`${index + 1}.`, x + 4, y + 14, { width: 18, align: 'right', lineBreak: false });
    document.fillColor('black').font(monoBold).fontSize(15);
    document.text(word, x + 28, y + 11, { lineBreak: false });
  }
  document.x = margin;
  document.y = top + rows * cellHeight + 8;
}

function drawQr(document: Document, text: string, caption: string): void {
  const { size, bars } = qrBars(text);
  const side = qrSide / size;
  room(document, qrSide + 20);
  const top = document.y;
  for (const { x, y, length } of bars) {
    document.rect(margin + x * side, top + y * side, length * side, side);
  }
  document.fill('black');
  document
    .font(mono)
    .fontSize(9)
    .text(latin(caption), margin, top + qrSide, { lineBreak: false });
  document.x = margin;
  document.y = top + qrSide + 18;
}

function drawFeet(document: Document, page: KitPage): void {
  const { start, count } = document.bufferedPageRange();
  for (let index = 0; index < count; index += 1) {
    document.switchToPage(start + index);
    const y = pageHeight - margin - 6;
    const number = fill(page.pageNumber, { page: index + 1, pages: count });
    document
      .lineWidth(0.5)
      .moveTo(margin, y - 5)
      .lineTo(margin + width, y - 5)
      .stroke('#555555');
    document.font(sans).fontSize(7.5).fillColor('#333333');
    document.text(latin(page.foot), margin, y, {
      width: broken(sans, width - 70),
      height: 10,
      ellipsis: true,
    });
    document.text(latin(number), margin + width - 70, y, { width: 70, align: 'right', lineBreak: false });
  }
}

/** What the standard fonts can show (Windows-1252 without its odd middle); other characters by their numbers. */
function latin(text: string): string {
  return text.replaceAll(
    /[^\n\x20-\x7e\xa0-\xff]/gu,
    (character) => `[U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
  );
}

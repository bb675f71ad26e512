/**
 * Draws every icon file from the SVG sources in assets/icons: run it after changing one, and commit what it writes.
 * Needs Debian's chromium as the rasteriser; builds and tests use the written files only.
 *
 *   node scripts/make-icons.ts
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { findProgram } from './required-tools.ts';

const assets = join(import.meta.dirname, '..', 'assets');
const traySizesIco = [16, 20, 24, 32, 40, 48, 64];
const appSizesIco = [16, 24, 32, 48, 64, 128, 256];
const appSizesPng = [16, 24, 32, 48, 64, 128, 256, 512];

export const trayShapes = ['all-safe', 'working', 'attention', 'not-receiving'] as const;
type Shape = (typeof trayShapes)[number];

/** Colours keep 3:1 or more against the usual panels (white to #e0e0e0; black to #3a3a3a); shape tells without them. */
const colours: Readonly<Record<'light' | 'dark', Readonly<Record<Shape | 'mark', string>>>> = {
  light: {
    'all-safe': '#1a7f37',
    working: '#0b5fce',
    attention: '#a85b00',
    'not-receiving': '#c0202c',
    mark: '#fff',
  },
  dark: {
    'all-safe': '#56d079',
    working: '#74b6ff',
    attention: '#ffbe4a',
    'not-receiving': '#ff8078',
    mark: '#0d1218',
  },
};

interface Raster {
  readonly sizePx: number;
  readonly png: Buffer;
  /** RGBA, rows from the top. */
  readonly pixels: Buffer;
}

if (import.meta.main) {
  const executablePath = findProgram('chromium');
  if (executablePath === undefined) throw new Error('apt-get install chromium, then run this again');
  const browser = await chromium.launch({ executablePath });
  try {
    await makeAll(await browser.newPage());
  } finally {
    await browser.close();
  }
}

async function makeAll(page: Page): Promise<void> {
  mkdirSync(join(assets, 'tray'), { recursive: true });
  mkdirSync(join(assets, 'app'), { recursive: true });
  for (const shape of trayShapes) {
    const source = readFileSync(join(assets, 'icons', `${shape}.svg`), 'utf8');
    for (const background of ['light', 'dark'] as const) {
      const { [shape]: colour, mark } = colours[background];
      const svg = source.replace('id="shape"', `color="${colour}"`).replace('id="mark"', `color="${mark}"`);
      const name = join(assets, 'tray', `${shape}-on-${background}`);
      // 22 px is the panel icon of the Linux desktops.
      await writePng(page, svg, `${name}.png`, 22);
      await writePng(page, svg, `${name}@2x.png`, 44);
      writeFileSync(`${name}.ico`, ico(await rasterAll(page, svg, traySizesIco)));
    }
    const template = join(assets, 'tray', `${shape}Template`);
    await writePng(page, asTemplate(source), `${template}.png`, 16);
    await writePng(page, asTemplate(source), `${template}@2x.png`, 32);
  }
  const app = readFileSync(join(assets, 'icons', 'app.svg'), 'utf8');
  for (const size of appSizesPng) await writePng(page, app, join(assets, 'app', `${size}x${size}.png`), size);
  await writePng(page, app, join(assets, 'icon.png'), 1024);
  writeFileSync(join(assets, 'icon.ico'), ico(await rasterAll(page, app, appSizesIco)));
}

/** macOS tints a black shape by its alpha, so the mark is cut out of it. */
function asTemplate(source: string): string {
  const group = (id: string): string => new RegExp(`<g id="${id}">([^]*?)</g>`).exec(source)?.[1] ?? '';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
    <mask id="cut"><rect width="32" height="32" fill="#fff"/><g color="#000">${group('mark')}</g></mask>
    <g mask="url(#cut)" color="#000">${group('shape')}</g></svg>`;
}

async function writePng(page: Page, svg: string, file: string, sizePx: number): Promise<void> {
  writeFileSync(file, (await raster(page, svg, sizePx)).png);
}

async function rasterAll(page: Page, svg: string, sizes: readonly number[]): Promise<readonly Raster[]> {
  const all: Raster[] = [];
  for (const size of sizes) all.push(await raster(page, svg, size));
  return all;
}

async function raster(page: Page, svg: string, sizePx: number): Promise<Raster> {
  const drawn = await page.evaluate(
    async ({ text, size }) => {
      const image = new Image(size, size);
      image.src = `data:image/svg+xml,${encodeURIComponent(text)}`;
      await image.decode();
      const canvas = document.createElement('canvas');
      canvas.width = size;
      canvas.height = size;
      const context = canvas.getContext('2d');
      if (context === null) throw new Error('no canvas');
      context.drawImage(image, 0, 0, size, size);
      const { data } = context.getImageData(0, 0, size, size);
      let pixels = '';
      for (const byte of data) pixels += String.fromCharCode(byte);
      return { png: canvas.toDataURL('image/png'), pixels: btoa(pixels) };
    },
    { text: svg.replace('<svg ', `<svg width="${sizePx}" height="${sizePx}" `), size: sizePx },
  );
  const png = Buffer.from(drawn.png.slice(drawn.png.indexOf(',') + 1), 'base64');
  return { sizePx, png, pixels: Buffer.from(drawn.pixels, 'base64') };
}

/** An ICO file: PNG for 256 px, the older bitmap form for the rest, which every installer tool reads. */
function ico(images: readonly Raster[]): Buffer {
  const header = Buffer.alloc(6 + images.length * 16);
  header.writeUInt16LE(1, 2);
  header.writeUInt16LE(images.length, 4);
  const bodies = images.map((image) => (image.sizePx >= 256 ? image.png : bitmap(image)));
  let offset = header.length;
  for (const [index, body] of bodies.entries()) {
    const size = images[index]!.sizePx;
    const at = 6 + index * 16;
    header.writeUInt8(size % 256, at);
    header.writeUInt8(size % 256, at + 1);
    header.writeUInt16LE(1, at + 4);
    header.writeUInt16LE(32, at + 6);
    header.writeUInt32LE(body.length, at + 8);
    header.writeUInt32LE(offset, at + 12);
    offset += body.length;
  }
  return Buffer.concat([header, ...bodies]);
}

/** BITMAPINFOHEADER, 32-bit BGRA rows from the bottom, then the 1-bit mask (all opaque: alpha decides). */
function bitmap({ sizePx, pixels }: Raster): Buffer {
  const header = Buffer.alloc(40);
  header.writeUInt32LE(40, 0);
  header.writeInt32LE(sizePx, 4);
  header.writeInt32LE(sizePx * 2, 8);
  header.writeUInt16LE(1, 12);
  header.writeUInt16LE(32, 14);
  const rows = Buffer.alloc(sizePx * sizePx * 4);
  for (let y = 0; y < sizePx; y += 1) {
    for (let x = 0; x < sizePx; x += 1) {
      const from = (y * sizePx + x) * 4;
      const to = ((sizePx - 1 - y) * sizePx + x) * 4;
      rows[to] = pixels[from + 2]!;
      rows[to + 1] = pixels[from + 1]!;
      rows[to + 2] = pixels[from]!;
      rows[to + 3] = pixels[from + 3]!;
    }
  }
  return Buffer.concat([header, rows, Buffer.alloc(Math.ceil(sizePx / 32) * 4 * sizePx)]);
}

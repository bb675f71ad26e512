/** Writes a dataset in Explicit VR Little Endian (PS3.5 7.1.2, A.2). Enough for what the phantoms hold. */

export type TextVr =
  'AE' | 'AS' | 'CS' | 'DA' | 'DS' | 'DT' | 'IS' | 'LO' | 'LT' | 'PN' | 'SH' | 'ST' | 'TM' | 'UI';

/** One data element. `tag` is 0xGGGGEEEE. Several values of a text are one string with backslashes. */
export type Element =
  | { readonly kind: 'text'; readonly tag: number; readonly vr: TextVr; readonly value: string }
  | {
      readonly kind: 'short';
      readonly tag: number;
      readonly vr: 'US' | 'SS';
      readonly values: readonly number[];
    }
  | {
      readonly kind: 'long';
      readonly tag: number;
      readonly vr: 'UL' | 'SL';
      readonly values: readonly number[];
    }
  | { readonly kind: 'double'; readonly tag: number; readonly vr: 'FD'; readonly values: readonly number[] }
  | { readonly kind: 'attribute'; readonly tag: number; readonly values: readonly number[] }
  | { readonly kind: 'bytes'; readonly tag: number; readonly vr: 'OB' | 'OW'; readonly value: Buffer }
  | { readonly kind: 'frames'; readonly tag: number; readonly frames: readonly Buffer[] }
  | { readonly kind: 'sequence'; readonly tag: number; readonly items: readonly (readonly Element[])[] };

/** A text element; an empty string is an element of length 0 (type 2). */
export function text(tag: number, vr: TextVr, value: string): Element {
  return { kind: 'text', tag, vr, value };
}

/** Unsigned 16-bit values. */
export function us(tag: number, ...values: readonly number[]): Element {
  return { kind: 'short', tag, vr: 'US', values };
}

/** Signed 16-bit values. */
export function ss(tag: number, ...values: readonly number[]): Element {
  return { kind: 'short', tag, vr: 'SS', values };
}

/** Signed 32-bit values. */
export function sl(tag: number, ...values: readonly number[]): Element {
  return { kind: 'long', tag, vr: 'SL', values };
}

/** Unsigned 32-bit values. */
export function ul(tag: number, ...values: readonly number[]): Element {
  return { kind: 'long', tag, vr: 'UL', values };
}

/** 64-bit floating point values. */
export function fd(tag: number, ...values: readonly number[]): Element {
  return { kind: 'double', tag, vr: 'FD', values };
}

/** Attribute tags as values (VR AT). */
export function at(tag: number, ...values: readonly number[]): Element {
  return { kind: 'attribute', tag, values };
}

/** A sequence; no item is a sequence of length 0. */
export function sq(tag: number, ...items: readonly (readonly Element[])[]): Element {
  return { kind: 'sequence', tag, items };
}

/** Native pixel data or other bytes; padded to even length. */
export function bytes(tag: number, vr: 'OB' | 'OW', value: Buffer): Element {
  return { kind: 'bytes', tag, vr, value };
}

/** Encapsulated pixel data, one fragment per frame, with a basic offset table (PS3.5 A.4). */
export function frames(tag: number, all: readonly Buffer[]): Element {
  return { kind: 'frames', tag, frames: all };
}

/** A coded concept (PS3.3 8.8) as one sequence item. */
export function code(value: string, scheme: string, meaning: string): readonly Element[] {
  return [text(0x00080100, 'SH', value), text(0x00080102, 'SH', scheme), text(0x00080104, 'LO', meaning)];
}

/**
 * The bytes of a dataset, elements sorted by tag as PS3.5 7.1 asks.
 * @throws RangeError when a tag occurs twice or a value does not fit its length field.
 */
export function writeDataset(elements: readonly Element[]): Buffer {
  const parts: Buffer[] = [];
  appendElements(elements, parts);
  return Buffer.concat(parts);
}

function appendElements(elements: readonly Element[], parts: Buffer[]): void {
  const sorted = [...elements].sort((a, b) => a.tag - b.tag);
  let previous = -1;
  for (const element of sorted) {
    if (element.tag === previous) throw new RangeError(`element ${element.tag.toString(16)} twice`);
    previous = element.tag;
    appendElement(element, parts);
  }
}

function appendElement(element: Element, parts: Buffer[]): void {
  switch (element.kind) {
    case 'text': {
      const padding = element.vr === 'UI' ? '\0' : ' ';
      const value = Buffer.from(element.value, 'utf8');
      parts.push(...shortForm(element.tag, element.vr, padded(value, padding)));
      return;
    }
    case 'short': {
      const value = Buffer.alloc(element.values.length * 2);
      element.values.forEach((one, index) => value.writeUInt16LE(one & 0xffff, index * 2));
      parts.push(...shortForm(element.tag, element.vr, value));
      return;
    }
    case 'long': {
      const value = Buffer.alloc(element.values.length * 4);
      element.values.forEach((one, index) => value.writeUInt32LE(one >>> 0, index * 4));
      parts.push(...shortForm(element.tag, element.vr, value));
      return;
    }
    case 'double': {
      const value = Buffer.alloc(element.values.length * 8);
      element.values.forEach((one, index) => value.writeDoubleLE(one, index * 8));
      parts.push(...shortForm(element.tag, element.vr, value));
      return;
    }
    case 'attribute':
      parts.push(...shortForm(element.tag, 'AT', Buffer.concat(element.values.map(tagBytes))));
      return;
    case 'bytes': {
      const value = padded(element.value, '\0');
      parts.push(longHeader(element.tag, element.vr, value.length), value);
      return;
    }
    case 'frames':
      appendFrames(element.tag, element.frames, parts);
      return;
    case 'sequence': {
      const content: Buffer[] = [];
      for (const item of element.items) {
        const body = writeDataset(item);
        content.push(itemHeader(itemTag, body.length), body);
      }
      const size = content.reduce((sum, part) => sum + part.length, 0);
      parts.push(longHeader(element.tag, 'SQ', size), ...content);
      return;
    }
  }
}

const itemTag = 0xfffee000;
const sequenceDelimiterTag = 0xfffee0dd;
const undefinedLength = 0xffffffff;

function appendFrames(tag: number, all: readonly Buffer[], parts: Buffer[]): void {
  const fragments = all.map((frame) => padded(frame, '\0'));
  const offsets = Buffer.alloc(fragments.length * 4);
  let offset = 0;
  fragments.forEach((fragment, index) => {
    offsets.writeUInt32LE(offset, index * 4);
    offset += 8 + fragment.length;
  });
  parts.push(longHeader(tag, 'OB', undefinedLength), itemHeader(itemTag, offsets.length), offsets);
  for (const fragment of fragments) parts.push(itemHeader(itemTag, fragment.length), fragment);
  parts.push(itemHeader(sequenceDelimiterTag, 0));
}

function padded(value: Buffer, padding: string): Buffer {
  return value.length % 2 === 0 ? value : Buffer.concat([value, Buffer.from(padding, 'latin1')]);
}

function tagBytes(tag: number): Buffer {
  const bytesOfTag = Buffer.alloc(4);
  bytesOfTag.writeUInt16LE(tag >>> 16, 0);
  bytesOfTag.writeUInt16LE(tag & 0xffff, 2);
  return bytesOfTag;
}

function shortForm(tag: number, vr: string, value: Buffer): readonly Buffer[] {
  const length = Buffer.alloc(2);
  length.writeUInt16LE(value.length);
  return [tagBytes(tag), Buffer.from(vr, 'latin1'), length, value];
}

function longHeader(tag: number, vr: string, sizeBytes: number): Buffer {
  const length = Buffer.alloc(6);
  length.writeUInt32LE(sizeBytes, 2);
  return Buffer.concat([tagBytes(tag), Buffer.from(vr, 'latin1'), length]);
}

function itemHeader(tag: number, sizeBytes: number): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(sizeBytes);
  return Buffer.concat([tagBytes(tag), length]);
}

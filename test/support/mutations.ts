/**
 * Conversations with a Storage SCP, right in most and wrong in something: PDUs, items, PDVs, command elements or bytes.
 * Seeded: the same seed and number give the same bytes.
 */
import { encodeAbort, encodeReleaseRequest } from '../../src/main/engine/dicom/pdu.ts';
import { associateRq, echoCommand, pdv, storeCommand } from './dicom-bytes.ts';
import { makeDicomFile } from './dicom-files.ts';

/** 32-bit xorshift (Marsaglia): fast, and no better than a fuzzer needs. */
export class Dice {
  #state: number;

  constructor(seed: number, number: number) {
    // Neighbouring numbers have to begin far apart.
    this.#state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(number + 1, 0xc2b2ae35)) | 1;
    for (let turn = 0; turn < 4; turn += 1) this.next();
  }

  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }

  below(end: number): number {
    return end <= 0 ? 0 : this.next() % end;
  }

  of<T>(all: readonly T[]): T {
    return all[this.below(all.length)]!;
  }
}

const image = makeDicomFile({ pixelBytes: 64 });
const store = storeCommand({ sopInstanceUid: image.sopInstanceUid });
const request = associateRq({
  user: {
    roles: [{ sopClass: '1.2.840.10008.1.1', scu: 'supported', scp: 'not-supported' }],
    identity: 'none',
  },
});

const templates: readonly (readonly Buffer[])[] = [
  [request, pdv(1, 'command', store), pdv(1, 'dataset', image.dataset), encodeReleaseRequest()],
  [
    request,
    pdv(1, 'command', store.subarray(0, 30), 'more'),
    pdv(1, 'command', store.subarray(30)),
    pdv(1, 'dataset', image.dataset.subarray(0, 200), 'more'),
    pdv(1, 'dataset', image.dataset.subarray(200), 'last'),
    encodeReleaseRequest(),
  ],
  [request, pdv(5, 'command', echoCommand), pdv(5, 'command', echoCommand), encodeReleaseRequest()],
  [
    request,
    pdv(7, 'command', store),
    pdv(7, 'dataset', image.dataset),
    encodeAbort({ source: 'service-user', reason: 'not-specified' }),
  ],
];

/** Values at which length and count checks go wrong. */
const edges = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 0x7f, 0x80, 0xff, 0x100, 0x3fff, 0x4000, 0x7fff, 0x8000, 0xfffe, 0xffff, 0x10000,
  0x20000, 0x20001, 0x40000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
];

type Mutate = (pdus: Buffer[], dice: Dice) => void;

/** A copy of one PDU, to be changed in place. */
function pick(pdus: Buffer[], dice: Dice, fits: (bytes: Buffer) => boolean = () => true): Buffer | undefined {
  const at = pdus.flatMap((bytes, index) => (fits(bytes) ? [index] : []));
  if (at.length === 0) return undefined;
  const index = dice.of(at);
  const copy = Buffer.from(pdus[index]!);
  pdus[index] = copy;
  return copy;
}

/** Places of the items of an association request: offset of each header. */
function itemsOf(bytes: Buffer): number[] {
  const found: number[] = [];
  const walk = (from: number, to: number): void => {
    for (let at = from; at + 4 <= to;) {
      found.push(at);
      const type = bytes.readUInt8(at);
      const end = Math.min(to, at + 4 + bytes.readUInt16BE(at + 2));
      if (type === 0x20) walk(at + 8, end);
      else if (type === 0x50) walk(at + 4, end);
      at = end;
    }
  };
  walk(74, bytes.length);
  return found;
}

const isRequest = (bytes: Buffer): boolean => bytes[0] === 1 && bytes.length > 80;
const isData = (bytes: Buffer): boolean => bytes[0] === 4 && bytes.length >= 12;
const isCommand = (bytes: Buffer): boolean =>
  isData(bytes) && (bytes.readUInt8(11) & 1) === 1 && bytes.length >= 20;

function cut(pdus: Buffer[], index: number, from: number, to: number, put = Buffer.alloc(0)): void {
  const bytes = pdus[index]!;
  pdus[index] = Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(to)]);
}

const mutations: readonly Mutate[] = [
  // PDUs
  (pdus, dice) => void pick(pdus, dice)?.writeUInt8(dice.below(10), 0),
  (pdus, dice) => void pick(pdus, dice)?.writeUInt32BE(dice.of(edges), 2),
  (pdus, dice) => void pdus.splice(dice.below(pdus.length), 1),
  (pdus, dice) => void pdus.splice(dice.below(pdus.length + 1), 0, dice.of(pdus)),
  (pdus, dice) => void pdus.splice(dice.below(pdus.length + 1), 0, dice.of(templates)[dice.below(3)]!),
  (pdus, dice) => {
    const [one, other] = [dice.below(pdus.length), dice.below(pdus.length)];
    [pdus[one], pdus[other]] = [pdus[other]!, pdus[one]!];
  },
  (pdus, dice) => {
    const index = dice.below(pdus.length);
    const { length } = pdus[index]!;
    cut(pdus, index, dice.below(length), length);
  },
  // items
  (pdus, dice) => {
    const bytes = pick(pdus, dice, isRequest);
    if (bytes !== undefined) bytes.writeUInt16BE(dice.of(edges) & 0xffff, dice.of(itemsOf(bytes)) + 2);
  },
  (pdus, dice) => {
    const bytes = pick(pdus, dice, isRequest);
    if (bytes !== undefined)
      bytes.writeUInt8(
        dice.of([
          0x10, 0x20, 0x21, 0x30, 0x40, 0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0xff,
        ]),
        dice.of(itemsOf(bytes)),
      );
  },
  (pdus, dice) => {
    // An item left out or doubled, lengths around it set right or left wrong.
    const index = pdus.findIndex(isRequest);
    if (index < 0) return;
    const bytes = pdus[index]!;
    const at = dice.of(itemsOf(bytes));
    const end = Math.min(bytes.length, at + 4 + bytes.readUInt16BE(at + 2));
    if (dice.below(2) === 0) cut(pdus, index, at, end);
    else cut(pdus, index, at, at, Buffer.from(bytes.subarray(at, end)));
    if (dice.below(2) === 0) pdus[index]!.writeUInt32BE(pdus[index]!.length - 6, 2);
  },
  // PDVs
  (pdus, dice) => void pick(pdus, dice, isData)?.writeUInt32BE(dice.of(edges), 6),
  (pdus, dice) => void pick(pdus, dice, isData)?.writeUInt8(dice.of([0, 1, 2, 3, 5, 7, 9, 255]), 10),
  (pdus, dice) => void pick(pdus, dice, isData)?.writeUInt8(dice.below(8), 11),
  (pdus, dice) => {
    // One fragment as several, empty ones among them, in one PDU or in many.
    const index = pdus.findIndex((bytes) => isData(bytes) && dice.below(2) === 0);
    if (index < 0) return;
    const bytes = pdus[index]!;
    const kind = (bytes.readUInt8(11) & 1) === 1 ? 'command' : 'dataset';
    const data = bytes.subarray(12);
    const middle = dice.below(data.length);
    const parts = [
      pdv(bytes.readUInt8(10), kind, data.subarray(0, middle), 'more'),
      pdv(bytes.readUInt8(10), kind, Buffer.alloc(0), 'more'),
      pdv(bytes.readUInt8(10), kind, data.subarray(middle), dice.of(['more', 'last'])),
    ];
    if (dice.below(2) === 0) pdus.splice(index, 1, ...parts);
    else {
      const body = Buffer.concat(parts.map((part) => part.subarray(6)));
      const whole = Buffer.concat([Buffer.from([4, 0, 0, 0, 0, 0]), body]);
      whole.writeUInt32BE(body.length, 2);
      pdus.splice(index, 1, whole);
    }
  },
  // command elements
  (pdus, dice) => {
    const bytes = pick(pdus, dice, isCommand);
    if (bytes === undefined) return;
    const starts: number[] = [];
    for (let at = 12; at + 8 <= bytes.length && starts.length < 20;) {
      starts.push(at);
      at += 8 + bytes.readUInt32LE(at + 4);
    }
    const at = dice.of(starts);
    switch (dice.below(4)) {
      case 0:
        bytes.writeUInt32LE(dice.of(edges), at + 4);
        break;
      case 1:
        bytes.writeUInt16LE(
          dice.of([0, 2, 3, 0x100, 0x110, 0x120, 0x700, 0x800, 0x900, 0x902, 0x1000, 0x1002, 0x1008, 0xffff]),
          at + 2,
        );
        break;
      case 2:
        bytes.writeUInt16LE(dice.of([0, 0, 2, 8]), at);
        break;
      default:
        if (at + 10 <= bytes.length)
          bytes.writeUInt16LE(
            dice.of([
              0, 1, 0x20, 0x21, 0x30, 0x100, 0x101, 0x102, 0x130, 0x140, 0x150, 0xfff, 0x8001, 0x8030, 0xffff,
            ]),
            at + 8,
          );
    }
  },
  // bytes
  (pdus, dice) => {
    const bytes = pick(pdus, dice, ({ length }) => length > 0);
    if (bytes !== undefined) bytes.writeUInt8(dice.below(256), dice.below(bytes.length));
  },
  (pdus, dice) => {
    const index = dice.below(pdus.length);
    const at = dice.below(pdus[index]!.length);
    cut(
      pdus,
      index,
      at,
      at + dice.below(4),
      Buffer.from(Array.from({ length: dice.below(4) }, () => dice.below(256))),
    );
  },
];

/** The bytes of conversation `number` of this seed. */
export function mutatedConversation(seed: number, number: number): Buffer {
  const dice = new Dice(seed, number);
  const pdus = [...dice.of(templates)];
  for (let left = 1 + dice.below(4); left > 0 && pdus.length > 0; left -= 1) {
    try {
      dice.of(mutations)(pdus, dice);
    } catch (error) {
      // An earlier change took away what this one looks for: it changes nothing then.
      if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    }
  }
  return Buffer.concat(pdus);
}

/** A dataset with some of its bytes changed, put in or left out. */
export function mutatedDataset(dice: Dice): Buffer {
  const parts: Buffer[] = [Buffer.from(image.dataset)];
  for (let left = 1 + dice.below(6); left > 0; left -= 1) {
    const { length } = parts[0]!;
    const at = dice.below(length);
    if (dice.below(3) > 0 && length >= at + 4) parts[0]!.writeUInt32LE(dice.of(edges), at);
    else
      cut(
        parts,
        0,
        at,
        at + dice.below(9),
        Buffer.from(
          Array.from({ length: dice.below(9) }, () =>
            dice.of([0, 0xff, 0xfe, 0xe0, 0x53, 0x51, dice.below(256)]),
          ),
        ),
      );
  }
  return parts[0]!;
}

/** Attack: what goes over an accepted association. The node runs in a process of its own, with the real intake. */
import { deflateRawSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { encodeCommand } from '../../src/main/engine/dicom/dimse.ts';
import { encodeReleaseRequest } from '../../src/main/engine/dicom/pdu.ts';
import { AttackedNode, underAttack } from '../support/attacked-node.ts';
import {
  abortIn,
  deflated,
  echoCommand,
  implicitLe,
  pdv,
  statusIn,
  storeCommand,
  storeMessage,
} from '../support/dicom-bytes.ts';
import { encodeDataset, header, itemHeader, makeDicomFile, testUid } from '../support/dicom-files.ts';
import type { BytePeer } from '../support/dicom-peers.ts';

const miB = 1_048_576;
/** All places but two: one is the honest sender's. */
const crowd = 23;

let node: AttackedNode;

beforeAll(async () => {
  node = await AttackedNode.start();
});

afterEach(() => node.hangUp());

afterAll(() => node.finish());

function peers(count = crowd): Promise<BytePeer[]> {
  return Promise.all(Array.from({ length: count }, () => node.associated()));
}

function repeat(count: number, bytes: Buffer): Buffer {
  return Buffer.concat(Array<Buffer>(count).fill(bytes));
}

/** Sends as fast as the node takes it, until it has enough or hangs up. Returns the bytes that went out. */
async function flood(peer: BytePeer, bytes: Buffer, most: number): Promise<number> {
  let sent = 0;
  while (sent < most && !peer.isClosed) {
    sent += bytes.length;
    if (peer.socket.write(bytes)) continue;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        peer.socket.off('drain', go).off('close', go);
        resolve();
      };
      peer.socket.on('drain', go).on('close', go);
    });
  }
  return sent;
}

const begun = pdv(1, 'command', storeCommand());

describe('endless fragments', () => {
  const empty = (kind: 'command' | 'dataset'): Buffer => pdv(1, kind, Buffer.alloc(0), 'more');
  const single = (kind: 'command' | 'dataset'): Buffer => pdv(1, kind, Buffer.alloc(1), 'more');

  it.each([
    ['a command that never ends, in pieces of 1 byte', Buffer.alloc(0), single('command')],
    [
      'a command that never ends, in pieces of 1 KB',
      Buffer.alloc(0),
      pdv(1, 'command', Buffer.alloc(1_024), 'more'),
    ],
    ['a command of nothing but empty fragments', Buffer.alloc(0), empty('command')],
    ['a dataset of nothing but empty fragments', begun, empty('dataset')],
    ['a dataset in pieces of 1 byte', begun, single('dataset')],
  ])('%s: hung up on before much of it was read', async (_what, first, again) => {
    const most = 20 * miB;
    const piece = repeat(1_000, again);
    await underAttack(node, async (stores) => {
      const attackers = await peers();
      const floods = attackers.map(async (peer) => {
        peer.send(first);
        return flood(peer, piece, most);
      });
      await stores();
      // Hung up on: what goes out after that may be lost, our A-ABORT on the way back too.
      for (const sent of await Promise.all(floods)) expect(sent).toBeLessThan(most);
      await stores();
      for (const peer of attackers) peer.vanish();
    });
  });

  it('16,000 fragments of 1 byte that are still no whole command cost little more than their bytes', async () => {
    await underAttack(node, async (stores) => {
      const attackers = await peers();
      for (const peer of attackers) peer.send(repeat(16_000, single('command')));
      await stores();
      for (const peer of attackers) peer.send(pdv(1, 'command', Buffer.alloc(1_000), 'more'));
      for (const peer of attackers) expect(abortIn(await peer.pdu(1))?.[0]).toBe(2);
      for (const peer of attackers) peer.vanish();
    });
  });

  it('a dataset without end is one sender among others, and leaves nothing when it is cut', async () => {
    await underAttack(node, async (stores) => {
      const [peer] = await peers(1);
      peer!.send(begun);
      const flooding = flood(peer!, pdv(1, 'dataset', Buffer.alloc(131_066), 'more'), 300 * miB);
      await stores();
      await flooding;
      await stores();
      peer!.vanish();
    });
  });
});

describe('fragments that do not belong together', () => {
  const image = makeDicomFile({ seed: 'mixed' });
  const store = pdv(1, 'command', storeCommand({ sopInstanceUid: image.sopInstanceUid }));
  const half = pdv(1, 'dataset', image.dataset.subarray(0, 300), 'more');

  it.each([
    ['data on a context that was refused', pdv(3, 'command', storeCommand()), 6],
    ['data on a context that was never proposed', pdv(9, 'command', storeCommand()), 6],
    ['data on context 0', pdv(0, 'command', storeCommand()), 6],
    ['a dataset before its command', pdv(1, 'dataset', image.dataset), 5],
    ['an empty dataset before its command', pdv(1, 'dataset', Buffer.alloc(0)), 5],
    ['a command after half a dataset', Buffer.concat([store, half, store]), 5],
    [
      'an empty command after half a dataset',
      Buffer.concat([store, half, pdv(1, 'command', Buffer.alloc(0))]),
      5,
    ],
    [
      'a dataset on the context of another message',
      Buffer.concat([store, pdv(7, 'dataset', image.dataset)]),
      5,
    ],
    [
      'a command in pieces on two contexts',
      Buffer.concat([
        pdv(1, 'command', storeCommand().subarray(0, 20), 'more'),
        pdv(5, 'command', storeCommand().subarray(20)),
      ]),
      5,
    ],
    [
      'a dataset after an echo, which has none',
      Buffer.concat([pdv(5, 'command', echoCommand), pdv(5, 'dataset', image.dataset)]),
      5,
    ],
    [
      'a dataset after a store that announced none',
      Buffer.concat([pdv(1, 'command', storeCommand({ dataset: 'none' })), pdv(1, 'dataset', image.dataset)]),
      5,
    ],
    [
      'a second dataset',
      Buffer.concat([store, pdv(1, 'dataset', Buffer.alloc(0)), pdv(1, 'dataset', image.dataset)]),
      5,
    ],
    ['an empty command', pdv(1, 'command', Buffer.alloc(0)), 6],
    [
      'an answer to a store nobody sent',
      pdv(
        1,
        'command',
        encodeCommand({
          tag: 'c-store-rsp',
          messageId: 1,
          sopClassUid: '1.2',
          sopInstanceUid: '1.2',
          status: 0,
        }),
      ),
      5,
    ],
    [
      'an answer to an echo nobody sent',
      pdv(5, 'command', encodeCommand({ tag: 'c-echo-rsp', messageId: 1, sopClassUid: '1.2', status: 0 })),
      5,
    ],
    [
      'an answer to an unknown operation',
      pdv(
        5,
        'command',
        encodeCommand({
          tag: 'other-rsp',
          commandField: 0x8fff,
          messageId: 1,
          sopClassUid: '',
          status: 0,
          dataset: 'none',
        }),
      ),
      5,
    ],
  ])('%s: aborted with its reason, and nothing stored', async (_what, bytes, reason) => {
    await underAttack(node, async (stores) => {
      const attackers = await peers();
      for (const peer of attackers) peer.send(bytes);
      await stores();
      await Promise.all(
        attackers
          .map((peer) => peer.closed())
          .concat(
            attackers.map(async (peer) => {
              await peer.pdu(1);
              const last = async (): Promise<readonly [number, number] | undefined> => {
                for (let number = 1; ; number += 1) {
                  const abort = abortIn(await peer.pdu(number));
                  if (abort !== undefined) return abort;
                }
              };
              expect(await last()).toEqual([2, reason]);
              peer.vanish();
            }),
          ),
      );
    });
  });

  it('a release in the middle of an image, and data behind a release: nothing is stored or answered', async () => {
    await underAttack(node, async (stores) => {
      const attackers = await peers();
      for (const peer of attackers)
        peer.send(store, half, encodeReleaseRequest(), half, storeMessage(image.dataset));
      await stores();
      for (const peer of attackers) {
        expect((await peer.pdu(1)).type).toBe(6);
        expect(peer.pdus().filter(({ type }) => type === 4)).toEqual([]);
        peer.vanish();
      }
    });
  });
});

describe('identities that are no UIDs', () => {
  it.each([
    ['dots', '..'],
    ['a way out of the folder', '../../../../etc/passwd'],
    ['an absolute path', '/etc/passwd'],
    ['a Windows path', 'C:\\Windows\\system32'],
    ['a NUL inside', '1.2\0.3'],
    ['SQL', "1.2'; DROP TABLE instance; --"],
    ['65 characters', '1'.repeat(65)],
    ['15,000 characters', '9'.repeat(15_000)],
    ['nothing', ''],
  ])('%s: answered, and if stored, then as any other', async (_what, uid) => {
    const { dataset } = makeDicomFile({ sopInstanceUid: uid, seed: uid });
    await underAttack(node, async (stores) => {
      const peer = (await peers(1))[0]!;
      peer.send(storeMessage(dataset, { sopInstanceUid: uid }));
      const status = statusIn((await peer.pdu(1)).body);
      // Text that can be a key is kept, whatever it says: names of files come from elsewhere.
      expect([0, 0xc000]).toContain(status);
      if (status === 0) node.alsoStored();
      expect((await node.facts()).rows).toBe(node.sent);
      await stores();
      peer.vanish();
    });
  });

  it('4 MB of instance UID in the command are hung up on, in the dataset answered with C000', async () => {
    const huge = '1'.repeat(4_000_000);
    await underAttack(node, async (stores) => {
      const attackers = await peers();
      const pieces = pdv(1, 'command', Buffer.from(huge.slice(0, 100_000)), 'more');
      await Promise.all(attackers.map((peer) => flood(peer, pieces, huge.length)));
      for (const peer of attackers) await peer.closed();
      await stores();
      const uidInDataset = encodeDataset(
        [{ group: 0x0008, element: 0x0016, vr: 'UI', value: '1.2' }],
        'implicit',
      );
      const long = Buffer.concat([
        uidInDataset,
        header({ group: 0x0008, element: 0x0018, vr: 'UI' }, 'implicit', huge.length),
        Buffer.from(huge),
      ]);
      const contexts = [
        { id: 1, abstractSyntax: '1.2.840.10008.5.1.4.1.1.7', transferSyntaxes: [implicitLe] },
      ];
      const others = await Promise.all(Array.from({ length: 8 }, () => node.associated({ contexts })));
      for (const peer of others) peer.send(storeMessage(long));
      for (const peer of others) {
        expect(statusIn((await peer.pdu(1)).body)).toBe(0xc000);
        peer.vanish();
      }
      await stores();
    });
  });
});

describe('datasets made to be expensive', () => {
  it('a deflate bomb of 1,000 to 1 is stored as it is, and its header read no further than needed', async () => {
    const sopInstanceUid = testUid('bomb');
    const image = makeDicomFile({ sopInstanceUid }).dataset;
    const bomb = deflateRawSync(
      Buffer.concat([
        image,
        header({ group: 0x7fe1, element: 0x0010, vr: 'OB' }, 'explicit-le', 0xfffffffe),
        Buffer.alloc(400 * miB),
      ]),
      { level: 9 },
    );
    expect(bomb.length).toBeLessThan(miB);
    const contexts = [{ id: 7, abstractSyntax: '1.2.840.10008.5.1.4.1.1.7', transferSyntaxes: [deflated] }];
    await underAttack(node, async (stores) => {
      const attackers = await Promise.all(Array.from({ length: 8 }, () => node.associated({ contexts })));
      for (const [index, peer] of attackers.entries())
        // A few bytes of its own behind each: eight contents under one UID.
        peer.send(
          storeMessage(Buffer.concat([bomb, Buffer.alloc(2 * index)]), { sopInstanceUid, contextId: 7 }),
        );
      await stores();
      for (const peer of attackers) {
        expect(statusIn((await peer.pdu(1)).body)).toBe(0);
        node.alsoStored();
        peer.vanish();
      }
      await stores();
    });
  });

  it.each(['defined', 'undefined'] as const)(
    'sequences nested 10,000 deep (%s lengths) are stored, and flagged where the header cannot be followed',
    async (lengths) => {
      const depth = 10_000;
      const sopInstanceUid = testUid(`nested ${lengths}`);
      const tag = { group: 0x0009, element: 0x1001, vr: 'SQ' };
      const { dataset } = makeDicomFile({ sopInstanceUid, pixelBytes: 2 });
      const open = Buffer.concat([
        header(tag, 'explicit-le', 0xffffffff),
        itemHeader(0xe000, 0xffffffff, 'explicit-le'),
      ]);
      const close = Buffer.concat([
        itemHeader(0xe00d, 0, 'explicit-le'),
        itemHeader(0xe0dd, 0, 'explicit-le'),
      ]);
      const levels = Array.from({ length: depth }, (_, level) => {
        const inside = (depth - level - 1) * 20;
        return Buffer.concat([
          header(tag, 'explicit-le', inside + 8),
          itemHeader(0xe000, inside, 'explicit-le'),
        ]);
      });
      const nested =
        lengths === 'undefined'
          ? Buffer.concat([repeat(depth, open), repeat(depth, close)])
          : Buffer.concat(levels);
      // Before the identity it would hide it: the identity comes first here, as tags in order have it.
      const bytes = Buffer.concat([dataset.subarray(0, dataset.length - 14), nested]);
      const { odd } = await node.facts();
      await underAttack(node, async (stores) => {
        const attackers = await peers(10);
        for (const peer of attackers) peer.send(storeMessage(bytes, { sopInstanceUid }));
        await stores();
        for (const peer of attackers) {
          expect(statusIn((await peer.pdu(1)).body)).toBe(0);
          peer.vanish();
        }
        // The same content ten times is one image.
        node.alsoStored();
        await stores();
      });
      expect((await node.facts()).odd).toBe(lengths === 'undefined' ? odd + 1 : odd);
    },
  );

  it('a header of 500,000 empty elements is stored', async () => {
    const sopInstanceUid = testUid('many elements');
    const { dataset } = makeDicomFile({ sopInstanceUid, pixelBytes: 2 });
    const many = repeat(500_000, header({ group: 0x0009, element: 0x1001, vr: 'LO' }, 'explicit-le', 0));
    await underAttack(node, async (stores) => {
      const attackers = await peers(4);
      for (const peer of attackers)
        peer.send(storeMessage(Buffer.concat([dataset, many]), { sopInstanceUid }));
      await stores();
      for (const peer of attackers) {
        expect(statusIn((await peer.pdu(1)).body)).toBe(0);
        peer.vanish();
      }
      node.alsoStored();
    });
  });
});

describe('two associations of one device at once', () => {
  it('send the same image: stored once, acknowledged on both', async () => {
    const image = makeDicomFile({ sopInstanceUid: testUid('twice'), pixelBytes: 300_000 });
    await underAttack(node, async (stores) => {
      const pair = await peers(2);
      const bytes = storeMessage(image.dataset, { sopInstanceUid: image.sopInstanceUid });
      const middle = bytes.length >> 1;
      for (const peer of pair) peer.send(bytes.subarray(0, middle));
      for (const peer of pair) peer.send(bytes.subarray(middle));
      for (const peer of pair) expect(statusIn((await peer.pdu(1)).body)).toBe(0);
      node.alsoStored();
      expect((await node.facts()).rows).toBe(node.sent);
      await stores();
      for (const peer of pair) peer.vanish();
    });
  });
});

/** Attack: lengths and counts that lie, in every layer. The node runs in a process of its own, with the real intake. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AttackedNode, underAttack } from '../support/attacked-node.ts';
import {
  abortIn,
  applicationContext,
  associated,
  contextItem,
  explicitLe,
  item,
  pdu,
  pdv,
  presentationContext,
  rawAssociateRq,
  statusIn,
  storeCommand,
  storeMessage,
  userItem,
} from '../support/dicom-bytes.ts';
import { header, makeDicomFile, secondaryCapture } from '../support/dicom-files.ts';
import { BytePeer } from '../support/dicom-peers.ts';

const fourGiB = 0xffffffff;
/** How many do it at once: what one costs is multiplied before it is measured. */
const crowd = 40;

let node: AttackedNode;

beforeAll(async () => {
  node = await AttackedNode.start();
});

afterAll(() => node.finish());

/** Every peer of the crowd sends the bytes and has to get this PDU as its answer of the number. */
async function crowdGets(
  connect: () => Promise<BytePeer>,
  bytes: Buffer,
  number: number,
  check: (answer: { readonly type: number; readonly body: Buffer }) => void,
): Promise<void> {
  await underAttack(node, async (stores) => {
    const peers: BytePeer[] = [];
    // No more at once than there are places; the honest one holds one.
    for (let at = 0; at < crowd; at += 20) {
      const group = await Promise.all(Array.from({ length: 20 }, connect));
      for (const peer of group) peer.send(bytes);
      await stores();
      for (const answer of await Promise.all(group.map((peer) => peer.pdu(number)))) check(answer);
      peers.push(...group);
      for (const peer of group) peer.vanish();
    }
    await stores();
  });
}

describe('before an association, a PDU', () => {
  const types = [1, 2, 3, 4, 5, 6, 7, 8, 255];
  it.each(types.flatMap((type) => [0, 1, fourGiB].map((bytes) => [type, bytes] as const)))(
    'of type %d that declares %d bytes is answered by an abort, whatever follows it',
    async (type, declared) => {
      const peers = await Promise.all(Array.from({ length: 5 }, () => BytePeer.connect(node.port)));
      await underAttack(node, async (stores) => {
        for (const peer of peers) peer.send(pdu(type, Buffer.alloc(1_000_000), declared));
        await stores();
        // An A-ABORT that cannot be read is answered as anything else that cannot (AA-1, or AA-8 once associated).
        for (const peer of peers) expect(abortIn(await peer.pdu(0))).toEqual([0, 0]);
      });
      for (const peer of peers) peer.vanish();
    },
  );

  it('that declares 256 KiB and stops one byte short costs what has come, and is cut with its connection', async () => {
    const declared = 262_144;
    await underAttack(node, async (stores) => {
      const peers = await Promise.all(Array.from({ length: 60 }, () => BytePeer.connect(node.port)));
      for (const peer of peers) peer.send(pdu(1, Buffer.alloc(declared - 1), declared));
      await stores();
      expect(peers.filter((peer) => peer.received.length > 0)).toEqual([]);
      for (const peer of peers) peer.vanish();
    });
  });
});

describe('an association request', () => {
  const context = presentationContext(1, secondaryCapture, explicitLe);

  const tooMany = (count: number, one: (index: number) => Buffer): Buffer =>
    Buffer.concat(Array.from({ length: count }, (_, index) => one(index)));

  it.each([
    [
      '10,000 presentation contexts',
      rawAssociateRq(
        contextItem,
        tooMany(10_000, () => presentationContext(1, '', '')),
        userItem,
      ),
    ],
    [
      '129 presentation contexts',
      rawAssociateRq(
        contextItem,
        tooMany(129, (n) => presentationContext((2 * n + 1) % 256, secondaryCapture, explicitLe)),
        userItem,
      ),
    ],
    [
      '60,000 unknown items',
      rawAssociateRq(
        contextItem,
        context,
        tooMany(60_000, () => item(0xee, '')),
        userItem,
      ),
    ],
    [
      '16,000 empty user sub-items',
      rawAssociateRq(
        contextItem,
        context,
        item(
          0x50,
          tooMany(16_000, () => item(0xee, '')),
        ),
      ),
    ],
    [
      '2,000 role selections',
      rawAssociateRq(
        contextItem,
        context,
        item(
          0x50,
          tooMany(2_000, () => item(0x54, Buffer.from([0, 1, 0x31, 1, 1]))),
        ),
      ),
    ],
    [
      '4,000 transfer syntaxes in one context',
      rawAssociateRq(
        contextItem,
        item(
          0x20,
          Buffer.concat([
            Buffer.from([1, 0, 0, 0]),
            item(0x30, secondaryCapture),
            tooMany(4_000, () => item(0x40, '1.2.3')),
          ]),
        ),
        userItem,
      ),
    ],
    [
      '15,000 empty items in one context',
      rawAssociateRq(
        contextItem,
        item(0x20, Buffer.concat([Buffer.from([1, 0, 0, 0]), tooMany(15_000, () => item(0xee, ''))])),
        userItem,
      ),
    ],
    ['the same context id twice', rawAssociateRq(contextItem, context, context, userItem)],
    [
      'an even context id',
      rawAssociateRq(contextItem, presentationContext(2, secondaryCapture, explicitLe), userItem),
    ],
    ['no context', rawAssociateRq(contextItem, userItem)],
    ['two application contexts', rawAssociateRq(contextItem, contextItem, context, userItem)],
    ['two user informations', rawAssociateRq(contextItem, context, userItem, userItem)],
    ['a context of 0 bytes', rawAssociateRq(contextItem, item(0x20, ''), userItem)],
    ['a context of 1 byte', rawAssociateRq(contextItem, item(0x20, '\x01'), userItem)],
    [
      'a context that is longer than the PDU',
      rawAssociateRq(contextItem, item(0x20, Buffer.from([1, 0, 0, 0]), 0xffff)),
    ],
    [
      'an application context that is longer than the PDU',
      rawAssociateRq(item(0x10, applicationContext, 0xffff)),
    ],
    ['an item header cut short', rawAssociateRq(contextItem, context, userItem, Buffer.from([0x50, 0, 0]))],
    ['a maximum length of 0 bytes', rawAssociateRq(contextItem, context, item(0x50, item(0x51, '')))],
    ['a maximum length of 1 byte', rawAssociateRq(contextItem, context, item(0x50, item(0x51, '\x01')))],
    [
      'a user sub-item longer than the item',
      rawAssociateRq(contextItem, context, item(0x50, item(0x51, Buffer.alloc(4), 0xffff))),
    ],
    [
      'a role selection whose UID is longer than it',
      rawAssociateRq(contextItem, context, item(0x50, item(0x54, Buffer.from([0xff, 0xff, 0x31, 1, 1])))),
    ],
    [
      'a user identity whose fields are longer than it',
      rawAssociateRq(contextItem, context, item(0x50, item(0x58, Buffer.from([1, 1, 0xff, 0xff, 0, 0])))),
    ],
    [
      'an abstract syntax of 60 KB',
      rawAssociateRq(contextItem, presentationContext(1, '1'.repeat(60_000), explicitLe), userItem),
    ],
    [
      'an implementation class UID of 60 KB',
      rawAssociateRq(contextItem, context, item(0x50, item(0x52, '1'.repeat(60_000)))),
    ],
  ])('with %s is aborted', async (_what, bytes) => {
    await crowdGets(
      () => BytePeer.connect(node.port),
      bytes,
      0,
      (answer) => expect(abortIn(answer)).toEqual([0, 0]),
    );
  });

  it('with every context that there can be is accepted', async () => {
    const contexts = tooMany(128, (n) =>
      presentationContext(2 * n + 1, secondaryCapture, ...Array<string>(20).fill(explicitLe)),
    );
    await crowdGets(
      () => BytePeer.connect(node.port),
      rawAssociateRq(contextItem, contexts, userItem),
      0,
      (answer) => expect(answer.type).toBe(2),
    );
  });
});

describe('in an association', () => {
  const withLength = (declared: number): Buffer => {
    const body = Buffer.alloc(20);
    body.writeUInt32BE(declared, 0);
    body.writeUInt8(1, 4);
    body.writeUInt8(3, 5);
    return pdu(4, body);
  };
  /** A command element of group 0000 with any length in its header. */
  const element = (number: number, declared: number, value = Buffer.alloc(0)): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt16LE(number, 2);
    bytes.writeUInt32LE(declared, 4);
    return Buffer.concat([bytes, value]);
  };

  it.each([
    ...[0, 1, 2, 3, 4, 5, 131_073, fourGiB].map(
      (bytes) => [`a P-DATA-TF of ${bytes} bytes`, pdu(4, Buffer.alloc(131_072), bytes)] as const,
    ),
    ...[0, 1, 17, 0x7fffffff, fourGiB].map(
      (bytes) => [`a PDV of ${bytes} bytes in a PDU of 20`, withLength(bytes)] as const,
    ),
    ['bytes behind the last PDV', pdu(4, Buffer.from('00000004010161620000', 'hex'))] as const,
    ...[1, 7, 0x7fffffff, fourGiB].map(
      (bytes) =>
        [
          `a command element of ${bytes} bytes that are not there`,
          pdv(1, 'command', element(2, bytes)),
        ] as const,
    ),
    [
      'a command field of 0 bytes',
      pdv(1, 'command', Buffer.concat([element(0x100, 0), element(0x800, 2, Buffer.from([1, 1]))])),
    ] as const,
    [
      'a command field of 4 bytes',
      pdv(
        1,
        'command',
        Buffer.concat([element(0x100, 4, Buffer.alloc(4)), element(0x800, 2, Buffer.from([1, 1]))]),
      ),
    ] as const,
    [
      'a command of 2,000 elements',
      pdv(1, 'command', Buffer.concat(Array.from({ length: 2_000 }, (_, n) => element(n, 0)))),
    ] as const,
    ['a command of 64 KB', pdv(1, 'command', Buffer.alloc(65_536))] as const,
    ['a release request of 0 bytes', pdu(5, Buffer.alloc(0))] as const,
    ['an abort of 4 GiB', pdu(7, Buffer.alloc(4), fourGiB)] as const,
  ])('%s is answered by an abort with its reason', async (_what, bytes) => {
    await crowdGets(
      () => associated(node.port),
      bytes,
      1,
      (answer) => expect(abortIn(answer)).toEqual([2, 6]),
    );
  });

  it('a group length that lies is not relied on', async () => {
    for (const length of [0, 1, fourGiB]) {
      const peer = await associated(node.port);
      const { dataset, sopInstanceUid } = makeDicomFile({
        seed: `group length ${length}`,
        sopInstanceUid: `1.2.3.${length}`,
      });
      const command = storeCommand({ sopInstanceUid });
      command.writeUInt32LE(length, 8);
      peer.send(pdv(1, 'command', command), pdv(1, 'dataset', dataset));
      expect(statusIn((await peer.pdu(1)).body)).toBe(0);
      peer.vanish();
    }
    node.alsoStored(3);
    expect((await node.facts()).rows).toBe(node.sent);
  });

  it.each([0, 2, 0x7ffffffe, fourGiB - 1])(
    'a dataset element that declares %d bytes costs no memory: C000 before the identity, stored behind it, and flagged',
    async (declared) => {
      const instance = { sopInstanceUid: `1.2.4.${declared}` };
      const whole = makeDicomFile(instance).dataset;
      const lie = header({ group: 0x0009, element: 0x0010, vr: 'OB' }, 'explicit-le', declared);
      const { odd } = await node.facts();
      await underAttack(node, async (stores) => {
        for (const [bytes, expected] of [
          [
            Buffer.concat([
              header({ group: 0x0007, element: 0x0010, vr: 'OB' }, 'explicit-le', fourGiB - 1),
              whole,
            ]),
            0xc000,
          ],
          [Buffer.concat([whole, lie]), 0],
        ] as const) {
          const peer = await associated(node.port);
          peer.send(storeMessage(bytes, instance));
          expect(statusIn((await peer.pdu(1)).body)).toBe(expected);
          peer.vanish();
        }
        expect((await node.facts()).odd).toBe(declared === 0 ? odd : odd + 1);
        await stores();
      });
      node.alsoStored();
    },
  );
});

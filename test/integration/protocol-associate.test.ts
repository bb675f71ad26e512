/** What an association request is answered with, byte for byte on a socket: PS3.8 7.1.1 and 9.3, PS3.7 annex D. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  implementationClassUid,
  implementationVersionName,
} from '../../src/main/engine/dicom/implementation.ts';
import { type AssociateAccept, decodeAssociateAccept } from '../../src/main/engine/dicom/pdu-associate.ts';
import { EdgeSyncError } from '../../src/shared/errors.ts';
import {
  associated,
  associateRq,
  contextItem,
  explicitLe,
  implicitLe,
  item,
  pdv,
  presentationContext,
  rawAssociateRq,
  type RequestChange,
  statusIn,
  storeCommand,
  storeMessage,
  studyRootFind,
  verification,
} from '../support/dicom-bytes.ts';
import { makeDicomFile, secondaryCapture } from '../support/dicom-files.ts';
import { BytePeer, startNode, type TestNode } from '../support/dicom-peers.ts';

const ctImage = '1.2.840.10008.5.1.4.1.1.2';
const bigEndian = '1.2.840.10008.1.2.2';
const jpegBaseline = '1.2.840.10008.1.2.4.50';
const jpegLossless = '1.2.840.10008.1.2.4.70';
const deflatedLe = '1.2.840.10008.1.2.1.99';
const jpip = '1.2.840.10008.1.2.4.94';

let node: TestNode;
const open: BytePeer[] = [];

beforeEach(async () => {
  node = await startNode();
});

afterEach(async () => {
  for (const peer of open.splice(0)) peer.vanish();
  await node.scp.stop();
  expect(node.intake.open).toBe(0);
});

async function answerTo(
  bytes: Buffer,
  port = node.port,
): Promise<{ readonly type: number; readonly body: Buffer }> {
  const peer = await BytePeer.connect(port);
  open.push(peer);
  peer.send(bytes);
  return peer.pdu(0);
}

async function acceptOf(change: RequestChange): Promise<AssociateAccept> {
  const { type, body } = await answerTo(associateRq(change));
  expect(type).toBe(2);
  return decodeAssociateAccept(body);
}

describe('an association is rejected with result, source and reason of PS3.8 table 9-21', () => {
  it.each([
    ['a protocol version that we do not speak', { protocolVersion: 2 }, [1, 2, 2]],
    ['another application context', { applicationContext: '1.2.840.10008.3.1.1.2' }, [1, 1, 2]],
    ['another called AE title', { calledAe: 'SOMEONE' }, [1, 1, 7]],
    ['a called AE title in other letters', { calledAe: 'edgesync' }, [1, 1, 7]],
    ['an empty called AE title', { calledAe: '' }, [1, 1, 7]],
    ['a calling AE title with characters that are not allowed', { callingAe: 'A\\B' }, [1, 1, 3]],
  ] as const)('%s', async (_what, change, expected) => {
    const { type, body } = await answerTo(associateRq(change));
    expect([type, ...body]).toEqual([3, 0, ...expected]);
  });

  it('a caller that is not known', async () => {
    const strict = await startNode({ authorize: () => ({ tag: 'reject', reason: 'unknown-title' }) });
    const { type, body } = await answerTo(associateRq(), strict.port);
    expect([type, ...body]).toEqual([3, 0, 1, 1, 3]);
    await strict.scp.stop();
  });

  it('one more than there may be: for a while (transient), by the presentation layer, local limit exceeded', async () => {
    const small = await startNode({ maxAssociations: 1 });
    open.push(await associated(small.port));
    const { type, body } = await answerTo(associateRq(), small.port);
    expect([type, ...body]).toEqual([3, 0, 2, 3, 2]);
    await small.scp.stop();
  });

  it('while it is being stopped: for a while, temporary congestion', async () => {
    const gate = Promise.withResolvers<undefined>();
    node.intake.beforeFinish = () => gate.promise;
    const busy = await associated(node.port);
    const late = await BytePeer.connect(node.port);
    open.push(busy, late);
    busy.send(storeMessage(Buffer.alloc(100)));
    while (node.intake.sizeBytes === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const stopped = node.scp.stop();
    late.send(associateRq());
    const { type, body } = await late.pdu(0);
    expect([type, ...body]).toEqual([3, 0, 2, 3, 1]);
    gate.resolve(undefined);
    await stopped;
  });
});

describe('an association is accepted', () => {
  it('with version 1 among others, and with titles padded in any way', async () => {
    expect((await acceptOf({ protocolVersion: 0xffff })).protocolVersion).toBe(1);
    expect((await acceptOf({ calledAe: '  EDGESYNC' })).protocolVersion).toBe(1);
  });

  it('repeating titles and reserved bytes as they came', async () => {
    const request = associateRq({ callingAe: 'A B' });
    request.fill(0xab, 42, 74);
    const { type, body } = await answerTo(request);
    expect(type).toBe(2);
    expect(body.subarray(4, 68)).toEqual(request.subarray(10, 74));
  });

  it('saying who we are, by a UID made from our own UUID, and how large a PDU may be', async () => {
    const { user } = await acceptOf({});
    expect(user).toMatchObject({ implementationClassUid, implementationVersionName, maxPduBytes: 131_072 });
    const uuid = BigInt(implementationClassUid.replace(/^2\.25\./, ''))
      .toString(16)
      .padStart(32, '0');
    // Version 4, variant 1 (RFC 9562): random, nobody else's.
    expect(uuid).toMatch(/^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
    expect(implementationVersionName.length).toBeLessThanOrEqual(16);
  });

  it('context by context: several of one class, each with its own syntax; what is not served is refused alone', async () => {
    const { contexts } = await acceptOf({
      contexts: [
        { id: 1, abstractSyntax: ctImage, transferSyntaxes: [explicitLe] },
        { id: 3, abstractSyntax: ctImage, transferSyntaxes: [jpegLossless] },
        { id: 5, abstractSyntax: ctImage, transferSyntaxes: [implicitLe] },
        { id: 7, abstractSyntax: studyRootFind, transferSyntaxes: [implicitLe] },
        { id: 9, abstractSyntax: ctImage, transferSyntaxes: [jpip] },
        { id: 255, abstractSyntax: verification, transferSyntaxes: [implicitLe] },
      ],
    });
    expect(contexts.map(({ id, result }) => `${id} ${result}`)).toEqual([
      '1 accepted',
      '3 accepted',
      '5 accepted',
      '7 abstract-syntax-not-supported',
      '9 transfer-syntaxes-not-supported',
      '255 accepted',
    ]);
    expect(contexts.filter(({ result }) => result === 'accepted').map((one) => one.transferSyntax)).toEqual([
      explicitLe,
      jpegLossless,
      implicitLe,
      implicitLe,
    ]);
  });

  it.each([
    [[implicitLe, explicitLe], explicitLe],
    [[jpegLossless, bigEndian, implicitLe], implicitLe],
    [[bigEndian, jpegLossless], jpegLossless],
    [[deflatedLe, bigEndian], bigEndian],
    [[jpegBaseline, bigEndian], bigEndian],
    [[jpegBaseline, implicitLe, explicitLe], explicitLe],
    [[jpegBaseline, jpegLossless], jpegLossless],
    [[jpegBaseline], jpegBaseline],
    [[jpip, implicitLe], implicitLe],
    [['not a uid', implicitLe], implicitLe],
  ])('choosing of %j in one context %s', async (offered, chosen) => {
    const { contexts } = await acceptOf({
      contexts: [{ id: 1, abstractSyntax: ctImage, transferSyntaxes: offered }],
    });
    expect(contexts).toEqual([{ id: 1, result: 'accepted', transferSyntax: chosen }]);
  });

  it('without any context that could be used: the peer may go again', async () => {
    const { contexts } = await acceptOf({
      contexts: [{ id: 1, abstractSyntax: studyRootFind, transferSyntaxes: [implicitLe] }],
    });
    expect(contexts.map(({ result }) => result)).toEqual(['abstract-syntax-not-supported']);
  });

  it.each([
    ['user and provider', 'supported', 'supported'],
    ['user', 'supported', 'not-supported'],
  ] as const)('the peer proposes to be %s of a storage class: it stays the user', async (_what, scu, scp) => {
    const { user } = await acceptOf({ user: { roles: [{ sopClass: secondaryCapture, scu, scp }] } });
    expect(user.roles).toEqual([{ sopClass: secondaryCapture, scu: 'supported', scp: 'not-supported' }]);
  });

  it('declining asynchronous operations and extended negotiation by silence', async () => {
    const uid = Buffer.from(secondaryCapture);
    const user = item(
      0x50,
      Buffer.concat([
        item(0x51, Buffer.from([0, 0, 0x40, 0])),
        item(0x52, '1.2.3'),
        item(0x53, Buffer.from([0, 16, 0, 16])),
        item(0x56, Buffer.concat([Buffer.from([0, uid.length]), uid, Buffer.from([1, 1, 1])])),
      ]),
    );
    const { type, body } = await answerTo(
      rawAssociateRq(contextItem, presentationContext(1, secondaryCapture, explicitLe), user),
    );
    expect(type).toBe(2);
    const types: number[] = [];
    for (let at = 68; at < body.length;) {
      const length = body.readUInt16BE(at + 2);
      if (body.readUInt8(at) === 0x50)
        for (let sub = at + 4; sub < at + 4 + length; sub += 4 + body.readUInt16BE(sub + 2))
          types.push(body.readUInt8(sub));
      at += 4 + length;
    }
    expect(types).toEqual([0x51, 0x52, 0x55]);
  });

  it.each([
    ['a user name, answer wanted', [1, 1], 'answered'],
    ['a user name and passcode, answer wanted', [2, 1], 'answered'],
    ['a user name, no answer wanted', [1, 0], 'none'],
  ] as const)('with %s', async (_what, [kind, wanted], expected) => {
    const identity = item(0x58, Buffer.from([kind, wanted, 0, 2, 0x6d, 0x65, 0, 0]));
    const user = item(
      0x50,
      Buffer.concat([item(0x51, Buffer.from([0, 0, 0x40, 0])), item(0x52, '1.2.3'), identity]),
    );
    const { type, body } = await answerTo(
      rawAssociateRq(contextItem, presentationContext(1, secondaryCapture, explicitLe), user),
    );
    expect(type).toBe(2);
    expect(decodeAssociateAccept(body).user.identity).toBe(expected);
  });
});

describe('a C-STORE is answered', () => {
  const { dataset, sopInstanceUid } = makeDicomFile();

  /** Status and comment of the answer. */
  async function answerOf(
    peer: BytePeer,
  ): Promise<{ readonly status: number | undefined; readonly comment: string }> {
    open.push(peer);
    const { body } = await peer.pdu(1);
    const at = body.indexOf(Buffer.from([0, 0, 2, 9]));
    const comment = at < 0 ? '' : body.toString('latin1', at + 8, at + 8 + body.readUInt32LE(at + 4));
    return { status: statusIn(body), comment };
  }

  it.each([
    ['disk-full', 0xa700],
    ['disk-error', 0xa700],
    ['keychain-unavailable', 0xa700],
    ['dicom-mismatch', 0xa900],
    ['dicom-unreadable', 0xc000],
    ['internal', 0x0110],
  ] as const)('%s: with its status, and a reason of at most 64 characters', async (code, status) => {
    node.intake.outcome = () => ({ tag: 'refused', error: new EdgeSyncError(code, 'x'.repeat(200)) });
    const peer = await associated(node.port);
    peer.send(storeMessage(dataset, { sopInstanceUid }));
    const answer = await answerOf(peer);
    expect(answer.status).toBe(status);
    expect(answer.comment.length).toBeGreaterThan(5);
    expect(answer.comment.length).toBeLessThanOrEqual(64);
    expect(answer.comment).not.toContain('xxx');
  });

  it('0122 for a class other than the one negotiated', async () => {
    const peer = await associated(node.port);
    peer.send(storeMessage(dataset, { sopClassUid: ctImage, sopInstanceUid }));
    expect((await answerOf(peer)).status).toBe(0x0122);
  });

  it('0124 for a class that the device may no longer send', async () => {
    let isAllowed = true;
    const strict = await startNode({
      authorize: () => ({ tag: 'accept', deviceId: null, allowsClass: () => isAllowed }),
    });
    const peer = await associated(strict.port);
    isAllowed = false;
    peer.send(storeMessage(dataset, { sopInstanceUid }));
    expect(await answerOf(peer)).toMatchObject({ status: 0x0124 });
    expect(strict.intake.begun).toBe(0);
    peer.vanish();
    await strict.scp.stop();
  });

  it('repeating message id, class and instance', async () => {
    const peer = await associated(node.port);
    open.push(peer);
    peer.send(storeMessage(dataset, { sopInstanceUid, messageId: 65_535 }));
    const { body } = await peer.pdu(1);
    expect(statusIn(body)).toBe(0);
    expect(body.includes(Buffer.from([0, 0, 0x20, 1, 2, 0, 0, 0, 0xff, 0xff]))).toBe(true);
    expect(body.includes(Buffer.from(secondaryCapture))).toBe(true);
    expect(body.includes(Buffer.from(sopInstanceUid))).toBe(true);
  });

  it('in pieces no larger than the peer takes', async () => {
    const peer = await associated(node.port, { user: { maxPduBytes: 50 } });
    open.push(peer);
    peer.send(pdv(1, 'command', storeCommand({ sopInstanceUid })), pdv(1, 'dataset', dataset));
    while (!peer.pdus().some(({ type, body }) => type === 4 && (body.readUInt8(5) & 2) === 2))
      await peer.pdu(peer.pdus().length);
    for (const { body } of peer.pdus().slice(1)) expect(body.length).toBeLessThanOrEqual(50);
    const command = Buffer.concat(
      peer
        .pdus()
        .slice(1)
        .map(({ body }) => body.subarray(6)),
    );
    expect(statusIn(command)).toBe(0);
  });
});

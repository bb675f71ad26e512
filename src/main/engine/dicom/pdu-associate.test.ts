import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AssociateAccept,
  type AssociateRequest,
  decodeAssociateAccept,
  decodeAssociateRequest,
  encodeAssociateAccept,
  encodeAssociateRequest,
  encodeTitleBlock,
  oddAeTitle,
  type UserInformation,
} from './pdu-associate.ts';
import { maxAssociatePduBytes, ProtocolError } from './pdu.ts';

const uid = fc
  .array(fc.integer({ min: 0, max: 99_999 }), { minLength: 1, maxLength: 8 })
  .map((parts) => parts.join('.'));
const title = fc.stringMatching(/^[A-Z0-9_]([A-Z0-9_ ]{0,14}[A-Z0-9_])?$/);
const roleSupport = fc.constantFrom('supported' as const, 'not-supported' as const);

function userInformation(identity: fc.Arbitrary<UserInformation['identity']>): fc.Arbitrary<UserInformation> {
  return fc.record({
    maxPduBytes: fc.option(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { nil: undefined }),
    implementationClassUid: fc.option(uid, { nil: undefined }),
    implementationVersionName: fc.option(title, { nil: undefined }),
    roles: fc.array(fc.record({ sopClass: uid, scu: roleSupport, scp: roleSupport }), { maxLength: 4 }),
    identity,
  });
}

const ids = fc.uniqueArray(
  fc.integer({ min: 0, max: 127 }).map((half) => half * 2 + 1),
  { minLength: 1, maxLength: 128 },
);

const request: fc.Arbitrary<AssociateRequest> = fc
  .record({
    ids,
    abstractSyntax: uid,
    transferSyntaxes: fc.array(uid, { minLength: 1, maxLength: 5 }),
    called: title,
    calling: title,
    applicationContext: uid,
    user: userInformation(fc.constant('none')),
  })
  .map((some) => ({
    protocolVersion: 1,
    calledAeTitle: some.called,
    callingAeTitle: some.calling,
    applicationContext: some.applicationContext,
    contexts: some.ids.map((id) => ({
      id,
      abstractSyntax: some.abstractSyntax,
      transferSyntaxes: some.transferSyntaxes,
    })),
    user: some.user,
    titleBlock: encodeTitleBlock(some.called, some.calling),
  }));

const accept: fc.Arbitrary<AssociateAccept> = fc
  .record({
    ids,
    transferSyntax: uid,
    applicationContext: uid,
    user: userInformation(fc.constantFrom('none', 'answered')),
  })
  .map((some) => ({
    protocolVersion: 1,
    applicationContext: some.applicationContext,
    contexts: some.ids.map((id) => ({
      id,
      result: 'accepted' as const,
      transferSyntax: some.transferSyntax,
    })),
    user: some.user,
    titleBlock: encodeTitleBlock('CALLED', 'CALLING'),
  }));

/** A small valid request, to be spoilt. */
const small: AssociateRequest = {
  protocolVersion: 1,
  calledAeTitle: 'EDGESYNC',
  callingAeTitle: 'CT1',
  applicationContext: '1.2.840.10008.3.1.1.1',
  contexts: [{ id: 1, abstractSyntax: '1.2.840.10008.1.1', transferSyntaxes: ['1.2.840.10008.1.2'] }],
  user: {
    maxPduBytes: 16_384,
    implementationClassUid: '1.2.3',
    implementationVersionName: 'PEER',
    roles: [{ sopClass: '1.2.3', scu: 'supported', scp: 'not-supported' }],
    identity: 'none',
  },
  titleBlock: encodeTitleBlock('EDGESYNC', 'CT1'),
};
const smallBody = encodeAssociateRequest(small).subarray(6);

function item(type: number, value: Buffer): Buffer {
  const header = Buffer.from([type, 0, 0, 0]);
  header.writeUInt16BE(value.length, 2);
  return Buffer.concat([header, value]);
}

/** Fixed part, application context and user information around the items given. */
function bodyWith(contexts: readonly Buffer[], userItems: readonly Buffer[] = []): Buffer {
  return Buffer.concat([
    smallBody.subarray(0, 68),
    item(0x10, Buffer.from('1.2.840.10008.3.1.1.1')),
    ...contexts,
    item(0x50, Buffer.concat([...userItems])),
  ]);
}

function context(id: number, syntaxes = 1): Buffer {
  return item(
    0x20,
    Buffer.concat([
      Buffer.from([id, 0, 0, 0]),
      item(0x30, Buffer.from('1.2.840.10008.1.1')),
      ...Array.from({ length: syntaxes }, () => item(0x40, Buffer.from('1.2.840.10008.1.2'))),
    ]),
  );
}

function tinyContext(id: number): Buffer {
  const names = [item(0x30, Buffer.from('1')), item(0x40, Buffer.from('2'))];
  return item(0x20, Buffer.concat([Buffer.from([id, 0, 0, 0]), ...names]));
}

describe('A-ASSOCIATE', () => {
  it('reads back every request it writes', () => {
    fc.assert(
      fc.property(request, (given) => {
        const pdu = encodeAssociateRequest(given);
        expect(pdu.readUInt32BE(2)).toBe(pdu.length - 6);
        expect(decodeAssociateRequest(pdu.subarray(6))).toEqual(given);
      }),
    );
  });

  it('reads back every acceptance it writes', () => {
    fc.assert(
      fc.property(accept, (given) => {
        expect(decodeAssociateAccept(encodeAssociateAccept(given).subarray(6))).toEqual(given);
      }),
    );
  });

  it('keeps the reason of each context that was not accepted', () => {
    const given: AssociateAccept = {
      protocolVersion: 1,
      applicationContext: '1.2',
      contexts: (
        [
          'user-rejection',
          'no-reason',
          'abstract-syntax-not-supported',
          'transfer-syntaxes-not-supported',
        ] as const
      ).map((result, index) => ({ id: index * 2 + 1, result, transferSyntax: '' })),
      user: { ...small.user, roles: [] },
      titleBlock: small.titleBlock,
    };
    expect(decodeAssociateAccept(encodeAssociateAccept(given).subarray(6)).contexts).toEqual(given.contexts);
  });

  it('takes titles padded with spaces or NULs', () => {
    const body = Buffer.from(smallBody);
    body.fill(0, 4 + 'EDGESYNC'.length, 20);
    expect(decodeAssociateRequest(body).calledAeTitle).toBe('EDGESYNC');
  });

  it.each(['CT\r\n1', 'CT\0X', '\tCT1', 'CT\x7f', 'CT\xe9', '\xa0CT1', 'CT\\1', '\x1b[2J'])(
    'keeps nothing of a title that may not be one (%j)',
    (calling) => {
      const body = Buffer.from(smallBody);
      encodeTitleBlock('EDGESYNC', calling).copy(body, 4);
      expect(decodeAssociateRequest(body).callingAeTitle).toBe(oddAeTitle);
      expect(oddAeTitle.length).toBeGreaterThan(16);
    },
  );

  it('takes every character a title may have', () => {
    const allowed = Array.from({ length: 95 }, (_, index) => String.fromCharCode(0x20 + index));
    for (const character of allowed.filter((one) => one !== '\\')) {
      const calling = `A${character}B`;
      const body = Buffer.from(smallBody);
      encodeTitleBlock('EDGESYNC', calling).copy(body, 4);
      expect(decodeAssociateRequest(body).callingAeTitle).toBe(calling);
    }
  });

  it('sees a user identity and whether an answer is wanted', () => {
    const identity = (wants: number): Buffer =>
      item(0x58, Buffer.concat([Buffer.from([1, wants, 0, 4]), Buffer.from('user'), Buffer.from([0, 0])]));
    const read = (wants: number): string =>
      decodeAssociateRequest(bodyWith([context(1)], [identity(wants)])).user.identity;
    expect(read(0)).toBe('sent');
    expect(read(1)).toBe('answer-wanted');
  });

  it('reads past items it does not know, as PS3.8 9.3.1 asks', () => {
    const odd = [item(0x53, Buffer.alloc(4)), item(0x56, Buffer.alloc(9)), item(0x7f, Buffer.alloc(3))];
    expect(
      decodeAssociateRequest(bodyWith([context(1), item(0x99, Buffer.alloc(7))], odd)).contexts,
    ).toHaveLength(1);
  });
});

describe('a hostile A-ASSOCIATE-RQ', () => {
  it('is refused when it is cut short at any byte', () => {
    for (let length = 0; length < smallBody.length; length += 1) {
      expect(() => decodeAssociateRequest(smallBody.subarray(0, length)), `at ${length}`).toThrow(
        ProtocolError,
      );
    }
  });

  it('never causes anything but a ProtocolError, whatever bytes are changed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(smallBody.length - 1), fc.nat(255)), { minLength: 1, maxLength: 12 }),
        (changes) => {
          const body = Buffer.from(smallBody);
          for (const [at, value] of changes) body[at] = value;
          try {
            decodeAssociateRequest(body);
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('is refused with 10,000 contexts, which cannot all have ids of their own', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => tinyContext((index * 2 + 1) % 256));
    expect(bodyWith(many).length).toBeLessThan(maxAssociatePduBytes);
    expect(() => decodeAssociateRequest(bodyWith(many))).toThrow(ProtocolError);
  });

  it('is refused with 129 contexts and with a flood of syntaxes in one', () => {
    const tooMany = Array.from({ length: 129 }, (_, index) => context((index * 2 + 1) % 258));
    expect(() => decodeAssociateRequest(bodyWith(tooMany))).toThrow(ProtocolError);
    expect(() => decodeAssociateRequest(bodyWith([context(1, 1_000)]))).toThrow(ProtocolError);
  });

  it('is refused with a flood of empty items', () => {
    const flood = Array.from({ length: 50_000 }, () => item(0x99, Buffer.alloc(0)));
    expect(() => decodeAssociateRequest(bodyWith(flood))).toThrow(ProtocolError);
    const userFlood = Array.from({ length: 2_000 }, () => item(0x7f, Buffer.alloc(0)));
    expect(() => decodeAssociateRequest(bodyWith([context(1)], userFlood))).toThrow(ProtocolError);
  });

  it.each([
    ['an even context id', [context(2)]],
    ['a context id used twice', [context(1), context(1)]],
    ['no context at all', []],
    ['a context without transfer syntax', [context(1, 0)]],
    ['a context of three bytes', [item(0x20, Buffer.alloc(3))]],
  ])('is refused with %s', (_what, contexts) => {
    expect(() => decodeAssociateRequest(bodyWith(contexts))).toThrow(ProtocolError);
  });

  it('is refused with a UID of more than 64 characters, and keeps an odd one apart from others', () => {
    const withUid = (text: string): Buffer =>
      item(
        0x20,
        Buffer.concat([
          Buffer.from([1, 0, 0, 0]),
          item(0x30, Buffer.from(text)),
          item(0x40, Buffer.from('1.2')),
        ]),
      );
    expect(() => decodeAssociateRequest(bodyWith([withUid('1'.repeat(65))]))).toThrow(ProtocolError);
    expect(decodeAssociateRequest(bodyWith([withUid('../etc')])).contexts[0]?.abstractSyntax).toBe('../etc');
  });
});

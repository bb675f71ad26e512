import { describe, expect, it } from 'vitest';
import { rejections } from '../dicom/pdu.ts';
import { type AssociateRequest, encodeTitleBlock, oddAeTitle } from '../dicom/pdu-associate.ts';
import { dicomApplicationContext, isStorageSopClass, storageSopClasses } from '../dicom/sop-classes.ts';
import { transferSyntaxes } from '../dicom/transfer-syntaxes.ts';
import { isLoopback } from '../system/ip-address.ts';
import { admit, loopbackOnly } from './admission.ts';
import type { CallerFacts } from './authorize.ts';
import { isServed, negotiate } from './negotiation.ts';

const ct = '1.2.840.10008.5.1.4.1.1.2';
const explicitLe = '1.2.840.10008.1.2.1';
const implicitLe = '1.2.840.10008.1.2';
const bigEndian = '1.2.840.10008.1.2.2';
const jpegBaseline = '1.2.840.10008.1.2.4.50';
const jpegLossless = '1.2.840.10008.1.2.4.70';

function request(change: Partial<AssociateRequest> = {}): AssociateRequest {
  return {
    protocolVersion: 1,
    calledAeTitle: 'EDGESYNC',
    callingAeTitle: 'CT1',
    applicationContext: dicomApplicationContext,
    contexts: [{ id: 1, abstractSyntax: ct, transferSyntaxes: [explicitLe] }],
    user: {
      maxPduBytes: 16_384,
      implementationClassUid: '1.2',
      implementationVersionName: undefined,
      roles: [],
      identity: 'none',
    },
    titleBlock: encodeTitleBlock('EDGESYNC', 'CT1'),
    ...change,
  };
}

const loopback = { remoteAddress: '127.0.0.1', channel: { tag: 'plain' } } as const;

describe('admission', () => {
  const decide = (change: Partial<AssociateRequest>, address = '127.0.0.1') =>
    admit(request(change), 'EDGESYNC', { remoteAddress: address, channel: { tag: 'plain' } }, loopbackOnly);

  it('lets callers on this PC in, over IPv4 and IPv6, and nobody else', () => {
    expect(decide({}).tag).toBe('admit');
    expect(decide({}, '::1').tag).toBe('admit');
    expect(decide({}, '::ffff:127.0.0.1').tag).toBe('admit');
    expect(decide({}, '192.168.1.7')).toMatchObject({ reject: rejections.callingAeTitleNotRecognized });
    for (const address of ['127.0.0.1.evil', '1270.0.0.1', '::ffff:10.0.0.1', '0.0.0.0', '']) {
      expect(isLoopback(address), address).toBe(false);
    }
  });

  it('gives each rejection its own result, source and reason', () => {
    expect(decide({ protocolVersion: 2 })).toMatchObject({ reject: rejections.protocolVersionNotSupported });
    expect(decide({ applicationContext: '1.2' })).toMatchObject({
      reject: rejections.applicationContextNotSupported,
    });
    expect(decide({ calledAeTitle: 'edgesync' })).toMatchObject({
      reject: rejections.calledAeTitleNotRecognized,
    });
  });

  it('tells staff of unknown callers and wrong titles, not of programs that do not speak DICOM', () => {
    expect(decide({}, '10.0.0.1')).toMatchObject({ because: 'unknown-title' });
    expect(decide({ calledAeTitle: 'OTHER' })).toMatchObject({ because: 'other-called-title' });
    expect(decide({ applicationContext: '1.2' })).toMatchObject({ because: undefined });
  });

  it('refuses a caller whose title is none, before anybody is asked about it', () => {
    const asked: CallerFacts[] = [];
    const answer = admit(request({ callingAeTitle: oddAeTitle }), 'EDGESYNC', loopback, (caller) => {
      asked.push(caller);
      return loopbackOnly(caller);
    });
    expect(answer).toMatchObject({
      tag: 'refuse',
      reject: { source: 1, reason: 3 },
      because: 'odd-title',
    });
    expect(asked).toEqual([]);
  });

  it('passes on who was let in, and what that is asked about', () => {
    const authorized = { tag: 'accept', deviceId: 'a', idleMs: 600_000, allowsClass: () => true } as const;
    const asked: CallerFacts[] = [];
    const { contexts } = request();
    const twice = request({ contexts: [...contexts, { ...contexts[0]!, id: 3 }] });
    const paired = admit(twice, 'EDGESYNC', { ...loopback, remoteAddress: '10.0.0.1' }, (caller) => {
      asked.push(caller);
      return authorized;
    });
    expect(paired).toEqual({ tag: 'admit', authorized });
    expect(asked).toEqual([
      { callingAeTitle: 'CT1', remoteAddress: '10.0.0.1', channel: { tag: 'plain' }, proposedClasses: [ct] },
    ]);
  });
});

describe('negotiation', () => {
  const chosen = (transferSyntaxUids: readonly string[], abstractSyntax = ct) =>
    negotiate(
      request({ contexts: [{ id: 1, abstractSyntax, transferSyntaxes: transferSyntaxUids }] }),
      isStorageSopClass,
    ).accept.contexts[0];

  it('chooses by what is kept best, not by what is offered first', () => {
    const order: [string[], string][] = [
      [[implicitLe, explicitLe], explicitLe],
      [[bigEndian, jpegLossless, implicitLe], implicitLe],
      [[jpegBaseline, bigEndian, jpegLossless], jpegLossless],
      [[jpegBaseline, bigEndian], bigEndian],
      [[jpegBaseline], jpegBaseline],
    ];
    for (const [offered, expected] of order) {
      expect(chosen(offered)).toMatchObject({ result: 'accepted', transferSyntax: expected });
    }
  });

  it('never chooses a lossy syntax where another is offered', () => {
    const lossy = transferSyntaxes.filter((one) => one.compression === 'lossy');
    const others = transferSyntaxes.filter((one) => one.compression !== 'lossy');
    for (const one of lossy) {
      for (const other of others) {
        expect(chosen([one.uid, other.uid])).toMatchObject({ transferSyntax: other.uid });
      }
    }
  });

  it('accepts verification and every Storage SOP class in every syntax that is stored', () => {
    expect(chosen([implicitLe], '1.2.840.10008.1.1')).toMatchObject({ result: 'accepted' });
    for (const { uid } of storageSopClasses)
      expect(chosen([explicitLe], uid)).toMatchObject({ result: 'accepted' });
    for (const { uid } of transferSyntaxes) expect(chosen([uid])).toMatchObject({ transferSyntax: uid });
  });

  it('rejects single contexts with the reason of PS3.8 table 9-18', () => {
    expect(chosen([explicitLe], '1.2.840.10008.5.1.4.1.2.1.1')).toMatchObject({
      result: 'abstract-syntax-not-supported',
    });
    expect(chosen(['1.2.840.10008.1.2.4.94'])).toMatchObject({ result: 'transfer-syntaxes-not-supported' });
  });

  it('accepts storage commitment from whoever may come in, uncompressed', () => {
    const commitment = '1.2.840.10008.1.20.1';
    expect(isServed(commitment, () => false)).toBe(true);
    for (const uid of [implicitLe, explicitLe, '1.2.840.10008.1.2.2'])
      expect(chosen([uid], commitment)).toMatchObject({ result: 'accepted', transferSyntax: uid });
    for (const uid of ['1.2.840.10008.1.2.1.99', '1.2.840.10008.1.2.4.70'])
      expect(chosen([uid], commitment)).toMatchObject({ result: 'transfer-syntaxes-not-supported' });
  });

  it('stays the provider when a peer offers to be one too, and answers an identity only when asked to', () => {
    const roles = [{ sopClass: ct, scu: 'supported', scp: 'supported' }] as const;
    const answer = (identity: 'sent' | 'answer-wanted') =>
      negotiate(request({ user: { ...request().user, roles, identity } }), isStorageSopClass).accept.user;
    expect(answer('sent').roles).toEqual([{ sopClass: ct, scu: 'supported', scp: 'not-supported' }]);
    expect(answer('sent').identity).toBe('none');
    expect(answer('answer-wanted').identity).toBe('answered');
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { implementationClassUid, implementationVersionName } from './implementation.ts';
import {
  decodeAbort,
  decodeAssociateReject,
  encodeAbort,
  encodeAssociateReject,
  encodePDataHeader,
  encodeReleaseRequest,
  encodeReleaseResponse,
  fragmentBytes,
  maxPduBytes,
  ProtocolError,
  rejections,
} from './pdu.ts';

describe('small PDUs', () => {
  it('writes release PDUs byte for byte as PS3.8 tables 9-24 and 9-25', () => {
    expect(encodeReleaseRequest().toString('hex')).toBe('05000000000400000000');
    expect(encodeReleaseResponse().toString('hex')).toBe('06000000000400000000');
  });

  it('writes the rejections with the numbers of PS3.8 table 9-21', () => {
    const hex = (reject: Parameters<typeof encodeAssociateReject>[0]): string =>
      encodeAssociateReject(reject).toString('hex');
    expect(hex(rejections.localLimitExceeded)).toBe('03000000000400020302');
    expect(hex(rejections.calledAeTitleNotRecognized)).toBe('03000000000400010107');
    expect(hex(rejections.callingAeTitleNotRecognized)).toBe('03000000000400010103');
    expect(hex(rejections.applicationContextNotSupported)).toBe('03000000000400010102');
    expect(hex(rejections.protocolVersionNotSupported)).toBe('03000000000400010202');
  });

  it('reads back every rejection and abort it writes', () => {
    for (const reject of Object.values(rejections)) {
      expect(decodeAssociateReject(encodeAssociateReject(reject).subarray(6))).toEqual(reject);
    }
    const abort = { source: 'service-provider', reason: 'unexpected-pdu' } as const;
    expect(encodeAbort(abort).toString('hex')).toBe('07000000000400000202');
    expect(decodeAbort(encodeAbort(abort).subarray(6))).toEqual(abort);
    const byUser = { source: 'service-user', reason: 'not-specified' } as const;
    expect(decodeAbort(encodeAbort(byUser).subarray(6))).toEqual(byUser);
  });

  it('refuses a body of any other length than four bytes', () => {
    for (const length of [0, 1, 3, 5, 100]) {
      expect(() => decodeAbort(Buffer.alloc(length))).toThrow(ProtocolError);
      expect(() => decodeAssociateReject(Buffer.alloc(length))).toThrow(ProtocolError);
    }
  });

  it('writes P-DATA headers with the two control bits of PS3.8 E.2', () => {
    expect(encodePDataHeader(3, 'command', 'last', 10).toString('hex')).toBe('0400000000100000000c0303');
    expect(encodePDataHeader(255, 'dataset', 'more', 0).toString('hex')).toBe('04000000000600000002ff00');
  });
});

describe('fragment size', () => {
  it('is even, leaves room for the PDV header and never exceeds what either side takes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 8, max: 2 ** 32 - 1 }), (peerMax) => {
        const bytes = fragmentBytes(peerMax);
        expect(bytes % 2).toBe(0);
        expect(bytes + 6).toBeLessThanOrEqual(Math.min(peerMax, maxPduBytes));
      }),
    );
  });

  it('takes 0 for no limit and refuses a peer that leaves no room', () => {
    expect(fragmentBytes(0)).toBe(maxPduBytes - 6);
    for (const peerMax of [1, 6, 7]) expect(() => fragmentBytes(peerMax)).toThrow(ProtocolError);
  });
});

describe('implementation identity', () => {
  it('is a UID from a UUID and a version name that fits its VR', () => {
    expect(implementationClassUid).toMatch(/^2\.25\.[1-9][0-9]{0,38}$/);
    expect(implementationVersionName.length).toBeLessThanOrEqual(16);
  });
});

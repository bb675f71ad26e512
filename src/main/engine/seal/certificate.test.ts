import { describe, expect, it } from 'vitest';
import { deriveRecoveryKey, makeRecoveryCertificate } from '../keys/recovery-key.ts';
import { Secret } from '../system/secret.ts';
import { recipientFromCertificate } from './certificate.ts';

const recovery = deriveRecoveryKey(Secret.from(Buffer.alloc(32, 1)));
const pem = await makeRecoveryCertificate(recovery);
const der = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');

function pemOf(bytes: Buffer): string {
  return `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64')}\n-----END CERTIFICATE-----\n`;
}

describe('a certificate as recipient', () => {
  it('is known by its key identifier and by issuer and serial number', () => {
    const read = recipientFromCertificate(pem);
    expect(read.fingerprint).toBe(recovery.fingerprint);
    expect(read.ids).toEqual(recovery.agreement.ids);
    expect(read.recipient.id).toEqual(recovery.agreement.ids[0]);
  });

  it.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['an empty certificate', pemOf(Buffer.alloc(0))],
    ['two certificates', pem + pem],
    ['a private key', pem.replaceAll('CERTIFICATE', 'PRIVATE KEY')],
    ['something huge', pemOf(Buffer.alloc(100_000))],
    ['a sealed object', pemOf(Buffer.from('3080060b2a864886f70d0109100117a080', 'hex'))],
  ])('is refused for %s, and the reason is no secret', (_name, text) => {
    expect(() => recipientFromCertificate(text)).toThrow('cannot be used to seal');
  });

  it('is refused or read the same, but never crashes, with any byte changed or cut off', () => {
    for (let at = 0; at < der.length; at += 1) {
      for (const bytes of [der.subarray(0, at), changed(at)]) {
        try {
          expect(recipientFromCertificate(pemOf(bytes)).recipient.tag).toBe('agreement');
        } catch (error) {
          expect(error).toMatchObject({ code: 'certificate-unusable' });
        }
      }
    }
  });

  it('is refused when its point is not on the curve', () => {
    const at = der.indexOf(recovery.coordinates) + 63;
    expect(() => recipientFromCertificate(pemOf(changed(at)))).toThrow('cannot be used to seal');
  });
});

function changed(at: number): Buffer {
  const copy = Buffer.from(der);
  copy[at] = (copy[at] ?? 0) ^ 0x55;
  return copy;
}

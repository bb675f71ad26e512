import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { recipientFromCertificate } from '../seal/certificate.ts';
import { entropyFromWords } from './recovery-words.ts';
import { deriveRecoveryKey, exportRecoveryKey, makeRecoveryCertificate } from './recovery-key.ts';

/** BIP-39's own test vector for 32 zero bytes. */
const words = [...Array.from({ length: 23 }, () => 'abandon'), 'art'];
const key = deriveRecoveryKey(entropyFromWords(words));

describe('the recovery key', () => {
  it('never changes for the same words: printed kits depend on it', () => {
    expect(key.fingerprint).toBe('4e672b5ff820bb258210b9edae4021491cfd922a61d9a375e804d38c53d1dd6d');
  });

  it('is exported with a certificate for it, from the words alone', async () => {
    const exported = await exportRecoveryKey(words);
    expect(exported.fingerprint).toBe(key.fingerprint);
    expect(exported.keyPem.revealText()).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    const certificate = new X509Certificate(exported.certificatePem);
    expect(certificate.checkPrivateKey(key.agreement.privateKey)).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
  });

  it('gets the same identity in every certificate made for it; only the signature differs', async () => {
    const [one, two] = await Promise.all([makeRecoveryCertificate(key), makeRecoveryCertificate(key)]);
    const facts = [one, two].map((pem) => {
      const { serialNumber, subject, validFrom, validTo } = new X509Certificate(pem);
      return { serialNumber, subject, validFrom, validTo, ids: recipientFromCertificate(pem).ids };
    });
    expect(facts[0]).toEqual(facts[1]);
    expect(one).not.toBe(two);
    expect(recipientFromCertificate(one).ids).toEqual(key.agreement.ids);
    expect(recipientFromCertificate(one).fingerprint).toBe(key.fingerprint);
  });
});

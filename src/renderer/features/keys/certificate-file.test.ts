import { describe, expect, it } from 'vitest';
import { certificateTextOf } from './certificate-file.ts';

const der = Uint8Array.from({ length: 300 }, (_, index) => (index === 0 ? 0x30 : index % 256));
const bytes = (text: string) => new TextEncoder().encode(text);

describe('a certificate’s file', () => {
  it('in DER becomes PEM with lines of 64', () => {
    const pem = certificateTextOf(der) ?? '';
    const lines = pem.trimEnd().split('\n');
    expect(lines[0]).toBe('-----BEGIN CERTIFICATE-----');
    expect(lines.at(-1)).toBe('-----END CERTIFICATE-----');
    expect(lines[1]).toHaveLength(64);
    expect(Buffer.from(lines.slice(1, -1).join(''), 'base64')).toEqual(Buffer.from(der));
  });

  it('in PEM is taken without what stands around it, a private key least of all', () => {
    const certificate = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';
    const key = '-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----';
    expect(certificateTextOf(bytes(`${key}\nsubject=x\n${certificate}\n${key}`))).toBe(`${certificate}\n`);
  });

  it('without a certificate is none', () => {
    expect(certificateTextOf(bytes('hello'))).toBeUndefined();
    expect(certificateTextOf(bytes('-----BEGIN CERTIFICATE-----\nAAAA'))).toBeUndefined();
    expect(certificateTextOf(new Uint8Array(0))).toBeUndefined();
  });

  it('too large for the engine is none', () => {
    expect(certificateTextOf(new Uint8Array(16_000).fill(0x30))).toBeUndefined();
  });
});

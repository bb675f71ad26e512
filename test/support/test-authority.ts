/** An authority of a test's own, and what it issues: for servers and clients on loopback. */
import { randomBytes } from 'node:crypto';
import { generateKey, keyPem, publicKeyOf } from '../../src/main/engine/certificates/keys.ts';
import { issueLeaf, makeCa } from '../../src/main/engine/certificates/x509.ts';

export interface Leaf {
  /** PEM. */
  readonly certificate: string;
  /** PKCS#8, PEM. */
  readonly key: string;
}

export interface TestAuthority {
  /** PEM. */
  readonly certificate: string;
  server(): Promise<Leaf>;
  client(name: string): Promise<Leaf>;
}

const hourMs = 3_600_000;

export async function makeTestAuthority(name = 'Test authority'): Promise<TestAuthority> {
  const now = Date.now();
  const validity = { notBefore: new Date(now - hourMs), notAfter: new Date(now + 24 * hourMs) };
  const key = await generateKey('ecdsa-p256');
  const serial = (): Buffer => randomBytes(16);
  const certificate = await makeCa({
    commonName: name,
    organization: 'Test',
    key,
    validity,
    serial: serial(),
  });
  const leaf = async (commonName: string, hosts: readonly string[]): Promise<Leaf> => {
    const own = await generateKey('ecdsa-p256');
    const issued = await issueLeaf(
      { commonName, hosts, spki: publicKeyOf(own), validity, serial: serial() },
      { certificatePem: certificate, key },
    );
    return { certificate: issued, key: keyPem(own).revealText() };
  };
  return {
    certificate,
    server: () => leaf('localhost', ['localhost', '127.0.0.1']),
    client: (client) => leaf(client, []),
  };
}

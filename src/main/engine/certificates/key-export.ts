/** How the private key of a device leaves: once. */
import { assertNever } from '../../../shared/assert-never.ts';
import type { IssuedKey, KeyFormat } from '../../../shared/contract-certificates.ts';
import { Secret } from '../system/secret.ts';
import type { Issued } from './certificates.ts';
import { keyPem } from './keys.ts';
import { certificatesIn } from './pem.ts';
import { encryptedKeyPem, makePkcs12 } from './pkcs12.ts';

/** `key`: PKCS#8, DER; stays the caller's to wipe. */
export async function wrapKey(key: Secret, format: KeyFormat, issued: Issued): Promise<IssuedKey> {
  switch (format.tag) {
    case 'pem':
      return { tag: 'pem', pem: keyPem(key).revealText() };
    case 'encrypted-pem':
      return { tag: 'pem', pem: await encryptedKeyPem(key, Secret.fromText(format.passphrase)) };
    case 'pkcs12': {
      const content = {
        friendlyName: issued.certificate.name,
        certificatePem: issued.certificatePem,
        chainPem: [...new Set(certificatesIn(issued.chainPem + issued.trustPem).map(({ pem }) => pem))],
        key,
      };
      const file = await makePkcs12(content, Secret.fromText(format.passphrase));
      return { tag: 'pkcs12', base64: file.reveal().toString('base64') };
    }
    default:
      return assertNever(format);
  }
}

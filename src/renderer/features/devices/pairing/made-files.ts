/** A certificate as the files that a device takes: made, signed for its request, or renewed. */
import type {
  CertificateSummary,
  IssuedKey,
  KeyFormat,
  KeyKind,
  RenewRequest,
} from '../../../../shared/contract-certificates.ts';
import type { EngineClient } from '../../../transport/transport.ts';
import { fileStem } from './file-stem.ts';

export type FileKind = 'pkcs12' | 'certificate' | 'key' | 'chain' | 'ca';

export interface MadeFile {
  readonly kind: FileKind;
  readonly fileName: string;
  readonly content: string | Uint8Array<ArrayBuffer>;
}

export type CertificateOrder =
  | { readonly tag: 'issue'; readonly name: string; readonly kind: KeyKind; readonly format: KeyFormat }
  | { readonly tag: 'sign'; readonly name: string; readonly requestPem: string }
  | {
      readonly tag: 'renew';
      readonly certificate: CertificateSummary;
      /** `same`: the device keeps its private key. */
      readonly key: Extract<RenewRequest, { tag: 'device' }>['key'];
    };

/** Asks the engine, and names the files after the device. Keys are in the answer alone. */
export async function makeFiles(client: EngineClient, order: CertificateOrder): Promise<readonly MadeFile[]> {
  switch (order.tag) {
    case 'issue': {
      const { name, kind, format } = order;
      return filesOf(name, await client.certificates.issue({ name, key: kind, format }));
    }
    case 'sign': {
      const { name, requestPem } = order;
      return filesOf(name, { ...(await client.certificates.sign({ requestPem, name })), key: null });
    }
    case 'renew': {
      const { certificate, key } = order;
      return filesOf(
        certificate.name,
        await client.certificates.renew({ tag: 'device', id: certificate.id, key }),
      );
    }
  }
}

interface Issued {
  readonly certificatePem: string;
  readonly chainPem: string;
  readonly trustPem: string;
  readonly key: IssuedKey | null;
}

function filesOf(name: string, { certificatePem, chainPem, trustPem, key }: Issued): readonly MadeFile[] {
  const stem = fileStem(name);
  const trust: MadeFile = { kind: 'ca', fileName: `${stem}-ca.pem`, content: trustPem };
  if (key?.tag === 'pkcs12')
    return [
      {
        kind: 'pkcs12',
        fileName: `${stem}.p12`,
        content: Uint8Array.from(atob(key.base64), (letter) => letter.charCodeAt(0)),
      },
      trust,
    ];
  return [
    { kind: 'certificate', fileName: `${stem}.crt.pem`, content: certificatePem },
    ...(key === null ? [] : [{ kind: 'key' as const, fileName: `${stem}.key.pem`, content: key.pem }]),
    ...(chainPem.trim() === ''
      ? []
      : [{ kind: 'chain' as const, fileName: `${stem}-chain.pem`, content: chainPem }]),
    trust,
  ];
}

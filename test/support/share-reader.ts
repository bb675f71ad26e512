/**
 * Opens a shared link as a recipient's program does, with nothing of ours but the reader of sealed objects: proves the
 * format apart from the browser. Refuses what does not belong to the link.
 */
import { createHash, hkdfSync, scryptSync } from 'node:crypto';
import { EnvelopeReaders, openWhole } from '../../src/main/engine/seal/envelope-reader.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';

export interface SharedFile {
  readonly url: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
  readonly transferSyntaxUid: string;
  readonly seriesInstanceUid: string;
  readonly modality?: string;
}

export interface SharedIndex {
  readonly format: string;
  readonly version: number;
  readonly shareId: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly practice: string;
  readonly study: { readonly studyInstanceUid: string; readonly patientName?: string };
  readonly files: readonly SharedFile[];
}

export interface LinkParts {
  readonly viewer: string;
  readonly indexUrl: string;
  readonly shareId: string;
  readonly kek: Buffer;
}

/** Takes a link apart and derives its key. */
export function readLink(link: string, passcode?: string): LinkParts {
  const [viewer = '', fragment = ''] = link.split('#');
  const [version, address = '', kind, secret = '', salt = '', logN = ''] = fragment.split('.');
  if (version !== 'v1') throw new Error('not a link of version 1');
  const indexUrl = Buffer.from(address, 'base64url').toString('utf8');
  const shareId = new URL(indexUrl).pathname.split('/').at(-2) ?? '';
  let material = Buffer.from(secret, 'base64url');
  if (material.length !== 32) throw new Error('the secret has 32 bytes');
  if (kind === 'p') {
    const stretched = scryptSync((passcode ?? '').normalize('NFKC'), Buffer.from(salt, 'base64url'), 32, {
      N: 2 ** Number(logN),
      r: 8,
      p: 1,
      maxmem: 2 ** 29,
    });
    material = Buffer.concat([material, stretched]);
  } else if (kind !== 'k') {
    throw new Error('unknown kind of key');
  }
  const kek = hkdfSync('sha256', material, Buffer.alloc(0), 'edge-sync share kek v1', 32);
  return { viewer, indexUrl, shareId, kek: Buffer.from(kek) };
}

/** Opens one sealed object with the key of a link; the object must name this share. */
export function openShared({ shareId, kek }: Pick<LinkParts, 'shareId' | 'kek'>, sealed: Buffer): Buffer {
  const readers = new EnvelopeReaders({
    kek: (id) => (id.toString('hex') === shareId ? Secret.from(kek) : undefined),
    agreements: [],
  });
  return openWhole(readers, sealed);
}

export function readIndex(parts: LinkParts, sealed: Buffer): SharedIndex {
  const index = JSON.parse(openShared(parts, sealed).toString('utf8')) as SharedIndex;
  if (index.format !== 'edge-sync-share' || index.version !== 1) throw new Error('not an index');
  if (index.shareId !== parts.shareId) throw new Error('the index of another share');
  return index;
}

/** Everything a recipient gets. */
export async function openLink(
  link: string,
  passcode?: string,
): Promise<{ readonly index: SharedIndex; readonly files: readonly Buffer[] }> {
  const parts = readLink(link, passcode);
  const index = readIndex(parts, await download(parts.indexUrl));
  const files: Buffer[] = [];
  for (const file of index.files) {
    const opened = openShared(parts, await download(file.url));
    const sha256 = createHash('sha256').update(opened).digest('hex');
    if (opened.length !== file.sizeBytes || sha256 !== file.sha256) throw new Error('another file');
    files.push(opened);
  }
  return { index, files };
}

/** Rejects with the status for anything but 200. */
export async function download(url: string): Promise<Buffer> {
  const answer = await fetch(url, { headers: { origin: 'null' } });
  const body = Buffer.from(await answer.arrayBuffer());
  if (answer.status !== 200) throw new Error(`status ${answer.status}`);
  return body;
}

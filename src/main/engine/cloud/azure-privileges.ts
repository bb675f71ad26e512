import type { ContainerClient } from '@azure/storage-blob';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { RunRequest } from './azure-blocks.ts';
import { judged, note, warning, type Finding } from './privileges.ts';

const dayMs = 24 * 60 * 60_000;
/** A signature that ends sooner is worth a word: uploads stop with it. */
const endsSoonMs = 30 * dayMs;

/** Letters of `sp` beyond read, create, write and list, by what they allow. */
const beyond: Readonly<Record<string, string>> = {
  d: 'delete',
  x: 'delete versions of',
  y: 'delete for good',
  m: 'move',
  p: 'change the rights of',
  o: 'change the owner of',
  i: 'change the immutability of',
};

export interface AzureAccess {
  readonly container: ContainerClient;
  readonly signIn: 'account-key' | 'sas' | 'entra';
  /** Query string of the shared access signature. */
  readonly sas: string;
  /** Whole name of an object that is there (the probe). */
  readonly probe: string;
  readonly run: RunRequest;
}

/** What the credential says of itself, and what container and probe object tell of versions and immutability. */
export async function inspectAzure(
  access: AzureAccess,
  nowMs: number,
  signal: AbortSignal | undefined,
): Promise<readonly Finding[]> {
  const protection = await protectionOf(access, signal);
  const own = note(`Container: ${protection.how}.`);
  switch (access.signIn) {
    case 'account-key':
      return [
        warning(
          'An account key can do everything in the whole storage account, deleting containers included: use a shared access signature or a service principal (docs/cloud-setup.md).',
        ),
        judged('delete and overwrite', protection.tag, protection.how),
        own,
      ];
    case 'entra':
      return [
        note(
          'What the app may do is set by its role in the portal and cannot be asked for: "Storage Blob Data Contributor" can also delete (docs/cloud-setup.md).',
        ),
        ...(protection.tag === 'protected' ? [] : [judged('overwrite', protection.tag, protection.how)]),
        own,
      ];
    case 'sas':
      return [...signatureFindings(access.sas, protection, nowMs), own];
  }
}

interface Protection {
  readonly tag: 'protected' | 'unprotected' | 'unknown';
  readonly how: string;
}

/** What the letters, the end and the protocol of a shared access signature mean. */
export function signatureFindings(sas: string, protection: Protection, nowMs: number): readonly Finding[] {
  const query = new URLSearchParams(sas);
  const letters = query.get('sp') ?? '';
  const found: Finding[] = [];
  if (letters === '') {
    found.push(
      note('What the signature allows stands in a stored access policy and cannot be seen from here.'),
    );
  }
  for (const [letter, name] of [
    ['r', 'Read'],
    ['c', 'Create'],
    ['w', 'Write'],
    ['l', 'List'],
  ] as const) {
    if (letters !== '' && !letters.includes(letter)) {
      found.push(warning(`The signature lacks ${name} (${letter}), which is needed.`));
    }
  }
  const more = Object.entries(beyond).filter(([letter]) => letters.includes(letter));
  const can = [...more.map(([, verb]) => verb), ...(letters.includes('w') ? ['overwrite'] : [])];
  if (can.length > 0) found.push(judged(listed(can), protection.tag, protection.how));
  if (more.length > 0) {
    found.push(
      warning(
        `The signature allows more than is needed: leave out ${more.map(([letter]) => letter).join(', ')}.`,
      ),
    );
  }
  if (query.get('spr')?.includes('http,') === true || query.get('spr')?.endsWith(',http') === true) {
    found.push(warning('The signature may be used over plain http: restrict it to https.'));
  }
  const end = Date.parse(query.get('se') ?? '');
  if (!Number.isNaN(end) && end - nowMs < endsSoonMs) {
    const days = Math.floor((end - nowMs) / dayMs);
    found.push(
      days < 0
        ? warning('The signature has ended: make a new one.')
        : warning(`The signature ends in ${days} days: uploads stop then. Store a new one before.`),
    );
  }
  return found;
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
}

async function protectionOf(access: AzureAccess, signal: AbortSignal | undefined): Promise<Protection> {
  const container = await told(
    access.run(0, signal, (abortSignal) => access.container.getProperties({ abortSignal })),
  );
  if (container?.hasImmutabilityPolicy === true)
    return { tag: 'protected', how: 'an immutability policy is on' };
  if (container?.hasLegalHold === true) return { tag: 'protected', how: 'a legal hold is on' };
  const probe = await told(
    access.run(0, signal, (abortSignal) =>
      access.container.getBlobClient(access.probe).getProperties({ abortSignal }),
    ),
  );
  // Only where versions are kept has an object the name of one.
  if (probe?.versionId !== undefined) return { tag: 'protected', how: 'older versions are kept' };
  return container === undefined || probe === undefined
    ? { tag: 'unknown', how: 'this credential may not see whether versions are kept' }
    : { tag: 'unprotected', how: 'no versions are kept and no immutability policy is on' };
}

async function told<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (
      error instanceof EdgeSyncError &&
      ['cloud-auth', 'cloud-refused', 'object-missing'].includes(error.code)
    ) {
      return undefined;
    }
    throw error;
  }
}

import type { ContainerClient } from '@azure/storage-blob';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { RunRequest } from './azure-blocks.ts';
import type { FindingHow, FindingVerb } from '../../../shared/credential-findings.ts';
import { found, judged, type Finding } from './privileges.ts';

const dayMs = 24 * 60 * 60_000;
/** A signature that ends sooner is worth a word: uploads stop with it. */
const endsSoonMs = 30 * dayMs;

/** Letters of `sp` beyond read, create, write and list, by what they allow. */
const beyond: Readonly<Record<string, FindingVerb>> = {
  d: 'delete',
  x: 'delete-versions',
  y: 'delete-for-good',
  m: 'move',
  p: 'change-rights',
  o: 'change-owner',
  i: 'change-immutability',
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
  const own = found('note', { code: 'container', how: protection.how });
  switch (access.signIn) {
    case 'account-key':
      return [
        found('warning', { code: 'account-key' }),
        judged(['delete', 'overwrite'], protection.tag, protection.how),
        own,
      ];
    case 'entra':
      return [
        found('note', { code: 'entra-role' }),
        ...(protection.tag === 'protected' ? [] : [judged(['overwrite'], protection.tag, protection.how)]),
        own,
      ];
    case 'sas':
      return [...signatureFindings(access.sas, protection, nowMs), own];
  }
}

interface Protection {
  readonly tag: 'protected' | 'unprotected' | 'unknown';
  readonly how: FindingHow;
}

/** What the letters, the end and the protocol of a shared access signature mean. */
export function signatureFindings(sas: string, protection: Protection, nowMs: number): readonly Finding[] {
  const query = new URLSearchParams(sas);
  const letters = query.get('sp') ?? '';
  const findings: Finding[] = [];
  if (letters === '') {
    findings.push(found('note', { code: 'stored-policy' }));
  }
  for (const letter of ['r', 'c', 'w', 'l']) {
    if (letters !== '' && !letters.includes(letter)) {
      findings.push(found('warning', { code: 'right-missing', letters: [letter] }));
    }
  }
  const more = Object.entries(beyond).filter(([letter]) => letters.includes(letter));
  const can = [...more.map(([, verb]) => verb), ...(letters.includes('w') ? (['overwrite'] as const) : [])];
  if (can.length > 0) findings.push(judged(can, protection.tag, protection.how));
  if (more.length > 0) {
    findings.push(found('warning', { code: 'rights-beyond', letters: more.map(([letter]) => letter) }));
  }
  if (query.get('spr')?.includes('http,') === true || query.get('spr')?.endsWith(',http') === true) {
    findings.push(found('warning', { code: 'plain-http' }));
  }
  const end = Date.parse(query.get('se') ?? '');
  if (!Number.isNaN(end) && end - nowMs < endsSoonMs) {
    const days = Math.floor((end - nowMs) / dayMs);
    findings.push(
      found('warning', days < 0 ? { code: 'signature-ended' } : { code: 'signature-ends', days }),
    );
  }
  return findings;
}

async function protectionOf(access: AzureAccess, signal: AbortSignal | undefined): Promise<Protection> {
  const container = await told(
    access.run(0, signal, (abortSignal) => access.container.getProperties({ abortSignal })),
  );
  if (container?.hasImmutabilityPolicy === true) return { tag: 'protected', how: 'immutability-policy' };
  if (container?.hasLegalHold === true) return { tag: 'protected', how: 'legal-hold' };
  const probe = await told(
    access.run(0, signal, (abortSignal) =>
      access.container.getBlobClient(access.probe).getProperties({ abortSignal }),
    ),
  );
  // Only where versions are kept has an object the name of one.
  if (probe?.versionId !== undefined) return { tag: 'protected', how: 'versions-kept' };
  return container === undefined || probe === undefined
    ? { tag: 'unknown', how: 'not-to-be-seen' }
    : { tag: 'unprotected', how: 'nothing-kept' };
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

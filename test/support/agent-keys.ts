/** What an engine says of its keys, and the kit it hands out, for tests of the page. The words open nothing. */
import { createHash } from 'node:crypto';
import type { BackupSummary, CloudProblem } from '../../src/shared/contract-backup.ts';
import type { KeysStatus, RecipientFacts } from '../../src/shared/contract-keys.ts';
import type { CreatedRecovery, Custody, KitRequest } from '../../src/shared/contract-recovery.ts';
import { deriveRecoveryKey } from '../../src/main/engine/keys/recovery-key.ts';
import { entropyFromWords, wordsFromEntropy } from '../../src/main/engine/keys/recovery-words.ts';
import { handOut } from '../../src/main/engine/kit/kit.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';

const dayMs = 86_400_000;
const digest = (text: string) => createHash('sha256').update(text).digest();
const daysAgo = (days: number) => new Date(Date.now() - days * dayMs).toISOString();
const installationId = digest('installation').toString('hex').slice(0, 32);

/** Words of a real kit, of an archive that does not exist. */
export const kitWords = wordsFromEntropy(Secret.from(digest('a clinic that does not exist')));
export const kitFingerprint = deriveRecoveryKey(entropyFromWords(kitWords)).fingerprint;
export const otherFingerprint = digest('another kit').toString('hex');

/** As the engine hands it out, pages included. */
export function handedOut(wanted: {
  readonly custody: Custody;
  readonly kit?: KitRequest | undefined;
}): Promise<CreatedRecovery> {
  const facts = {
    installationName: 'front-desk',
    installationId,
    archiveId: digest('archive').toString('hex').slice(0, 32),
    programVersion: '0.1.0',
    createdAtMs: Date.now(),
    destinations: [
      {
        name: 'cloud',
        kind: 'azure' as const,
        endpoint: 'https://clinic.example.test',
        settings: [['container', 'images'] as const],
        head: undefined,
      },
    ],
  };
  return handOut(kitWords, facts, wanted);
}

export function keysStatus(change: Partial<KeysStatus> = {}): KeysStatus {
  return {
    installationId,
    archiveId: digest('archive').toString('hex').slice(0, 32),
    keyStore: 'passphrase',
    deviceKeySince: daysAgo(140),
    epoch: 3,
    epochSince: daysAgo(60),
    recovery: {
      state: 'proven',
      kit: { fingerprint: kitFingerprint, createdAt: daysAgo(140) },
      provenAt: daysAgo(20),
      next: null,
      replaced: [
        {
          fingerprint: otherFingerprint,
          createdAt: daysAgo(400),
          retiredAt: daysAgo(140),
        },
      ],
    },
    recipients: [
      recipient(),
      recipient({
        name: 'Dr. Roe',
        fingerprint: digest('roe').toString('hex'),
        state: 'expired',
        notAfter: daysAgo(3),
      }),
    ],
    ...change,
  };
}

/** New words made, not checked yet. */
export const replacing = (): KeysStatus => {
  const { recovery, ...rest } = keysStatus();
  return {
    ...rest,
    recovery: {
      ...recovery,
      state: 'replacing',
      next: { fingerprint: digest('the next kit').toString('hex'), createdAt: daysAgo(0) },
    },
  };
};

export function recipient(change: Partial<RecipientFacts> = {}): RecipientFacts {
  return {
    name: 'Harbour Street practice',
    fingerprint: digest('harbour').toString('hex'),
    subject: 'CN=Harbour Street practice',
    issuer: 'CN=Practice network CA',
    notBefore: daysAgo(100),
    notAfter: new Date(Date.now() + 600 * dayMs).toISOString(),
    addedAt: daysAgo(30),
    state: 'in-force',
    ...change,
  };
}

export function backup(change: Partial<BackupSummary> = {}): BackupSummary {
  return {
    destination: 'cloud',
    installationId,
    own: true,
    name: 'front-desk',
    aeTitle: 'EDGESYNC',
    number: 41,
    writtenAt: daysAgo(2),
    devices: 3,
    missing: 0,
    refused: 0,
    ...change,
  };
}

export interface KeyAnswers {
  status: KeysStatus;
  backups: readonly BackupSummary[];
  problems: readonly CloudProblem[];
}

export const keyAnswers = (): KeyAnswers => ({
  status: keysStatus(),
  backups: [
    backup(),
    backup({
      own: false,
      name: 'back-office',
      installationId: digest('b').toString('hex').slice(0, 32),
      number: 7,
    }),
  ],
  problems: [],
});

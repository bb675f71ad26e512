import { createHash } from 'node:crypto';
import { assertNever } from '../../../shared/assert-never.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { KeyStore, Random } from '../ports.ts';
import { maxKeyStoreEntryBytes } from '../system/key-store-limits.ts';
import { Secret } from '../system/secret.ts';

/** A sign-in to Entra has some thousand bytes; more than this is no credential. */
export const maxDestinationSecretBytes = 20_000;
const mostParts = Math.ceil(maxDestinationSecretBytes / maxKeyStoreEntryBytes);
/** What stands in a destination's entry when its credential lies in several others: their set, count and hash. */
const partsPattern = /^edge-sync-parts 1 ([0-9a-f]{8}) ([1-9][0-9]?) ([0-9a-f]{64})$/;

/** Where a destination's credential lies in the key store. */
export function destinationSecretName(destination: string): string {
  return `secret-${destination}`;
}

/** Names of destinations have no dots. */
function partName(destination: string, set: string, index: number): string {
  return `${destinationSecretName(destination)}.${set}.${index}`;
}

/**
 * A destination's credential: what came with the command (environment) wins over the key store. undefined when neither
 * has it; throws keychain-unavailable, passphrase-* when the key store cannot say.
 */
export async function destinationSecret(
  destination: string,
  given: ReadonlyMap<string, Secret>,
  keyStore: KeyStore,
): Promise<Secret | undefined> {
  const fromCommand = given.get(destination);
  if (fromCommand !== undefined) return fromCommand;
  const whole = await entry(keyStore, destinationSecretName(destination));
  const parts = whole === undefined ? undefined : partsOf(whole);
  if (parts === undefined) return whole;
  const found = await Promise.all(
    Array.from({ length: parts.count }, (_, index) =>
      entry(keyStore, partName(destination, parts.set, index)),
    ),
  );
  const bytes = Buffer.concat(found.map((part) => part?.reveal() ?? Buffer.alloc(0)));
  // Lost in part: as if it were not there, so that it is asked for again.
  return createHash('sha256').update(bytes).digest('hex') === parts.sha256 ? Secret.from(bytes) : undefined;
}

/** What is written to one key store is written one after the other: parts of two credentials must not mix. */
const turns = new WeakMap<KeyStore, Promise<unknown>>();

function inTurn<T>(keyStore: KeyStore, work: () => Promise<T>): Promise<T> {
  const turn = (turns.get(keyStore) ?? Promise.resolve()).then(work, work);
  turns.set(keyStore, turn);
  return turn;
}

/**
 * Stores a destination's credential, in several entries when it is too long for one. The old one stands until the new one
 * is whole. @throws EdgeSyncError `cloud-secret-malformed`; what the key store throws.
 */
export function storeDestinationSecret(
  destination: string,
  secret: Secret,
  keyStore: KeyStore,
  random: Random,
): Promise<void> {
  return inTurn(keyStore, () => store(destination, secret, keyStore, random));
}

/**
 * As `storeDestinationSecret`, but only in the place of what `isReplaced` is true for: a credential that somebody has
 * entered meanwhile stays. @returns whether it was stored.
 */
export function renewDestinationSecret(
  destination: string,
  isReplaced: (current: Secret) => boolean,
  secret: Secret,
  keyStore: KeyStore,
  random: Random,
): Promise<boolean> {
  return inTurn(keyStore, async () => {
    const current = await destinationSecret(destination, new Map(), keyStore);
    if (current === undefined || !isReplaced(current)) return false;
    await store(destination, secret, keyStore, random);
    return true;
  });
}

async function store(destination: string, secret: Secret, keyStore: KeyStore, random: Random): Promise<void> {
  if (secret.sizeBytes > maxDestinationSecretBytes) {
    throw new EdgeSyncError('cloud-secret-malformed', 'it is too long');
  }
  const name = destinationSecretName(destination);
  const old = await knownParts(destination, keyStore);
  if (secret.sizeBytes <= maxKeyStoreEntryBytes) {
    await keyStore.write(name, secret);
  } else {
    const set = random.bytes(4).toString('hex');
    const bytes = secret.reveal();
    const count = Math.ceil(bytes.length / maxKeyStoreEntryBytes);
    for (let index = 0; index < count; index += 1) {
      const part = bytes.subarray(index * maxKeyStoreEntryBytes, (index + 1) * maxKeyStoreEntryBytes);
      await keyStore.write(partName(destination, set, index), Secret.from(part));
    }
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await keyStore.write(name, Secret.fromText(`edge-sync-parts 1 ${set} ${count} ${sha256}`));
  }
  await removeAll(old, keyStore);
}

/** Forgets it, with all its parts. */
export function removeDestinationSecret(destination: string, keyStore: KeyStore): Promise<void> {
  return inTurn(keyStore, async () => {
    const parts = await knownParts(destination, keyStore);
    await keyStore.remove(destinationSecretName(destination));
    await removeAll(parts, keyStore);
  });
}

async function knownParts(destination: string, keyStore: KeyStore): Promise<readonly string[]> {
  const whole = await entry(keyStore, destinationSecretName(destination));
  const parts = whole === undefined ? undefined : partsOf(whole);
  return parts === undefined
    ? []
    : Array.from({ length: parts.count }, (_, index) => partName(destination, parts.set, index));
}

async function removeAll(names: readonly string[], keyStore: KeyStore): Promise<void> {
  for (const name of names) await keyStore.remove(name);
}

function partsOf(
  secret: Secret,
): { readonly set: string; readonly count: number; readonly sha256: string } | undefined {
  const [, set, count, sha256] = partsPattern.exec(secret.revealText()) ?? [];
  if (set === undefined || sha256 === undefined || Number(count) > mostParts) return undefined;
  return { set, count: Number(count), sha256 };
}

async function entry(keyStore: KeyStore, name: string): Promise<Secret | undefined> {
  const read = await keyStore.read(name);
  switch (read.tag) {
    case 'present':
      return read.secret;
    case 'absent':
      return undefined;
    case 'unavailable':
      throw read.error;
    default:
      return assertNever(read);
  }
}

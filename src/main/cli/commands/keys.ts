/** `edge-sync keys`, `edge-sync recipients`, `edge-sync recovery replace` and `recovery adopt`. */
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import type { KeysStatus, RecipientFacts } from '../../../shared/contract-keys.ts';
import { archivesOf } from '../../../shared/destination-settings.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { adoptInstallation } from '../../engine/adopt-keys.ts';
import { Engine } from '../../engine/engine.ts';
import { recordFits } from '../../engine/keys/words-records.ts';
import { findArchiveKeyRecords } from '../../engine/restore/archive-key-records.ts';
import type { Secret } from '../../engine/system/secret.ts';
import type { EngineClient } from '../../rpc/client.ts';
import { cancellable } from '../cancellable.ts';
import { connectToDestination } from '../cloud-connection.ts';
import { SystemClock } from '../../engine/system/clock.ts';
import { engineOptions } from '../engine-options.ts';
import { exitCode } from '../exit-codes.ts';
import type { Installation } from '../installation.ts';
import type { Output } from '../output.ts';
import { readWords } from '../words-input.ts';
import { givenOut, type KitOptions } from './recovery.ts';
import type { Format } from '../option-values.ts';

/** The longest certificate we take, as PEM. */
const maxCertificateBytes = 16 * 1024;

/** Whether the person has said yes beforehand (`--yes`) or is asked. */
export type Consent = 'given' | 'ask';

export async function runKeysStatus(client: EngineClient, format: Format, output: Output): Promise<number> {
  const status = await client.keys.status();
  if (format === 'json') return json(status, output);
  for (const line of statusLines(status)) output.out(line);
  return exitCode.ok;
}

function statusLines(status: KeysStatus): readonly string[] {
  const { recovery } = status;
  const since = (at: string | null): string => (at === null ? '' : `, since ${day(at)}`);
  return [
    `Installation   ${status.installationId}`,
    `Archive        ${status.archiveId}`,
    `Device key     in the ${status.keyStore === 'keychain' ? 'keychain' : 'key file, under the passphrase'}${since(status.deviceKeySince)}`,
    `Epoch          ${status.epoch}${since(status.epochSince)}`,
    `Recovery kit   ${recovery.kit === null ? 'none: run `edge-sync recovery create`' : recovery.kit.fingerprint}`,
    ...(recovery.kit === null
      ? []
      : [
          `               ${recovery.provenAt === null ? 'not proven yet: run `edge-sync recovery check`' : `proven on ${day(recovery.provenAt)}`}`,
        ]),
    ...(recovery.next === null
      ? []
      : [
          `New kit        ${recovery.next.fingerprint}`,
          '               waits to be proven: run `edge-sync recovery check` with the new words; until then both kits open new images',
        ]),
    ...recovery.replaced.map(
      ({ fingerprint, retiredAt }) =>
        `Replaced kit   ${fingerprint}, until ${day(retiredAt)}; its words still open what was sealed before`,
    ),
    ...status.recipients.map((one) => `Recipient      ${recipientLine(one)}`),
  ];
}

export async function runRotateDevice(
  client: EngineClient,
  options: { readonly consent: Consent; readonly format: Format },
  output: Output,
): Promise<number> {
  await confirm(
    options.consent,
    'A new device key is made and the old one removed. A copy of keys.json from before opens nothing any more.',
  );
  await client.keys.rotateDevice();
  if (options.format === 'json') return json({ rotated: true }, output);
  output.out('The device key is new. Nothing else has changed: images and recovery words stay as they are.');
  return exitCode.ok;
}

export async function runNewEpoch(
  client: EngineClient,
  options: { readonly consent: Consent; readonly format: Format },
  output: Output,
): Promise<number> {
  await confirm(
    options.consent,
    'Images from now on are sealed under a new archive key-encryption key; earlier ones stay readable.',
  );
  const { epoch } = await client.keys.newEpoch();
  if (options.format === 'json') return json({ epoch }, output);
  output.out(`New images are sealed in epoch ${epoch}. Earlier ones stay readable; the recovery words stay.`);
  return exitCode.ok;
}

/** Passphrases never stand in arguments: they come from a file, a descriptor or the terminal. */
export async function runChangePassphrase(
  client: EngineClient,
  options: { readonly current: Secret; readonly next: Secret; readonly format: Format },
  output: Output,
): Promise<number> {
  const { current, next } = options;
  await client.keys.changePassphrase({ current: current.revealText(), next: next.revealText() });
  if (options.format === 'json') return json({ changed: true }, output);
  output.out('The passphrase is changed. The old one opens nothing any more.');
  output.out(
    'Put the new one where the engine gets it at its next start (--passphrase-file or environment).',
  );
  return exitCode.ok;
}

export async function runRecoveryReplace(
  client: EngineClient,
  options: KitOptions & { readonly mode: 'begin' | 'again'; readonly consent: Consent },
  output: Output,
): Promise<number> {
  const { mode, custody } = options;
  await confirm(
    options.consent,
    'New recovery words are made. The old ones stay in force until the new ones are proven with `edge-sync recovery check`. ' +
      'After that new images open with the new words only; the old words still open the copies made before.',
  );
  const next =
    'Next: `edge-sync recovery check` with what is on the new paper. Until then the old words count too; keep them.';
  return givenOut(options, next, output, (kit) => client.keys.replaceRecovery({ mode, custody, kit }));
}

export async function runCancelReplacement(
  client: EngineClient,
  format: Format,
  output: Output,
): Promise<number> {
  await client.keys.cancelReplacement();
  if (format === 'json') return json({ cancelled: true }, output);
  output.out('The old recovery words stay. Destroy the paper with the new ones: they are of no use.');
  return exitCode.ok;
}

export async function runRecipientsList(
  client: EngineClient,
  format: Format,
  output: Output,
): Promise<number> {
  const recipients = await client.recipients.list();
  if (format === 'json') return json(recipients, output);
  if (recipients.length === 0)
    output.out('None: new images open with this archive and its recovery words only.');
  for (const one of recipients) {
    output.out(recipientLine(one));
    output.out(`      issued by ${one.issuer}; added on ${day(one.addedAt)}`);
  }
  return exitCode.ok;
}

/** `file`: PEM or DER. */
export async function runRecipientsAdd(
  client: EngineClient,
  options: {
    readonly name: string;
    readonly file: string;
    readonly consent: Consent;
    readonly format: Format;
  },
  output: Output,
): Promise<number> {
  const certificatePem = await readCertificate(options.file);
  await confirm(
    options.consent,
    `Every new image can be opened by whoever has the private key of this certificate, without asking anybody here.`,
  );
  const added = await client.recipients.add({ name: options.name, certificatePem });
  if (options.format === 'json') return json(added, output);
  output.out(`Added: ${recipientLine(added)}`);
  output.out('Compare the fingerprint (SHA-256 of the public key) with the owner of the certificate.');
  output.out('Images that are stored already are not sealed to it.');
  return exitCode.ok;
}

export async function runRecipientsRemove(
  client: EngineClient,
  options: { readonly wanted: string; readonly consent: Consent; readonly format: Format },
  output: Output,
): Promise<number> {
  const { name, fingerprint } = await recipientOf(client, options.wanted);
  await confirm(
    options.consent,
    `New images are not sealed to ${name} any more; it still opens earlier ones.`,
  );
  await client.recipients.remove({ fingerprint });
  if (options.format === 'json') return json({ removed: fingerprint }, output);
  output.out(`Removed: ${name}. What was sealed to it before stays open to it.`);
  return exitCode.ok;
}

/** Without an engine: it cannot open while the keys are lost. */
export async function runRecoveryAdopt(
  installation: Installation,
  options: {
    readonly wordsFile: string | undefined;
    readonly records: 'of-keys-json' | 'from-cloud';
    readonly format: Format;
  },
  output: Output,
): Promise<number> {
  const words = await readWords(options.wordsFile);
  const parts = engineOptions(installation, 'error');
  const records = options.records === 'from-cloud' ? await cloudRecords(installation, words) : undefined;
  const adopted = await adoptInstallation(parts, words, records);
  // Opening it proves that all of it works again, and the audit trail hears of it.
  const engine = await Engine.open(parts);
  engine.audit.record({ action: 'keys-adopted', actor: 'command-line', outcome: 'success' });
  await engine.stop();
  if (options.format === 'json') return json(adopted, output);
  output.out(`The words are right: this installation goes on with archive ${adopted.archiveId}.`);
  output.out('It has a new device key. Start Edge Sync as usual.');
  return exitCode.ok;
}

async function cloudRecords(
  installation: Installation,
  words: readonly string[],
): Promise<readonly Buffer[]> {
  const fits = recordFits(words);
  const destination = archivesOf(installation.settings.destinations).find((one) => one.required);
  if (destination === undefined) throw new EdgeSyncError('no-destination');
  const store = await connectToDestination(destination, installation, new SystemClock());
  try {
    return await cancellable((signal) => findArchiveKeyRecords(store, fits, signal));
  } finally {
    await store.close();
  }
}

/** Throws usage where nobody can be asked, and when the answer is no. */
async function confirm(consent: Consent, text: string): Promise<void> {
  if (consent === 'given') return;
  if (!process.stdin.isTTY) throw new EdgeSyncError('usage', `say --yes: ${text}`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${text}\nGo on? Type yes: `);
    if (answer.trim().toLowerCase() !== 'yes') throw new EdgeSyncError('usage', 'nothing was changed');
  } finally {
    terminal.close();
  }
}

async function readCertificate(path: string): Promise<string> {
  const bytes = await readBounded(path);
  const text = bytes.toString('latin1');
  if (text.includes('-----BEGIN')) return text;
  const base64 = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${base64.join('\n')}\n-----END CERTIFICATE-----\n`;
}

async function readBounded(path: string): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    try {
      const bytes = Buffer.alloc(maxCertificateBytes + 1);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
      if (bytesRead > maxCertificateBytes) throw new EdgeSyncError('certificate-unusable', 'it is too long');
      return bytes.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof EdgeSyncError) throw cause;
    throw new EdgeSyncError('file-not-readable', path, { cause });
  }
}

/** By name, fingerprint, or the beginning of one (8 digits). */
async function recipientOf(client: EngineClient, wanted: string): Promise<RecipientFacts> {
  const all = await client.recipients.list();
  const digits = wanted.replaceAll(/[:\s]/g, '').toLowerCase();
  const named = all.filter(({ name }) => name === wanted);
  const found =
    named.length > 0 || !/^[0-9a-f]{8,64}$/.test(digits)
      ? named
      : all.filter(({ fingerprint }) => fingerprint.startsWith(digits));
  if (found.length > 1) throw new EdgeSyncError('usage', 'several fingerprints begin so; type more of it');
  if (found[0] === undefined) throw new EdgeSyncError('recipient-unknown', wanted);
  return found[0];
}

function recipientLine({ name, fingerprint, subject, notAfter, state }: RecipientFacts): string {
  const end = state === 'expired' ? `EXPIRED on ${day(notAfter)}` : `valid until ${day(notAfter)}`;
  return `${name}  ${fingerprint}  (${subject}; ${end})`;
}

function day(iso: string): string {
  return iso.slice(0, 10);
}

function json(value: unknown, output: Output): number {
  output.out(JSON.stringify(value));
  return exitCode.ok;
}

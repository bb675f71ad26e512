/** `edge-sync certificates`: the site CA, certificates for devices, and what is trusted. */
import { readFile, stat } from 'node:fs/promises';
import type { z } from 'zod';
import {
  certificateHostSchema,
  type CertificateSummary,
  exportPassphraseSchema,
  type IssuedKey,
  type KeyFormat,
  keyKindSchema,
  revocationReasonSchema,
} from '../../../shared/contract-certificates.ts';
import { assertNever } from '../../../shared/assert-never.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { EngineClient } from '../../rpc/client.ts';
import { exitCode } from '../exit-codes.ts';
import { mustBeNew, type NewFile, writeNewFiles } from '../new-file.ts';
import type { Output } from '../output.ts';
import { askPassphrase, givenPassphrase, type PassphraseOptions } from '../secret-input.ts';
import type { Format } from '../option-values.ts';

/** As in the contract: PEM of a chain, of a request, of a revocation list. */
const largestFileBytes = 4 * 1024 * 1024;
const defaultDays = 730;

export interface IssueOptions extends PassphraseOptions {
  readonly out: string;
  readonly host?: readonly string[];
  readonly key?: string;
  readonly days?: string;
  readonly format?: string;
}

/** `certificates list`. */
export async function runCertificatesList(
  client: EngineClient,
  format: Format,
  output: Output,
): Promise<number> {
  const { certificates } = await client.certificates.list();
  if (format === 'json') {
    output.out(JSON.stringify({ certificates }));
    return exitCode.ok;
  }
  if (certificates.length === 0)
    output.out('No certificates yet. `edge-sync certificates ca` makes the site CA.');
  for (const one of certificates) output.out(lineOf(one));
  return exitCode.ok;
}

/** `certificates ca`: the root that devices have to trust. */
export async function runCertificatesCa(
  client: EngineClient,
  options: { readonly rsa?: boolean; readonly out?: string },
  output: Output,
): Promise<number> {
  if (options.out !== undefined) await mustBeNew([options.out]);
  const { certificate, pem } = await client.certificates.ca({
    family: options.rsa === true ? 'rsa' : 'ecdsa',
  });
  if (options.out === undefined) {
    output.out(pem.trim());
    return exitCode.ok;
  }
  await writeNewFiles([{ path: options.out, content: pem }]);
  output.out(`Written: ${options.out} (${certificate.name})`);
  output.out(`Fingerprint (SHA-256): ${certificate.sha256}`);
  return exitCode.ok;
}

/** `certificates issue NAME`: certificate and private key for a device. */
export async function runCertificatesIssue(
  client: EngineClient,
  name: string,
  options: IssueOptions,
  output: Output,
): Promise<number> {
  const format = await formatOf(options);
  await mustBeNew(pathsFor(options.out, format.tag === 'pkcs12' ? 'pkcs12' : 'pem'));
  const issued = await client.certificates.issue({
    name,
    hosts: hostsOf(options.host) ?? [],
    key: keyKindOf(options.key),
    days: daysOf(options.days),
    format,
  });
  await writeIssued(options.out, issued, output);
  return exitCode.ok;
}

/** `certificates sign REQUEST`: a certificate for a request that the device made. */
export async function runCertificatesSign(
  client: EngineClient,
  request: string,
  options: {
    readonly out: string;
    readonly name?: string;
    readonly host?: readonly string[];
    readonly days?: string;
  },
  output: Output,
): Promise<number> {
  await mustBeNew(pathsFor(options.out, 'none'));
  const issued = await client.certificates.sign({
    requestPem: await textOf(request),
    days: daysOf(options.days),
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.host === undefined ? {} : { hosts: hostsOf(options.host) }),
  });
  await writeIssued(options.out, { ...issued, key: null }, output);
  return exitCode.ok;
}

/** `certificates renew DEVICE`, or `--server` for this node's own. */
export async function runCertificatesRenew(
  client: EngineClient,
  which: string | undefined,
  options: Partial<IssueOptions> & { readonly server?: boolean; readonly sameKey?: boolean },
  output: Output,
): Promise<number> {
  if (options.server === true) {
    const { certificate } = await client.certificates.renew({ tag: 'server' });
    output.out(`This node shows a new certificate, valid until ${certificate.notAfter.slice(0, 10)}.`);
    return exitCode.ok;
  }
  if (which === undefined || options.out === undefined)
    throw new EdgeSyncError('usage', 'certificates renew CERTIFICATE --out PREFIX, or --server');
  const { certificates } = await client.certificates.list();
  const old = find(certificates, which);
  const days = daysOf(options.days);
  if (options.sameKey === true) {
    await mustBeNew(pathsFor(options.out, 'none'));
    const issued = await client.certificates.renew({ tag: 'device', id: old.id, days, key: { tag: 'same' } });
    await writeIssued(options.out, issued, output);
    return exitCode.ok;
  }
  const format = await formatOf({ ...options, out: options.out });
  await mustBeNew(pathsFor(options.out, format.tag === 'pkcs12' ? 'pkcs12' : 'pem'));
  // As the old one, where that is a kind that is made here.
  const known = keyKindSchema.safeParse(old.key);
  const kind = options.key === undefined && known.success ? known.data : keyKindOf(options.key);
  const key = { tag: 'new', kind, format } as const;
  await writeIssued(
    options.out,
    await client.certificates.renew({ tag: 'device', id: old.id, days, key }),
    output,
  );
  return exitCode.ok;
}

/** `certificates revoke CERTIFICATE`: in effect at once. */
export async function runCertificatesRevoke(
  client: EngineClient,
  which: string,
  options: { readonly reason?: string },
  output: Output,
): Promise<number> {
  const reason = parsed(revocationReasonSchema, options.reason ?? 'unspecified', '--reason');
  const sha256 = which.replaceAll(':', '').toLowerCase();
  const { certificates } = await client.certificates.list();
  const isFingerprint = /^[0-9a-f]{64}$/.test(sha256);
  const target = isFingerprint ? sha256 : find(certificates, which).sha256;
  const { certificate, cut } = await client.certificates.revoke({ sha256: target, reason });
  output.out(`Revoked: ${certificate === null ? target : `"${certificate.name}" (${target})`}`);
  if (cut > 0) output.out(`Open connections that were cut: ${cut}`);
  return exitCode.ok;
}

/** `certificates import-ca FILE`, `import-server FILE`, `import-crl FILE`. */
export async function runCertificatesImport(
  client: EngineClient,
  kind: 'ca' | 'server' | 'revocation-list',
  file: string,
  options: PassphraseOptions & { readonly key?: string },
  output: Output,
): Promise<number> {
  const pem = await textOf(file);
  if (kind === 'revocation-list') {
    const { certificates } = await client.certificates.import({ tag: kind, pem });
    output.out(
      `The revocation list of ${certificates.map(({ name }) => `"${name}"`).join(', ')} is in effect.`,
    );
    return exitCode.ok;
  }
  const key = options.key === undefined ? undefined : await keyOf(options.key, options);
  const { certificates } = await client.certificates.import(importOf(kind, pem, key));
  for (const one of certificates) output.out(lineOf(one));
  return exitCode.ok;
}

interface GivenKey {
  readonly pem: string;
  readonly passphrase?: string;
}

function importOf(
  kind: 'ca' | 'server',
  pem: string,
  key: GivenKey | undefined,
): { tag: 'ca'; pem: string; key?: GivenKey } | { tag: 'server'; pem: string; key: GivenKey } {
  if (kind === 'ca') return { tag: kind, pem, ...(key === undefined ? {} : { key }) };
  if (key === undefined) throw new EdgeSyncError('usage', 'import-server needs --key FILE');
  return { tag: kind, pem, key };
}

async function keyOf(file: string, options: PassphraseOptions): Promise<GivenKey> {
  const pem = await textOf(file);
  const isEncrypted = pem.includes('ENCRYPTED');
  const passphrase =
    givenPassphrase(options) ??
    (isEncrypted ? await askPassphrase('Passphrase of the private key', 'once') : undefined);
  return passphrase === undefined ? { pem } : { pem, passphrase: passphrase.revealText() };
}

/** PKCS#12 always has a passphrase; PEM has one when it is given. */
async function formatOf(options: IssueOptions): Promise<KeyFormat> {
  const given = givenPassphrase(options);
  switch (options.format ?? 'pem') {
    case 'pem':
      return given === undefined
        ? { tag: 'pem' }
        : { tag: 'encrypted-pem', passphrase: checkedPassphrase(given.revealText()) };
    case 'p12': {
      const passphrase = given ?? (await askPassphrase('Passphrase for the PKCS#12 file', 'twice'));
      return { tag: 'pkcs12', passphrase: checkedPassphrase(passphrase.revealText()) };
    }
    default:
      throw new EdgeSyncError('usage', '--format is pem or p12');
  }
}

function checkedPassphrase(text: string): string {
  return parsed(exportPassphraseSchema, text, 'passphrase');
}

interface Written {
  readonly certificate: CertificateSummary;
  readonly certificatePem: string;
  readonly chainPem: string;
  readonly trustPem: string;
  readonly key: IssuedKey | null;
}

function pathsFor(prefix: string, key: 'pem' | 'pkcs12' | 'none'): string[] {
  const common = [`${prefix}.crt`, `${prefix}.ca.crt`];
  switch (key) {
    case 'pem':
      return [`${prefix}.key`, ...common];
    case 'pkcs12':
      return [`${prefix}.p12`, ...common];
    case 'none':
      return common;
    default:
      return assertNever(key);
  }
}

async function writeIssued(prefix: string, issued: Written, output: Output): Promise<void> {
  const { certificate, certificatePem, trustPem, key } = issued;
  const keyFiles: NewFile[] =
    key === null
      ? []
      : key.tag === 'pem'
        ? [{ path: `${prefix}.key`, content: key.pem }]
        : [{ path: `${prefix}.p12`, content: Buffer.from(key.base64, 'base64') }];
  const files: NewFile[] = [
    ...keyFiles,
    { path: `${prefix}.crt`, content: certificatePem },
    { path: `${prefix}.ca.crt`, content: trustPem },
  ];
  await writeNewFiles(files);
  output.out(`Written: ${files.map(({ path }) => path).join(', ')}`);
  output.out(`"${certificate.name}", valid until ${certificate.notAfter.slice(0, 10)}`);
  output.out(`Fingerprint (SHA-256): ${certificate.sha256}`);
  output.out('Next: put them on the device, and pair it with this fingerprint.');
  if (keyFiles.length > 0)
    output.err('The private key is kept nowhere else. Delete the file once the device has it.');
}

/** By id, fingerprint, the start of either (8 digits or more), or the name when only one has it. */
function find(certificates: readonly CertificateSummary[], which: string): CertificateSummary {
  const wanted = which.replaceAll(':', '').toLowerCase();
  const isHex = /^[0-9a-f]{8,64}$/.test(wanted);
  const byHex = isHex
    ? certificates.filter(({ id, sha256 }) => id.startsWith(wanted) || sha256.startsWith(wanted))
    : [];
  const found =
    byHex.length > 0
      ? byHex
      : certificates.filter(
          ({ name, state }) => name === which && state !== 'replaced' && state !== 'revoked',
        );
  const [one] = found;
  if (one === undefined) throw new EdgeSyncError('certificate-not-found', which);
  if (found.length > 1)
    throw new EdgeSyncError('usage', `"${which}" fits ${found.length} certificates; give the fingerprint`);
  return one;
}

function lineOf(one: CertificateSummary): string {
  const left =
    one.state === 'expired'
      ? `ended ${one.notAfter.slice(0, 10)}`
      : `${one.daysLeft} days, until ${one.notAfter.slice(0, 10)}`;
  const use = one.inUse ? ', in use' : '';
  return `${one.id.slice(0, 8)}  ${one.role.padEnd(6)}  ${one.state}${use}  "${one.name}"  ${one.key}  ${left}  ${one.sha256}`;
}

function keyKindOf(text: string | undefined): z.infer<typeof keyKindSchema> {
  return parsed(keyKindSchema, text ?? 'ecdsa-p256', '--key');
}

function daysOf(text: string | undefined): number {
  const days = text === undefined ? defaultDays : Number(text);
  if (!Number.isInteger(days) || days < 1 || days > 3650)
    throw new EdgeSyncError('usage', '--days is a number from 1 to 3650');
  return days;
}

function hostsOf(hosts: readonly string[] | undefined): string[] | undefined {
  return hosts?.map((host) => parsed(certificateHostSchema, host, '--host'));
}

function parsed<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (!result.success)
    throw new EdgeSyncError('usage', `${what}: ${result.error.issues[0]?.message ?? 'not allowed'}`);
  return result.data;
}

async function textOf(file: string): Promise<string> {
  try {
    if ((await stat(file)).size > largestFileBytes) throw new EdgeSyncError('usage', `${file} is too large`);
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof EdgeSyncError) throw error;
    throw new EdgeSyncError('file-not-readable', file, { cause: error });
  }
}

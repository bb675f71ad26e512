/** A cloud storage as it is typed in. Pure: which fields there are, what is wrong with them, and what the engine is given. */
import { assertNever } from '../../../shared/assert-never.ts';
import { destinationSchema } from '../../../shared/destination-settings.ts';
import type { DestinationSettings } from '../../../shared/destination-settings.ts';

export const draftKinds = ['azure', 's3', 'folder'] as const;
export type DraftKind = (typeof draftKinds)[number];
export const azureSignIns = ['sas-url', 'connection-string', 'service-principal'] as const;
export type AzureSignIn = (typeof azureSignIns)[number];

export interface DestinationDraft {
  readonly kind: DraftKind;
  readonly name: string;
  readonly prefix: string;
  readonly signIn: AzureSignIn;
  readonly container: string;
  /** Address of the account (service principal). */
  readonly account: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly bucket: string;
  readonly region: string;
  /** Address of the service; empty for AWS. */
  readonly endpoint: string;
  readonly addressing: 'virtual' | 'path';
  readonly keyId: string;
  readonly path: string;
  /** Connection string, address with signature, client secret, or secret access key. */
  readonly credential: string;
}

export type DraftField = Exclude<keyof DestinationDraft, 'kind' | 'signIn' | 'addressing'>;
export type DraftProblem = 'missing' | 'malformed';
export type DraftProblems = Readonly<Partial<Record<DraftField, DraftProblem>>>;

export type ParsedDraft =
  | { readonly tag: 'problems'; readonly problems: DraftProblems }
  | {
      readonly tag: 'ready';
      readonly destination: DestinationSettings;
      /** null: a folder needs none. */
      readonly credential: string | null;
    };

/** A free name for a further destination. */
export function emptyDraft(taken: readonly string[]): DestinationDraft {
  const names = ['cloud', ...Array.from({ length: 30 }, (_, index) => `cloud-${index + 2}`)];
  return {
    kind: 'azure',
    name: names.find((one) => !taken.includes(one)) ?? '',
    prefix: '',
    signIn: 'sas-url',
    container: '',
    account: '',
    tenantId: '',
    clientId: '',
    bucket: '',
    region: 'us-east-1',
    endpoint: '',
    addressing: 'virtual',
    keyId: '',
    path: '',
    credential: '',
  };
}

/** What a change brings with it: an address with a signature names its container; an own server mostly wants paths. */
export function withChange(before: DestinationDraft, change: Partial<DestinationDraft>): DestinationDraft {
  const after = { ...before, ...change };
  if (change.credential !== undefined && after.kind === 'azure' && after.signIn === 'sas-url') {
    const named = containerIn(change.credential);
    if (named !== undefined) return { ...after, container: named };
  }
  if (change.endpoint !== undefined && before.endpoint === '' && change.endpoint !== '')
    return { ...after, addressing: 'path' };
  return after;
}

/** The container in `https://ACCOUNT.../CONTAINER?...&sig=...`; an emulator has the account before it. */
export function containerIn(address: string): string | undefined {
  const text = address.trim();
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, pathname, searchParams } = new URL(text);
  if (!/^https?:$/.test(protocol) || !searchParams.has('sig')) return undefined;
  const parts = pathname.split('/').filter((part) => part !== '');
  const isEmulator = hostname === 'localhost' || hostname.startsWith('127.');
  return parts[isEmulator ? 1 : 0];
}

/** Fields of the schema by their name in the form. */
const fieldOf: Readonly<Record<DraftKind, Readonly<Record<string, DraftField>>>> = {
  azure: {
    name: 'name',
    prefix: 'prefix',
    container: 'container',
    endpoint: 'account',
    tenantId: 'tenantId',
    clientId: 'clientId',
  },
  s3: { name: 'name', prefix: 'prefix', bucket: 'bucket', region: 'region', endpoint: 'endpoint' },
  folder: { name: 'name', prefix: 'prefix', path: 'path' },
};

export function parseDraft(draft: DestinationDraft): ParsedDraft {
  const problems: { -readonly [Field in DraftField]?: DraftProblem } = {};
  for (const field of neededFields(draft)) if (draft[field].trim() === '') problems[field] = 'missing';
  if (draft.kind === 's3' && draft.keyId.includes(':')) problems.keyId = 'malformed';
  const parsed = destinationSchema.safeParse(settingsOf(draft));
  for (const issue of parsed.error?.issues ?? []) {
    const field = fieldOf[draft.kind][String(issue.path[0])];
    if (field !== undefined) problems[field] ??= 'malformed';
  }
  if (!parsed.success || Object.keys(problems).length > 0) return { tag: 'problems', problems };
  return { tag: 'ready', destination: parsed.data, credential: credentialOf(draft) };
}

export function neededFields({ kind, signIn }: DestinationDraft): readonly DraftField[] {
  switch (kind) {
    case 'azure':
      return signIn === 'service-principal'
        ? ['name', 'container', 'account', 'tenantId', 'clientId', 'credential']
        : ['name', 'container', 'credential'];
    case 's3':
      return ['name', 'bucket', 'region', 'keyId', 'credential'];
    case 'folder':
      return ['name', 'path'];
    default:
      return assertNever(kind);
  }
}

function settingsOf(draft: DestinationDraft): unknown {
  const { kind, signIn } = draft;
  const common = { kind, name: draft.name.trim(), prefix: draft.prefix.trim(), required: true };
  switch (kind) {
    case 'azure':
      return {
        ...common,
        container: draft.container.trim(),
        auth: signIn,
        ...(signIn === 'service-principal'
          ? {
              endpoint: draft.account.trim(),
              tenantId: draft.tenantId.trim(),
              clientId: draft.clientId.trim(),
            }
          : {}),
      };
    case 's3':
      return {
        ...common,
        bucket: draft.bucket.trim(),
        region: draft.region.trim(),
        addressing: draft.addressing,
        ...(draft.endpoint.trim() === '' ? {} : { endpoint: draft.endpoint.trim() }),
      };
    case 'folder':
      return { ...common, path: draft.path.trim() };
    default:
      return assertNever(kind);
  }
}

function credentialOf({ kind, keyId, credential }: DestinationDraft): string | null {
  switch (kind) {
    case 'azure':
      return credential.trim();
    case 's3':
      return `${keyId.trim()}:${credential.trim()}`;
    case 'folder':
      return null;
    default:
      return assertNever(kind);
  }
}

/**
 * A pairing while it is typed: what is in the fields, and the way to the contract's own schema and back. The schema
 * decides what is allowed; here only its complaints are put beside the fields.
 */
import { pairingSchema } from '../../../shared/devices.ts';
import type { Device, Pairing, PairingChange, RefusedCaller } from '../../../shared/devices.ts';
import type { enDevices } from '../../i18n/en-devices.ts';

export interface PairingDraft {
  readonly name: string;
  readonly aeTitle: string;
  readonly channel: 'tls' | 'plain';
  /** One per line. */
  readonly addresses: string;
  /** Of certificates issued here. */
  readonly picked: readonly string[];
  /** Other fingerprints, one per line. */
  readonly certificates: string;
  readonly classes: 'standard' | 'some';
  readonly classUids: string;
  readonly privateClasses: readonly string[];
  readonly commitment: 'same' | 'other';
  readonly host: string;
  readonly port: string;
  readonly commitmentChannel: 'tls' | 'plain';
  readonly commitmentAeTitle: string;
}

export type DraftField =
  'name' | 'aeTitle' | 'addresses' | 'certificates' | 'classes' | 'host' | 'port' | 'commitmentAeTitle';

export type ProblemKey = keyof (typeof enDevices)['form']['problem'];
export type DraftProblems = Partial<Readonly<Record<DraftField, ProblemKey>>>;

export type DraftOutcome =
  | { readonly tag: 'fits'; readonly pairing: Pairing }
  /** `other`: something that no field shows. */
  | { readonly tag: 'wrong'; readonly problems: DraftProblems };

export const emptyDraft: PairingDraft = {
  name: '',
  aeTitle: '',
  channel: 'plain',
  addresses: '',
  picked: [],
  certificates: '',
  classes: 'standard',
  classUids: '',
  privateClasses: [],
  commitment: 'same',
  host: '',
  port: '',
  commitmentChannel: 'plain',
  commitmentAeTitle: '',
};

export function draftOfDevice(device: Device): PairingDraft {
  const { commitment, classes } = device;
  return {
    ...emptyDraft,
    name: device.name,
    aeTitle: device.aeTitle,
    channel: device.channel,
    addresses: device.addresses.join('\n'),
    certificates: device.certificates.join('\n'),
    classes: classes === 'standard' ? 'standard' : 'some',
    classUids: classes === 'standard' ? '' : classes.join('\n'),
    privateClasses: device.privateClasses,
    ...(commitment === null
      ? {}
      : {
          commitment: 'other',
          host: commitment.host,
          port: String(commitment.port),
          commitmentChannel: commitment.channel,
          commitmentAeTitle: commitment.aeTitle ?? '',
        }),
  };
}

/** A caller as it came; with a certificate it may call from anywhere. */
export function draftOfCaller(caller: RefusedCaller): PairingDraft {
  const { callingAeTitle, channel, address, certificate } = caller;
  return {
    ...emptyDraft,
    name: callingAeTitle ?? '',
    aeTitle: callingAeTitle ?? '',
    channel,
    addresses: channel === 'plain' ? address : '',
    certificates: certificate ?? '',
  };
}

/** The device's pairing with this caller's address or certificate besides. */
export function draftWithCaller(device: Device, caller: RefusedCaller): PairingDraft {
  const draft = draftOfDevice(device);
  const { address, certificate } = caller;
  const lines = (text: string, one: string) =>
    [...linesOf(text).filter((line) => line !== one), one].join('\n');
  return certificate === null || device.channel === 'plain' || device.certificates.includes(certificate)
    ? { ...draft, addresses: lines(draft.addresses, address) }
    : { ...draft, certificates: lines(draft.certificates, certificate) };
}

/** Fingerprints of certificates issued here are ticked by name; nobody should have to read them. */
export function withTicks(draft: PairingDraft, issued: readonly string[]): PairingDraft {
  const typed = linesOf(draft.certificates);
  return {
    ...draft,
    picked: [...draft.picked, ...typed.filter((one) => issued.includes(one))],
    certificates: typed.filter((one) => !issued.includes(one)).join('\n'),
  };
}

export function checkDraft(draft: PairingDraft): DraftOutcome {
  const parsed = pairingSchema.safeParse(inputOf(draft));
  if (parsed.success) return { tag: 'fits', pairing: parsed.data };
  const problems: Partial<Record<DraftField, ProblemKey>> = {};
  for (const issue of parsed.error.issues) {
    const field = fieldAt(issue.path);
    problems[field] ??= problemFor(field, issue, draft);
  }
  return { tag: 'wrong', problems };
}

/** Only what is another than before, so that two people who change different parts do not undo each other. */
export function changesOf(device: Device, pairing: Pairing): PairingChange {
  const before: Readonly<Record<string, unknown>> = { ...device };
  return Object.fromEntries(
    Object.entries(pairing).filter(([part, value]) => JSON.stringify(value) !== JSON.stringify(before[part])),
  );
}

function inputOf(draft: PairingDraft): unknown {
  const { channel, commitment } = draft;
  return {
    name: draft.name,
    aeTitle: draft.aeTitle,
    channel,
    addresses: linesOf(draft.addresses),
    certificates:
      channel === 'plain'
        ? []
        : [...new Set([...draft.picked, ...linesOf(draft.certificates).map(plainFingerprint)])],
    classes: draft.classes === 'standard' ? 'standard' : linesOf(draft.classUids),
    privateClasses: draft.privateClasses,
    commitment:
      commitment === 'same'
        ? null
        : {
            host: draft.host.trim(),
            port: /^\d{1,5}$/.test(draft.port.trim()) ? Number(draft.port.trim()) : Number.NaN,
            channel: draft.commitmentChannel,
            ...(draft.commitmentAeTitle === '' ? {} : { aeTitle: draft.commitmentAeTitle }),
          },
  };
}

function linesOf(text: string): readonly string[] {
  const lines = text.split(/[\n,;]/).map((line) => line.trim());
  return [...new Set(lines.filter((line) => line !== ''))];
}

/** As other programs print it: `SHA256:AB:CD:…`, `ab cd …`. */
function plainFingerprint(text: string): string {
  return text
    .replace(/^sha-?256( fingerprint)?[:=]/i, '')
    .replace(/[:\s]/g, '')
    .toLowerCase();
}

function fieldAt(path: readonly PropertyKey[]): DraftField {
  const [part, inner] = path;
  if (part === 'commitment')
    return inner === 'port' ? 'port' : inner === 'aeTitle' ? 'commitmentAeTitle' : 'host';
  if (part === 'aeTitle' || part === 'addresses' || part === 'certificates' || part === 'classes')
    return part;
  return 'name';
}

interface Issue {
  readonly code?: string | undefined;
  readonly message: string;
}

/** The schema's own sentences; a test holds them against each other. */
const bySentence: Readonly<Record<string, ProblemKey>> = {
  'an AE title has at least 1 character': 'titleMissing',
  'an AE title has at most 16 characters': 'titleLong',
  'an AE title is printable ASCII without a backslash': 'titleLetters',
  'an AE title has no spaces at its ends': 'titleSpaces',
  'an IP address, or a range such as 192.168.1.0/24': 'addressBad',
  'a range of IPv6 that does not hold every IPv4 address (::ffff:0:0/96) as well': 'addressMapped',
  'a device without TLS is pinned to its address': 'addressMissing',
  'a device without TLS is pinned to a range of /16 or narrower (IPv6: /48)': 'addressWide',
  'a certificate fingerprint is the 64 hex digits of its SHA-256': 'certificateBad',
  'a device with TLS is known by its certificate': 'certificateMissing',
};

function problemFor(field: DraftField, issue: Issue, draft: PairingDraft): ProblemKey {
  const known = bySentence[issue.message];
  if (known !== undefined) return known;
  switch (field) {
    case 'name':
      return draft.name.trim() === '' ? 'nameMissing' : 'nameLong';
    case 'addresses':
      return issue.code === 'too_big' ? 'addressMany' : 'addressBad';
    case 'certificates':
      return issue.code === 'too_big' ? 'certificateMany' : 'certificateBad';
    case 'classes':
      return linesOf(draft.classUids).length === 0 ? 'classMissing' : 'classBad';
    case 'host':
      return 'hostMissing';
    case 'port':
      return 'portBad';
    case 'aeTitle':
    case 'commitmentAeTitle':
      return 'other';
  }
}

/** The one next step for each code that can stand among the failures; a test holds it against the list of codes. Pure. */
import type { ErrorCode } from '../../../shared/errors.ts';

export type FailureStep =
  /** What the engine offers with the failure (try again, seen); where it offers nothing, it ends by itself. */
  | { readonly tag: 'offered' }
  | { readonly tag: 'recovery'; readonly dialog: 'create' | 'check' }
  | { readonly tag: 'credential' }
  /** A person signs in to Entra. */
  | { readonly tag: 'sign-in' }
  | { readonly tag: 'attention-files' }
  | { readonly tag: 'devices'; readonly panel: 'callers' | 'classes' | 'paired' | 'certificates' }
  | { readonly tag: 'pair-device' }
  | { readonly tag: 'setting'; readonly key: string }
  | { readonly tag: 'storage' }
  | { readonly tag: 'destinations' }
  | { readonly tag: 'verify' }
  | { readonly tag: 'keys' }
  | { readonly tag: 'shares' }
  | { readonly tag: 'this-pc' }
  | { readonly tag: 'resume' }
  /** Done at the command line, which is shown to be copied. */
  | { readonly tag: 'command'; readonly command: string }
  /** Nothing to press here. */
  | { readonly tag: 'nothing'; readonly why: 'by-itself' | 'at-device' | 'elsewhere' };

const offered = { tag: 'offered' } as const;
const credential = { tag: 'credential' } as const;
const signIn = { tag: 'sign-in' } as const;
const keys = { tag: 'keys' } as const;
const verify = { tag: 'verify' } as const;
const certificates = { tag: 'devices', panel: 'certificates' } as const;
const callers = { tag: 'devices', panel: 'callers' } as const;
const classes = { tag: 'devices', panel: 'classes' } as const;
const paired = { tag: 'devices', panel: 'paired' } as const;
const destinations = { tag: 'setting', key: 'destinations' } as const;
const folders = { tag: 'setting', key: 'folders' } as const;
const host = { tag: 'setting', key: 'dicom.host' } as const;
const proxy = { tag: 'setting', key: 'network.proxy.mode' } as const;
const disk = { tag: 'this-pc' } as const;
const command = (text: string) => ({ tag: 'command', command: text }) as const;
const doctor = command('edge-sync doctor');
const byItself = { tag: 'nothing', why: 'by-itself' } as const;
const atDevice = { tag: 'nothing', why: 'at-device' } as const;

const steps: Partial<Record<ErrorCode, FailureStep>> = {
  // receiving
  'port-taken': { tag: 'setting', key: 'dicom.port' },
  'port-not-allowed': { tag: 'setting', key: 'dicom.port' },
  'interface-missing': host,
  'address-missing': host,
  'public-address': host,
  'public-address-refused': host,
  'listen-on-all': host,
  'not-listening': host,
  'association-refused': callers,
  'caller-unknown': callers,
  'caller-wrong-title': callers,
  'caller-downgrade': callers,
  'dicom-class-unknown': classes,
  'dicom-class-not-allowed': classes,
  'class-unknown': classes,
  'device-plain': paired,
  'device-unknown': paired,
  'tls-on-plain-port': callers,
  'plain-on-tls-port': callers,
  'tls-too-old': callers,
  'association-aborted': atDevice,
  'dicom-truncated': atDevice,
  'dicom-unreadable': atDevice,
  'dicom-mismatch': atDevice,
  'association-limit': { tag: 'setting', key: 'dicom.maxAssociations' },
  'commitment-undelivered': paired,
  'commitment-failed': paired,
  // certificates
  'certificate-expires-soon': certificates,
  'certificate-expired': certificates,
  'certificate-unusable': certificates,
  'tls-certificate-missing': certificates,
  'tls-certificate-expired': certificates,
  'tls-certificate-revoked': certificates,
  'tls-certificate-foreign': certificates,
  'tls-peer-untrusted': certificates,
  'revocation-list-old': certificates,
  // this PC
  'disk-full': disk,
  'disk-low': disk,
  'disk-error': doctor,
  'data-dir-not-writable': doctor,
  'database-damaged': doctor,
  'database-other-key': doctor,
  'manifest-broken': doctor,
  'audit-trail-broken': command('edge-sync audit verify'),
  'keychain-unavailable': keys,
  'keychain-entry-missing': keys,
  'key-file-damaged': keys,
  'recovery-missing': { tag: 'recovery', dialog: 'create' },
  'recovery-not-proven': { tag: 'recovery', dialog: 'check' },
  'recovery-check-due': { tag: 'recovery', dialog: 'check' },
  'recovery-drill-failed': { tag: 'recovery', dialog: 'check' },
  'recovery-replacing': { tag: 'recovery', dialog: 'check' },
  'backup-late': keys,
  'backup-missing': keys,
  'backup-broken': keys,
  // files
  'file-needs-attention': { tag: 'attention-files' },
  'folder-not-reachable': folders,
  'file-not-deleted': folders,
  // clouds
  'no-destination': { tag: 'storage' },
  'cloud-secret-missing': credential,
  'cloud-secret-malformed': credential,
  'cloud-auth': credential,
  'cloud-container-missing': destinations,
  'cloud-region': destinations,
  'cloud-overwrites': destinations,
  'cloud-folder-denied': destinations,
  'cloud-host-unknown': destinations,
  'cloud-copy-missing': verify,
  'cloud-copy-damaged': verify,
  'cloud-copy-lost': verify,
  'destination-changed': destinations,
  'destination-not-archive': destinations,
  'destination-dropped': destinations,
  'pacs-untrusted': destinations,
  'pacs-certificate-file': destinations,
  'pacs-no-service': destinations,
  'pacs-refused': destinations,
  'entra-sign-in-needed': signIn,
  'entra-sign-in-ended': signIn,
  'entra-consent-needed': signIn,
  'entra-not-allowed': { tag: 'nothing', why: 'elsewhere' },
  'cloud-clock-skew': { tag: 'nothing', why: 'elsewhere' },
  'proxy-script-unreadable': proxy,
  'proxy-script-failed': proxy,
  'proxy-refused': proxy,
  'proxy-not-reachable': proxy,
  'uploads-paused': { tag: 'resume' },
  'uploads-outside-window': { tag: 'setting', key: 'upload.windows' },
  'uploads-metered': { tag: 'setting', key: 'upload.pauseOnMetered' },
  'pending-too-long': { tag: 'destinations' },
  'proof-stale': { tag: 'destinations' },
  'cloud-copy-mending': byItself,
  'copy-source-unreachable': byItself,
  // what the engine tries again, or what is noted as seen
  'cloud-unreachable': offered,
  'cloud-throttled': offered,
  'cloud-server-error': offered,
  'cloud-checksum': offered,
  'cloud-conflict': offered,
  'cloud-refused': offered,
  'cloud-full': offered,
  'cloud-copy-mended': offered,
  'copy-source-damaged': offered,
  'pacs-too-large': offered,
  'pacs-no-room': offered,
  'pacs-copy-missing': offered,
  'pacs-copy-differs': offered,
  'pacs-copy-unproven': offered,
  'object-format': offered,
  'object-tampered': offered,
  'object-truncated': offered,
  'object-no-recipient': offered,
  'object-mismatch': offered,
  'object-missing': offered,
  'uid-conflict': offered,
  'dicom-class-refused': offered,
  'dicom-syntax-refused': offered,
  'commitment-refused': offered,
  'archive-key-missing': offered,
  'archive-key-conflict': offered,
  internal: offered,
  'restart-waiting': { tag: 'setting', key: 'destinations' },
  // alerts, sharing
  'alert-not-sent': { tag: 'setting', key: 'alerts.email.host' },
  'alert-refused': { tag: 'setting', key: 'alerts.email.host' },
  'alert-secret-missing': { tag: 'setting', key: 'alerts.email.user' },
  'share-not-deleted': { tag: 'shares' },
  'share-no-place': { tag: 'setting', key: 'sharing.container' },
};

/** A code that a newer engine knows has what the engine offers. */
export function stepFor(code: string): FailureStep {
  return steps[code as ErrorCode] ?? offered;
}

/** Whether somebody has chosen a step for this code. */
export function hasStep(code: ErrorCode): boolean {
  return Object.hasOwn(steps, code);
}

import { describe, expect, it } from 'vitest';
import { errorFacts, type ErrorCode } from '../../../shared/errors.ts';
import { settingFacts } from '../../../shared/settings-facts.ts';
import { hasStep, stepFor } from './failure-steps.ts';

/** Said where somebody asked for something, at the command line or in a dialog: they never stand among the failures. */
const answersOnly: ReadonlySet<string> = new Set([
  'config-not-readable',
  'config-not-json',
  'config-unknown-key',
  'config-bad-value',
  'settings-by-environment',
  'config-changed-outside',
  'config-no-undo',
  'audit-export-broken',
  'keys-store-in-use',
  'folder-not-writable',
  'restart-by-hand',
  'settings-busy',
  'engine-reloading',
  'destination-not-tested',
  'destination-in-use',
  'destination-still-needed',
  'usage',
  'engine-already-running',
  'engine-not-running',
  'engine-starting',
  'engine-not-answering',
  'engine-stopping',
  'engine-stopped',
  'database-too-new',
  'passphrase-missing',
  'passphrase-wrong',
  'recovery-exists',
  'recovery-words-misspelt',
  'recovery-words-count',
  'recovery-words-checksum',
  'recovery-words-other',
  'recovery-words-replaced',
  'recovery-not-replacing',
  'keys-in-order',
  'keys-exist',
  'passphrase-not-used',
  'passphrase-weak',
  'recipient-exists',
  'recipient-unknown',
  'recipient-too-many',
  'recovery-share-count',
  'recovery-share-checksum',
  'recovery-share-mismatch',
  'share-place-unfit',
  'share-browsers-refused',
  'share-study-unknown',
  'share-too-large',
  'share-expiry-not-allowed',
  'share-passcode-weak',
  'share-recipient-not-confirmed',
  'share-unknown',
  'share-viewer-missing',
  'certificate-import-unusable',
  'certificate-request-unusable',
  'certificate-not-found',
  'certificate-exists',
  'not-on-this-pc',
  'not-dicom',
  'medium-incomplete',
  'file-not-readable',
  'file-exists',
  'file-not-writable',
  'pairing-not-valid',
  'pairing-exists',
  'pairing-too-many',
  'peer-unreachable',
  'peer-refused',
  'peer-timeout',
  'alerts-not-set',
  'join-choose',
  'join-not-fresh',
  'join-unfinished',
  'study-unknown',
  'preview-hidden',
  'preview-not-here',
  'preview-not-shown',
  'preview-too-large',
  'preview-damaged',
  'preview-decoder-stopped',
  'preview-missing',
  'preview-busy',
  'web-session',
  'demo-failed',
  'cancelled',
]);

describe('the next step of a failure', () => {
  const codes = Object.keys(errorFacts) as ErrorCode[];

  it('is decided for every code that can stand among the failures', () => {
    const undecided = codes.filter((code) => !hasStep(code) && !answersOnly.has(code));
    expect(undecided).toEqual([]);
  });

  it('is decided once: no code is a failure and an answer only', () => {
    expect(codes.filter((code) => hasStep(code) && answersOnly.has(code))).toEqual([]);
    expect([...answersOnly].filter((code) => !Object.hasOwn(errorFacts, code))).toEqual([]);
  });

  it('leads to settings that exist', () => {
    const known = new Set(settingFacts().map(({ key }) => key));
    const wanted = codes.map(stepFor).flatMap((step) => (step.tag === 'setting' ? [step.key] : []));
    expect(wanted.length).toBeGreaterThan(10);
    expect(wanted.filter((key) => !known.has(key))).toEqual([]);
  });

  it('of a code that only a newer engine knows is what the engine offers', () => {
    expect(stepFor('code-of-tomorrow')).toEqual({ tag: 'offered' });
  });
});

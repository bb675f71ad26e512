/** What the page looks like where images are restored, looked at in the cloud and shared: every state, and the way there. */
import type { Page } from 'playwright-core';
import type { AgentState } from '../../src/shared/agent-state.ts';
import type { RestoreEvent } from '../../src/shared/contract-restore.ts';
import type { ShareEvent, ShareSummary } from '../../src/shared/contract-share.ts';
import type { VerifyEvent } from '../../src/shared/contract-verify.ts';
import { reportFor } from '../../src/shared/errors.ts';
import type { StatusReport } from '../../src/shared/status.ts';
import * as states from './agent-states.ts';
import { button } from './device-screens.ts';
import type { Screen, Words } from './device-screens.ts';

type Looked = NonNullable<StatusReport['verification']>['destinations'][number];

export function looked(change: Partial<Looked> = {}): Looked {
  return {
    name: 'cloud',
    copies: 493,
    everChecked: 211,
    checked: 260,
    foundMissing: 0,
    foundDamaged: 0,
    mended: 0,
    bad: 0,
    lastCheckedAt: states.minutesAgo(35),
    lastResult: 'good',
    oldestProofAt: states.minutesAgo(60 * 24 * 40),
    ...change,
  };
}

const room = { bytes: 48_000_000_000, freeBytes: 96_000_000_000, evictableBytes: 41_000_000_000 };

/** A morning at a clinic whose engine tells of everything. */
export const cloudState = (change: Partial<StatusReport> = {}): AgentState =>
  states.agent({
    verification: { destinations: [looked()] },
    spool: { ...room, intakeBytesPerDay: 7_300_000_000, daysLeft: 18.4 },
    ...change,
  });

export const cloudTrouble = (): AgentState =>
  cloudState({
    safe: false,
    headline: 'attention',
    verification: {
      destinations: [
        looked({
          bad: 1,
          mended: 3,
          foundDamaged: 4,
          lastResult: 'damaged',
          lastCheckedAt: states.minutesAgo(4),
        }),
        looked({
          name: 'second-site',
          everChecked: 0,
          checked: 0,
          lastCheckedAt: null,
          lastResult: null,
          oldestProofAt: null,
        }),
      ],
    },
    spool: { ...room, freeBytes: 2_000_000_000, intakeBytesPerDay: 7_300_000_000, daysLeft: 0.4 },
    failures: [
      states.failure('cloud-copy-mended', { imagesSafe: true, destination: 'cloud', count: 3 }),
      states.failure('cloud-copy-lost', {
        imagesSafe: false,
        action: 'retry',
        studyId: 'study-2',
        destination: 'cloud',
      }),
    ],
  });

export const restoring = (change: Partial<Extract<RestoreEvent, { tag: 'progress' }>> = {}) =>
  ({
    tag: 'progress',
    total: 493,
    restored: 200,
    skipped: 3,
    missing: 0,
    damaged: 0,
    unproven: 0,
    bytes: 104_000_000,
    totalBytes: 258_000_000,
    doneBytes: 106_000_000,
    bytesPerSecond: 4_200_000,
    secondsLeft: 160,
    ...change,
  }) as const satisfies RestoreEvent;

const restoreProblem = (code: 'object-missing' | 'object-tampered', object: string): RestoreEvent => ({
  tag: 'problem',
  problem: {
    ...reportFor(code),
    object,
    study: { studyInstanceUid: '1.2.3.4', studyDate: '20260105', modality: 'US', initials: 'JR' },
  },
});

export const restoreEnded: readonly RestoreEvent[] = [
  restoreProblem('object-missing', 'objects/a1.cms'),
  restoreProblem('object-missing', 'objects/a2.cms'),
  restoreProblem('object-tampered', 'objects/a3.cms'),
  restoring({ restored: 487, missing: 2, damaged: 1, doneBytes: 258_000_000, secondsLeft: 0 }),
];

export const verifying = (change: Partial<Extract<VerifyEvent, { tag: 'progress' }>> = {}) =>
  ({
    tag: 'progress',
    total: 493,
    checked: 120,
    good: 120,
    missing: 0,
    damaged: 0,
    mending: 0,
    lost: 0,
    unlisted: 0,
    waiting: 0,
    bytes: 63_000_000,
    bytesPerSecond: 5_100_000,
    secondsLeft: 2400,
    ...change,
  }) as const satisfies VerifyEvent;

export const verifyEnded: readonly VerifyEvent[] = [
  { tag: 'resumed', destination: 'cloud', startedAt: states.minutesAgo(90), done: 100 },
  {
    tag: 'problem',
    problem: {
      ...reportFor('cloud-copy-lost'),
      object: 'objects/a1.cms',
      destination: 'cloud',
      studyId: 'study-2',
    },
  },
  {
    tag: 'problem',
    problem: {
      ...reportFor('cloud-copy-damaged'),
      object: 'objects/a2.cms',
      destination: 'cloud',
      studyId: null,
    },
  },
  verifying({ checked: 493, good: 491, damaged: 1, missing: 1, mending: 1, lost: 1, secondsLeft: 0 }),
];

/** Canaries: they open nothing, and nothing else on the page holds them. */
export const shareLink = `edge-sync-viewer.html#v1.${'aHR0cHM6Ly9saW5rY2FuYXJ5'.repeat(9)}.p.bGlua2NhbmFyeXNlY3JldA.c2FsdA.17`;
export const sharePasscode = 'canary-7qtm-x4fd-9wzk';

export const shareProgress = { tag: 'progress', done: 40, total: 120, bytes: 21_000_000 } as const;

export const shareEnded = (): readonly ShareEvent[] => [
  shareProgress,
  {
    tag: 'link',
    shareId: 'ab'.repeat(16),
    link: shareLink,
    passcode: sharePasscode,
    expiresAt: states.minutesAgo(-60 * 24 * 7),
    viewerUrl: null,
    viewerFile: 'edge-sync-viewer.html',
    images: 120,
  },
];

function share(change: Partial<ShareSummary>): ShareSummary {
  return {
    shareId: 'ab'.repeat(16),
    kind: 'link',
    state: 'active',
    createdAt: states.minutesAgo(300),
    createdBy: 'web',
    expiresAt: states.minutesAgo(-60 * 24 * 6),
    endedAt: null,
    endedBy: null,
    passcode: 'set',
    patientInitials: 'MG',
    studyDate: '20260105',
    studyInstanceUid: '1.2.826.0.1.99.1',
    recipient: null,
    recipientSha256: null,
    place: 'https://shares.example.test/given',
    images: 120,
    sizeBytes: 63_000_000,
    ...change,
  };
}

export const someShares = (): readonly ShareSummary[] => [
  share({}),
  share({
    shareId: 'cd'.repeat(16),
    kind: 'folder',
    state: 'handed-out',
    patientInitials: 'AL',
    recipient: 'CN=Dr. Example',
    recipientSha256: 'ef'.repeat(32),
    expiresAt: null,
    createdAt: states.minutesAgo(3000),
  }),
  share({
    shareId: 'ef'.repeat(16),
    state: 'expired',
    patientInitials: 'PC',
    studyDate: '',
    endedAt: states.minutesAgo(2000),
    createdAt: states.minutesAgo(12_000),
  }),
];

/** Opens the menu of the first study and chooses from it. */
export async function chooseOfStudy(
  page: Page,
  words: Words,
  item: 'share' | 'restore' | 'verify',
): Promise<void> {
  await openStudyMenu(page, words);
  await page.getByRole('menuitem', { name: words.studyMenu[item] }).click();
  await page.getByRole('dialog').waitFor();
}

async function openStudyMenu(page: Page, words: Words): Promise<void> {
  const [start] = words.studyMenu.moreLabel.split('{{');
  await page
    .getByRole('button', { name: start ?? '' })
    .first()
    .click();
  await page.getByRole('menu').waitFor();
}

const screen = (name: string, reach: Screen['reach'], state: Screen['state'] = cloudState): Screen => ({
  name: `cloud-${name}`,
  state,
  reach,
});

export const cloudScreens: readonly Screen[] = [
  screen('overview', async (page, words) => {
    await page.getByRole('region', { name: words.verify.title }).waitFor();
  }),
  screen(
    'overview-trouble',
    async (page, words) => {
      await page.getByText(words.disk.lessThanADay).waitFor();
    },
    cloudTrouble,
  ),
  screen('study-menu', openStudyMenu),
  screen('restore-study', async (page, words) => {
    await chooseOfStudy(page, words, 'restore');
    await page.getByText(words.restoreDialog.toNode, { exact: true }).click();
    await button(page, words.restoreDialog.start).click();
    await page.getByText(words.restoreDialog.badNode).waitFor();
  }),
  screen('restoring', async (page, words, engine) => {
    engine.restoreEvents = [restoring(), restoring()];
    await chooseOfStudy(page, words, 'restore');
    await page.getByLabel(words.restoreDialog.label).fill('/restored');
    await button(page, words.restoreDialog.start).click();
    await page.getByText(/4[.,]2/).waitFor();
  }),
  screen('restored', async (page, words, engine) => {
    engine.restoreEvents = restoreEnded;
    await button(page, words.files.restore).click();
    await page.getByLabel(words.restoreDialog.label).fill('/restored');
    await button(page, words.restoreDialog.start).click();
    await page.getByText(/JR/).first().waitFor();
    engine.finishRun();
    await page.getByText(words.restoreDialog.doneIncomplete).waitFor();
  }),
  screen('verify-all', async (page, words) => {
    await button(page, words.verify.all).click();
    await page.getByText(words.verify.allText).waitFor();
  }),
  screen('verified', async (page, words, engine) => {
    engine.verifyEvents = verifyEnded;
    await button(page, words.verify.all).click();
    await button(page, words.verify.start).click();
    await page.getByText(words.verify.unknownStudy).waitFor();
    engine.finishRun();
    await page.getByText(words.verify.doneLost).waitFor();
  }),
  screen('share', async (page, words) => {
    await chooseOfStudy(page, words, 'share');
    await page.getByText(words.share.warning).waitFor();
  }),
  screen(
    'sign-in',
    async (page, words, engine) => {
      engine.signInEvents = [
        { tag: 'code', code: 'ABCD-1234', address: 'https://microsoft.com/devicelogin' },
        { tag: 'signed-in', account: 'desk@clinic.example' },
      ];
      await button(page, words.signIn.button).click();
      await page.getByText('ABCD-1234').waitFor();
    },
    () => cloudState({ failures: [states.failure('entra-sign-in-needed', { destination: 'cloud' })] }),
  ),
  screen('share-setup', async (page, words, engine) => {
    engine.refusals.set('share-check', reportFor('share-no-place'));
    await chooseOfStudy(page, words, 'share');
    await page.getByText(words.share.setup1).waitFor();
  }),
  screen('share-ready', async (page, words, engine) => {
    engine.shareEvents = shareEnded();
    await chooseOfStudy(page, words, 'share');
    await button(page, words.share.create).click();
    await page.getByText(/40 .+ 120/).waitFor();
    engine.finishRun();
    await page.getByText(sharePasscode).waitFor();
  }),
  screen('shares', async (page, words, engine) => {
    engine.shares = someShares();
    await button(page, words.share.openList).click();
    await page.getByRole('button', { name: new RegExp(`^${words.share.revoke}`) }).click();
    await page.getByText(words.share.revokeQuestion).waitFor();
  }),
];

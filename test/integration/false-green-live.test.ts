/**
 * The false-green suite against a whole engine: made unsafe in each way, green nowhere (`status --json`, page, tray), and
 * green again where it was mended.
 */
import { mkdir, mkdtemp, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stateWhileAway } from '../../src/main/shell/engine/status-while-away.ts';
import type { Connection } from '../../src/renderer/state/agent-store.ts';
import { headlineView } from '../../src/renderer/state/headline-view.ts';
import { reportFor, type ErrorCode } from '../../src/shared/errors.ts';
import type { Headline, StatusReport } from '../../src/shared/status.ts';
import { startAzurite, type Azurite } from '../support/azurite.ts';
import { TestInstallation } from '../support/installation.ts';
import { LiveEngine } from '../support/live-engine.ts';
import { agentOf, expectAllSay } from '../support/verdicts.ts';

const minuteMs = 60_000;
const dayMs = 1440 * minuteMs;
let dir: string;
let share: string;
let live: LiveEngine | undefined;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'edge-sync-green-'));
  share = join(dir, 'share');
  await mkdir(share);
});
afterEach(async () => {
  await live?.dispose();
  live = undefined;
  await rm(dir, { recursive: true, force: true });
});

/** A running engine that uploads into a folder. */
async function begin(settings: Readonly<Record<string, unknown>> = {}): Promise<LiveEngine> {
  live = await LiveEngine.open({ destination: { kind: 'folder', path: share }, secret: 'none', settings });
  await live.start();
  return live;
}

/** Waits until the engine says `headline` (and tells of `code`); all who show it say the same then. */
async function becomes(
  engine: LiveEngine,
  headline: Headline,
  { code, meanwhile }: { readonly code?: ErrorCode; readonly meanwhile?: () => void } = {},
): Promise<StatusReport> {
  const fits = (status: StatusReport): boolean =>
    status.headline === headline &&
    (code === undefined || status.failures.some((failure) => failure.code === code));
  const status = await engine.statusWhere(fits, meanwhile);
  await expectAllSay(status, headline);
  return status;
}

describe('what holds uploads', () => {
  it('a pause, until it is over', async () => {
    const engine = await begin();
    await engine.send(1000);
    await becomes(engine, 'all-safe');
    await engine.service.uploads.pause({ tag: 'for', minutes: 30 }, 'command-line');
    await becomes(engine, 'working');
    engine.clock.skip(31 * minuteMs);
    await becomes(engine, 'all-safe');
  });

  it('a network that costs by the byte, until there is another', async () => {
    const engine = await begin({ upload: { pauseOnMetered: true } });
    await engine.send(1000);
    await becomes(engine, 'all-safe');
    engine.service.uploads.network({ metered: true });
    await engine.send(1000);
    await becomes(engine, 'working');
    engine.service.uploads.network({ metered: false });
    await becomes(engine, 'all-safe');
  });

  it('a share that vanishes, until it is back', async () => {
    const engine = await begin();
    await engine.send(1000);
    await becomes(engine, 'all-safe');
    await rename(share, `${share}-away`);
    await engine.send(1000);
    await becomes(engine, 'attention', { meanwhile: () => engine.clock.skip(minuteMs / 4) });
    await rename(`${share}-away`, share);
    await becomes(engine, 'all-safe', { meanwhile: () => engine.wake() });
  });

  it('nothing verified for more than a day, not even a probe, though nothing waits', async () => {
    const engine = await begin();
    await engine.send(1000);
    await becomes(engine, 'all-safe');
    await rename(share, `${share}-away`);
    engine.clock.skip(dayMs + 60 * minuteMs);
    const status = await becomes(engine, 'attention', { code: 'proof-stale' });
    expect(status.counts).toMatchObject({ pending: 0, failed: 0, parked: 0 });
  });
});

it('an image whose sealed copy is damaged before it is uploaded is set aside', async () => {
  const engine = await begin();
  await engine.send(1000);
  await becomes(engine, 'all-safe');
  await engine.service.uploads.pause({ tag: 'for', minutes: 30 }, 'command-line');
  const before = new Set(await spooled(engine));
  await engine.send(100_000);
  const [file = ''] = (await spooled(engine)).filter((name) => !before.has(name));
  await damage(file);
  await engine.service.uploads.resume({}, 'command-line');
  const status = await becomes(engine, 'attention', { code: 'object-tampered' });
  expect(status.counts.parked + status.counts.failed).toBe(1);
});

/** Files of the spool that hold something. */
async function spooled(engine: LiveEngine): Promise<readonly string[]> {
  const entries = await readdir(join(engine.dataDir, 'spool'), { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  return paths.filter((_, index) => (sizes[index] ?? 0) > 50_000);
}

async function damage(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const bytes = Buffer.alloc(16);
    await file.read(bytes, 0, 16, 40_000);
    await file.write(Buffer.from(bytes.map((byte) => byte ^ 0xff)), 0, 16, 40_000);
  } finally {
    await file.close();
  }
}

it('a disk with less room than is wanted', async () => {
  const engine = await begin({ disk: { refuseBelowBytes: 0, warnBelowBytes: Number.MAX_SAFE_INTEGER } });
  await becomes(engine, 'attention', { code: 'disk-low', meanwhile: () => engine.clock.skip(minuteMs) });
});

it('recovery words that were not tried for a quarter of a year', async () => {
  const engine = await begin();
  await engine.send(1000);
  await becomes(engine, 'all-safe');
  engine.clock.skip(91 * dayMs);
  await becomes(engine, 'attention', { code: 'recovery-check-due', meanwhile: () => engine.wake() });
});

it('a folder that cannot be reached, until it is there', async () => {
  const folder = join(dir, 'inbox');
  const engine = await begin({ folders: [{ path: folder }] });
  await becomes(engine, 'attention');
  await mkdir(folder);
  await becomes(engine, 'all-safe', { meanwhile: () => engine.clock.skip(minuteMs / 4) });
});

it('a caller that nobody knows, until somebody answers', async () => {
  const engine = await begin({ dicom: { port: 0, allowLoopback: false } });
  expect(await engine.send(1000)).toBe(0);
  await becomes(engine, 'attention', { code: 'association-refused' });
  await engine.answerAll();
  await becomes(engine, 'all-safe');
});

it('no destination, and a listener that is not there yet', async () => {
  const engine = await begin({ destinations: [] });
  await becomes(engine, 'attention');
  await engine.stop();
  await engine.openAgain();
  await becomes(engine, 'not-receiving');
});

describe('a cloud that refuses', () => {
  let cloud: Azurite;
  beforeEach(async () => {
    cloud = await startAzurite();
    await cloud.makeContainer('images');
  });
  afterEach(async () => {
    await cloud.stop();
  });

  async function refused(): Promise<LiveEngine> {
    const secret = cloud.connectionString().replace(cloud.accountKey, randomBytes(64).toString('base64'));
    live = await LiveEngine.open({ destination: { kind: 'azure', container: 'images' }, secret });
    await live.start();
    return live;
  }

  it('the credential', async () => {
    const engine = await refused();
    await engine.send(1000);
    await becomes(engine, 'attention', { code: 'cloud-auth' });
  });

  it('because the clock of this PC is wrong', async () => {
    const engine = await refused();
    engine.clock.jump(3 * 60 * minuteMs);
    await engine.send(1000);
    await becomes(engine, 'attention', { code: 'cloud-clock-skew' });
  });
});

it('an engine that is away: stopped, starting, not answering, or not heard', async () => {
  const engine = await begin();
  await engine.send(1000);
  const last = agentOf(await becomes(engine, 'all-safe'));
  const at = '2026-01-05T09:00:00.000Z';
  for (const code of ['engine-stopped', 'engine-starting', 'engine-not-answering'] as const) {
    const trouble = reportFor(code);
    const away = stateWhileAway({ last, trouble, since: at, now: at, version: '0.1.0', times: 1 });
    await expectAllSay(away.status, 'not-receiving');
  }
  for (const tag of ['connecting', 'silent', 'lost', 'refused'] satisfies Connection['tag'][])
    expect(headlineView({ connection: { tag }, agent: last, heardAtMs: 0 }).tone).toBe('unknown');
});

it('a kit that was never made, then one that was never proven, and an engine that died, as the command line tells', async () => {
  const installation = await TestInstallation.create({
    config: { destinations: [{ name: 'nas', kind: 'folder', path: share }] },
  });
  try {
    const engine = await installation.serve();
    expect(await installation.status()).toMatchObject({ headline: 'attention', safe: false });
    expect((await installation.command(['recovery', 'create'])).code).toBe(0);
    expect(await installation.status()).toMatchObject({ headline: 'attention', safe: false });
    expect((await installation.command(['status'])).code).toBe(1);
    await engine.kill();
    const dead = await installation.command(['status', '--json']);
    expect(dead.code).toBe(3);
    expect(JSON.parse(dead.out)).toMatchObject({ engine: 'not-running' });
    expect(dead.out).not.toContain('safe');
  } finally {
    await installation.dispose();
  }
});

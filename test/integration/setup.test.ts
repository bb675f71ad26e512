/** Setting up over the contract, on a real engine: a cloud is tried, taken over without an end of the process, and used. */
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEngineClient } from '../../src/main/rpc/client.ts';
import type { LiveTestEvent } from '../../src/shared/contract-setup.ts';
import { destinationSchema } from '../../src/shared/destination-settings.ts';
import type { DestinationSettings } from '../../src/shared/destination-settings.ts';
import { startAzurite, type Azurite } from '../support/azurite.ts';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { TestInstallation, type RunningEngine } from '../support/installation.ts';

type Client = ReturnType<typeof createEngineClient>;

let cloud: Azurite;
let container: string;
let installation: TestInstallation;
let engine: RunningEngine;
let client: Client;

beforeAll(async () => {
  cloud = await startAzurite();
  container = await cloud.makeContainer();
  installation = await TestInstallation.create();
  engine = await installation.serve();
  client = createEngineClient({ dataDir: installation.dataDir });
});
afterAll(async () => {
  await installation.dispose();
  await cloud.stop();
});

function azure(change: Record<string, unknown> = {}): DestinationSettings {
  return destinationSchema.parse({
    name: 'cloud',
    kind: 'azure',
    container,
    auth: 'connection-string',
    ...change,
  });
}

async function tried(destination: DestinationSettings, credential: string | null): Promise<LiveTestEvent[]> {
  const events: LiveTestEvent[] = [];
  for await (const event of await client.setup.testDestination({ destination, credential }))
    events.push(event);
  return events;
}

async function imported(label: string): Promise<void> {
  const path = installation.path(`${label}.dcm`);
  await writeFile(path, makeDicomFile({ sopInstanceUid: testUid(label), modality: 'US' }).bytes);
  for await (const event of await client.files.import({ paths: [path] }))
    if (event.tag === 'problem') throw new Error(event.problem.message);
}

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    (error: unknown) => (error as { readonly code?: string }).code,
  );

it('tries each step of a cloud, names the one that failed, and saves nothing of it', async () => {
  const failed = await tried(azure({ container: 'not-there' }), cloud.connectionString());
  expect(failed.at(-1)).toEqual({ tag: 'ended', outcome: 'failed' });
  expect(failed).toContainEqual(
    expect.objectContaining({
      tag: 'failed',
      step: 'reach',
      error: expect.objectContaining({ code: 'cloud-container-missing' }) as unknown,
    }),
  );
  expect(
    await codeOf(
      client.setup.saveDestination({
        destination: azure({ container: 'not-there' }),
        credential: cloud.connectionString(),
      }),
    ),
  ).toBe('destination-not-tested');
  expect(await readFile(installation.configFile, 'utf8')).not.toContain('not-there');
  expect((await client.agent.status()).destinations).toEqual([]);
});

it('saves only what was tried exactly so, and goes on with it in the same process', async () => {
  await imported('before the cloud');
  const credential = cloud.connectionString();
  const passed = await tried(azure(), credential);
  expect(passed.filter(({ tag }) => tag === 'passed').map((event) => 'step' in event && event.step)).toEqual([
    'route',
    'reach',
    'create',
    'read-back',
    'create-only',
    'others',
    'rights',
  ]);
  expect(passed).toContainEqual({ tag: 'route', proxy: null });
  expect(passed).toContainEqual(expect.objectContaining({ tag: 'finding', level: 'warning' }));
  expect(
    await codeOf(client.setup.saveDestination({ destination: azure({ prefix: 'other' }), credential })),
  ).toBe('destination-not-tested');

  const before = await client.agent.status();
  await client.setup.saveDestination({ destination: azure(), credential });
  const after = await client.agent.status();
  expect(after.listener).toEqual(before.listener);
  expect(after.destinations).toMatchObject([{ name: 'cloud', required: true, pending: 1 }]);
  expect(JSON.parse(await readFile(installation.configFile, 'utf8'))).toMatchObject({
    destinations: [{ name: 'cloud', container }],
    keys: { store: 'passphrase' },
  });
  expect(await readFile(installation.configFile, 'utf8')).not.toContain(cloud.accountKey);

  const { words } = await client.recovery.create({ replace: false });
  await client.recovery.check({ words });
  // What came before there was a cloud is sent to it.
  await installation.statusWhere(({ counts }) => counts.verified === 1);
  expect(await codeOf(client.setup.saveDestination({ destination: azure(), credential }))).toBe(
    'destination-not-tested',
  );
  expect(engine.log()).not.toContain(cloud.accountKey);
});

it('leaves a name in use where its images are', async () => {
  const other = azure({ container: await cloud.makeContainer() });
  await tried(other, null);
  expect(await codeOf(client.setup.saveDestination({ destination: other, credential: null }))).toBe(
    'destination-in-use',
  );
});

it('names an archive of somebody else that lies there already', async () => {
  const foreign = await TestInstallation.create();
  try {
    await foreign.serve();
    const theirs = createEngineClient({ dataDir: foreign.dataDir });
    const events: LiveTestEvent[] = [];
    const draft = { destination: azure(), credential: cloud.connectionString() };
    for await (const event of await theirs.setup.testDestination(draft)) events.push(event);
    expect(events).toContainEqual(expect.objectContaining({ tag: 'finding', about: 'other-archive' }));
  } finally {
    await foreign.dispose();
  }
});

it('takes over where devices reach this PC, and is as before where it cannot', async () => {
  await client.setup.listen({ aeTitle: 'FRONTDESK' });
  expect((await client.agent.status()).listener).toMatchObject({ up: true, aeTitle: 'FRONTDESK' });
  const file = await readFile(installation.configFile, 'utf8');
  expect(await codeOf(client.setup.listen({ port: cloud.port }))).toBe('port-taken');
  expect(await readFile(installation.configFile, 'utf8')).toBe(file);
  expect((await client.agent.status()).listener).toMatchObject({ up: true, aeTitle: 'FRONTDESK' });
  await imported('after the change');
  await installation.statusWhere(({ counts }) => counts.verified === 2);
  expect(await engine.stop()).toBe(0);
});

it('does not change what the environment sets', async () => {
  const own = await TestInstallation.create({ environment: { EDGE_SYNC_DICOM_AE_TITLE: 'FIXED' } });
  try {
    await own.serve();
    const theirs = createEngineClient({ dataDir: own.dataDir });
    expect(await codeOf(theirs.setup.listen({ aeTitle: 'OTHER' }))).toBe('settings-by-environment');
    expect((await theirs.agent.status()).listener.aeTitle).toBe('FIXED');
  } finally {
    await own.dispose();
  }
});

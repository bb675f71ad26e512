/** `edge-sync devices` as an administrator types it, with and without a running engine. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Device, NetworkAddressFacts, RefusedCaller } from '../../src/shared/devices.ts';
import type { StatusReport } from '../../src/shared/status.ts';
import { call } from '../support/devices.ts';
import { TestInstallation } from '../support/installation.ts';

let installation: TestInstallation;

beforeEach(async () => {
  installation = await TestInstallation.create({ config: { dicom: { port: 0, allowLoopback: false } } });
});
afterEach(() => installation.dispose());

async function json<Answer>(...args: readonly string[]): Promise<Answer> {
  const { out, err, code } = await installation.command(['devices', ...args, '--json']);
  if (code !== 0) throw new Error(`${code ?? ''}: ${err}`);
  return JSON.parse(out) as Answer;
}

it('pairs without an engine, and lets in while one runs', { timeout: 120_000 }, async () => {
  const paired = await json<Device>('pair', 'CT room', '--aet', 'CT1', '--address', '127.0.0.2');
  expect(paired).toMatchObject({ name: 'CT room', channel: 'plain', addresses: ['127.0.0.2'] });
  const engine = await installation.serve();
  const { port } = engine.ready.dicom;
  await (await call({ port, from: '127.0.0.2' })).release();

  await expect(call({ port, from: '127.0.0.3', callingAe: 'US1' })).rejects.toMatchObject({
    code: 'peer-refused',
  });
  const [caller] = await json<RefusedCaller[]>('callers');
  expect(caller).toMatchObject({ callingAeTitle: 'US1', address: '127.0.0.3' });
  const allowed = await installation.command([
    'devices',
    'allow',
    caller!.id.slice(0, 6),
    '--name',
    'US room',
  ]);
  expect(allowed.out).toContain('anyone on this network can read what it sends');
  await (await call({ port, from: '127.0.0.3', callingAe: 'US1' })).release();

  const { access } = JSON.parse((await installation.command(['status', '--json'])).out) as StatusReport;
  expect(access?.devices.map(({ name }) => name)).toEqual(['CT room', 'US room']);
  await installation.command(['devices', 'remove', 'US room']);
  await expect(call({ port, from: '127.0.0.3', callingAe: 'US1' })).rejects.toMatchObject({
    code: 'peer-refused',
  });

  const addresses = await json<NetworkAddressFacts[]>('addresses');
  expect(addresses.filter(({ used }) => used).map(({ address }) => address)).toEqual(['127.0.0.1']);
  expect(await engine.stop()).toBe(0);
  expect((await json<Device[]>('list')).map(({ aeTitle }) => aeTitle)).toEqual(['CT1']);
});

it('says what is wrong with a pairing, and changes nothing', { timeout: 60_000 }, async () => {
  const bad: readonly (readonly [args: readonly string[], says: string])[] = [
    [['pair', 'X', '--aet', 'X'], 'known by its --address'],
    [['pair', 'X', '--aet', 'X', '--address', '10.0.0.0/8'], '/16 or narrower'],
    [['pair', 'X', '--aet', 'X', '--certificate', 'abc'], '64 hex digits'],
    [['pair', 'X', '--aet', 'X', '--plain', '--certificate', 'ab'.repeat(32)], 'exclude each other'],
  ];
  for (const [args, says] of bad) {
    const { code, err } = await installation.command(['devices', ...args]);
    expect(err).toContain(says);
    expect(code).toBe(64);
  }
  const unknown = await installation.command(['devices', 'remove', 'nobody']);
  expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('[device-unknown]')]);
  expect((await installation.command(['devices', 'list'])).out).toContain('No device is paired');
});

it(
  'sends commitment answers as the device comes, unless it is said otherwise',
  { timeout: 60_000 },
  async () => {
    const fingerprint = 'ab'.repeat(32);
    const commitment = ['--commitment', 'CT_SCP@192.168.1.40:104'];
    const tls = ['pair', 'CT', '--aet', 'CT1', '--certificate', fingerprint, ...commitment];
    expect((await json<Device>(...tls)).commitment).toMatchObject({ channel: 'tls', port: 104 });
    expect(
      (await json<Device>('change', 'CT', '--commitment-plain', ...commitment)).commitment,
    ).toMatchObject({
      channel: 'plain',
    });
    expect((await installation.command(['devices', 'list'])).out).toContain('answers go without encryption');
    expect((await json<Device>('change', 'CT', ...commitment)).commitment).toMatchObject({ channel: 'tls' });

    const plain = ['pair', 'US', '--aet', 'US1', '--address', '192.168.1.41', ...commitment];
    expect((await json<Device>(...plain)).commitment).toMatchObject({ channel: 'plain' });
    const both = await installation.command(['devices', ...plain, '--commitment-tls', '--commitment-plain']);
    expect([both.code, both.err]).toEqual([64, expect.stringContaining('exclude each other')]);
  },
);

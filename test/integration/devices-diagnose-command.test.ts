/** `edge-sync devices watch` and `diagnose` as an administrator types them beside a running engine. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Diagnosis, PairingState } from '../../src/shared/pairing.ts';
import { call } from '../support/devices.ts';
import { TestInstallation } from '../support/installation.ts';

let installation: TestInstallation;

beforeEach(async () => {
  installation = await TestInstallation.create({ config: { dicom: { port: 0, allowLoopback: false } } });
});
afterEach(() => installation.dispose());

const bin = fileURLToPath(new URL('../../bin/edge-sync.js', import.meta.url));

/** Runs `devices watch` until its output fits, then interrupts it as Ctrl-C does; gives the output. */
async function watchUntil(args: readonly string[], fits: (out: string) => boolean): Promise<string> {
  const child = spawn(process.execPath, [bin, 'devices', 'watch', ...args, ...installation.flags()], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let out = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    out += String(chunk);
    if (fits(out)) child.kill('SIGINT');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  expect([out, child.exitCode]).toEqual([out, 0]);
  return out;
}

it(
  'say what is wrong with a device, in words and as JSON, and how to allow one',
  { timeout: 120_000 },
  async () => {
    const none = await installation.command(['devices', 'diagnose']);
    expect([none.code, none.err]).toEqual([1, expect.stringContaining('[engine-not-running]')]);

    const engine = await installation.serve();
    const { port } = engine.ready.dicom;
    await call({ port, from: '127.0.0.2', calledAe: 'ARCHIVE' }).catch(() => undefined);
    const told = await installation.command(['devices', 'diagnose']);
    expect(told.code).toBe(1);
    expect(told.out).toContain(`Own port 127.0.0.1:${port}: answers`);
    expect(told.out).toContain(
      '! The device asked for “ARCHIVE”, but this PC is called “EDGESYNC”. (CT1 at 127.0.0.2)',
    );
    const json = await installation.command(['devices', 'diagnose', '--json']);
    const diagnosis = JSON.parse(json.out) as Diagnosis & { findings: { title: string; step: string }[] };
    expect(diagnosis.findings.map(({ code }) => code)).toEqual(['loopback-only', 'other-called-title']);
    expect(diagnosis.findings[1]?.step).toContain('EDGESYNC');

    await call({ port, from: '127.0.0.3', callingAe: 'US1' }).catch(() => undefined);
    const [line = ''] = (await watchUntil(['--json'], (out) => out.includes('\n'))).split('\n');
    const state = JSON.parse(line) as PairingState;
    expect(state.visits.map(({ callingAeTitle }) => callingAeTitle)).toEqual(['US1', 'CT1']);
    const waits = /US1 at 127\.0\.0\.3 waits: edge-sync devices allow [0-9a-f]{8} --name NAME/;
    await watchUntil([], (out) => waits.test(out));
  },
);

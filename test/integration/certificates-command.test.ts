/** The certificates commands and the TLS port of a real engine, as an administrator meets them. */
import { readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runPeer } from '../support/dicom-peers.ts';
import { type CommandResult, TestInstallation } from '../support/installation.ts';
import { needs } from '../support/tools.ts';

let installation: TestInstallation;

beforeEach(async () => {
  installation = await TestInstallation.create({
    config: { dicom: { port: 0, tls: { enabled: true, port: 0 } } },
  });
});
afterEach(() => installation.dispose());

const path = (name: string): string => installation.path(name);
const certificates = (...args: readonly string[]): Promise<CommandResult> =>
  installation.command(['certificates', ...args]);

function tlsPortOf(engine: { readonly ready: { readonly dicom: object } }): string {
  return String((engine.ready.dicom as { readonly tlsPort: number }).tlsPort);
}

/** `--tls` with the files that `issue` wrote. */
const tls = (prefix: string): string[] => [
  ...[
    '--tls',
    '--ca',
    path(`${prefix}.ca.crt`),
    '--cert',
    path(`${prefix}.crt`),
    '--key',
    path(`${prefix}.key`),
  ],
];

it('issues without a running engine, into new private files, and never over old ones', async () => {
  const issued = await certificates('issue', 'US1', '--out', path('us1'));
  expect(issued).toMatchObject({ code: 0 });
  expect(issued.out).toMatch(/Fingerprint \(SHA-256\): [0-9a-f]{64}/);
  for (const name of ['us1.key', 'us1.crt', 'us1.ca.crt'])
    expect(statSync(path(name)).mode & 0o777).toBe(0o600);
  const before = readFileSync(path('us1.key'));
  const again = await certificates('issue', 'US1', '--out', path('us1'));
  expect(again).toMatchObject({ code: 1 });
  expect(again.err).toContain('[file-exists]');
  expect(readFileSync(path('us1.key')).equals(before)).toBe(true);
  const { certificates: listed } = JSON.parse((await certificates('list', '--json')).out) as {
    certificates: { role: string; name: string }[];
  };
  expect(listed.map(({ role, name }) => `${role} ${name.replace(/ [0-9a-f]{8}$/, '')}`)).toEqual([
    'issuer Edge Sync site CA',
    'device US1',
  ]);
});

it('takes a passphrase for the key from a file alone, and says when it is too short', async () => {
  await writeFile(path('short'), 'short\n');
  const short = await certificates(
    ...['issue', 'US1', '--format', 'p12', '--out', path('us1'), '--key-passphrase-file', path('short')],
  );
  expect(short).toMatchObject({ code: 64 });
  expect(short.err).toContain('at least 12 characters');
  const none = await certificates('issue', 'US1', '--format', 'p12', '--out', path('us1'));
  expect(none).toMatchObject({ code: 64 });
  expect(none.err).toContain('--key-passphrase-file');
});

needs('dcmtk')('the TLS port of a running engine', () => {
  it('is used by echo and by DCMTK with issued certificates, until they are revoked', async () => {
    const engine = await installation.serve();
    const port = tlsPortOf(engine);
    for (const [name, key] of [
      ['us1', 'ecdsa-p256'],
      ['us2', 'rsa-2048'],
    ] as const) {
      expect(await certificates('issue', name, '--key', key, '--out', path(name))).toMatchObject({ code: 0 });
      const echo = await installation.run(['echo', '127.0.0.1', port, 'EDGESYNC', ...tls(name)]);
      expect(echo).toMatchObject({ code: 0, err: '' });
    }
    const toEngine = ['-aec', 'EDGESYNC', '127.0.0.1', port];
    const files = ['+tls', path('us2.key'), path('us2.crt'), '+cf', path('us2.ca.crt')];
    expect((await runPeer('echoscu', [...files, ...toEngine])).exitCode).toBe(0);
    expect(await certificates('revoke', 'us2', '--reason', 'lost')).toMatchObject({ code: 0 });
    expect((await runPeer('echoscu', [...files, ...toEngine])).exitCode).not.toBe(0);
    const status = await installation.command(['status']);
    expect(status.out).toContain('its certificate was revoked');
    expect(engine.log()).toContain('"code":"tls-certificate-revoked"');
    expect(await engine.stop()).toBe(0);
  });

  it('is not mistaken for a plain port, nor for another node, by our own echo', async () => {
    const engine = await installation.serve();
    const { port } = engine.ready.dicom;
    expect(await certificates('issue', 'us1', '--out', path('us1'))).toMatchObject({ code: 0 });
    const onPlain = await installation.run(['echo', '127.0.0.1', String(port), 'EDGESYNC', ...tls('us1')]);
    expect(onPlain.code).toBe(1);
    const pinned = await installation.run([
      ...['echo', '127.0.0.1', tlsPortOf(engine), 'EDGESYNC', ...tls('us1')],
      ...['--peer-fingerprint', '0'.repeat(64)],
    ]);
    expect(pinned).toMatchObject({ code: 1 });
    expect(pinned.err).toContain('[tls-peer-untrusted]');
    const alone = await installation.run(['echo', '127.0.0.1', '1', 'X', '--ca', path('us1.ca.crt')]);
    expect(alone).toMatchObject({ code: 64 });
    await engine.stop();
  });

  it('lets in the paired certificate alone, and after a renewal the new one beside the old one', async () => {
    await installation.configure({
      dicom: { port: 0, allowLoopback: false, tls: { enabled: true, port: 0 } },
    });
    const engine = await installation.serve();
    const echo = (...files: readonly string[]): Promise<CommandResult> =>
      installation.run([
        ...['echo', '127.0.0.1', tlsPortOf(engine), 'EDGESYNC', '--calling', 'US1'],
        ...files,
      ]);
    const issued = await certificates('issue', 'us1', '--out', path('us1'));
    expect(await certificates('issue', 'us2', '--out', path('us2'))).toMatchObject({ code: 0 });
    const [fingerprint = ''] = /[0-9a-f]{64}/.exec(issued.out) ?? [];
    const pair = ['devices', 'pair', 'Ultrasound 1', '--aet', 'US1', '--certificate', fingerprint];
    expect(await installation.command(pair)).toMatchObject({ code: 0 });
    expect(await echo(...tls('us1'))).toMatchObject({ code: 0 });
    const other = await echo(...tls('us2'));
    expect(other).toMatchObject({ code: 1 });
    expect(other.err).toContain('[peer-refused]');
    const renewed = await certificates('renew', 'us1', '--same-key', '--out', path('new'));
    expect(renewed).toMatchObject({ code: 0 });
    const withNew = [
      '--tls',
      '--ca',
      path('new.ca.crt'),
      '--cert',
      path('new.crt'),
      '--key',
      path('us1.key'),
    ];
    expect(await echo(...withNew)).toMatchObject({ code: 0 });
    expect(await echo(...tls('us1'))).toMatchObject({ code: 0 });
    expect(await engine.stop()).toBe(0);
  });

  it('shows the next certificate after a renewal, and the same CA after a restart', async () => {
    const engine = await installation.serve();
    expect(await certificates('issue', 'us1', '--out', path('us1'))).toMatchObject({ code: 0 });
    expect(await certificates('renew', '--server')).toMatchObject({ code: 0 });
    expect(await engine.stop()).toBe(0);
    const again = await installation.serve();
    const echo = ['echo', '127.0.0.1', tlsPortOf(again), 'EDGESYNC'];
    expect(await installation.run([...echo, ...tls('us1')])).toMatchObject({ code: 0 });
    expect(await certificates('renew', 'us1', '--same-key', '--out', path('us1b'))).toMatchObject({
      code: 0,
    });
    const renewed = [
      ...['--tls', '--ca', path('us1b.ca.crt'), '--cert', path('us1b.crt'), '--key', path('us1.key')],
    ];
    expect(await installation.run([...echo, ...renewed])).toMatchObject({ code: 0 });
    expect(await again.stop()).toBe(0);
  });
});

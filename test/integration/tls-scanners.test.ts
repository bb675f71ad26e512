/** The TLS port as scanners see it: what they would tell a clinic's auditor. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runPeer } from '../support/dicom-peers.ts';
import { CertificateKit, type DeviceFiles, TlsNode } from '../support/tls-node.ts';
import { needs, programPath } from '../support/tools.ts';

let kit: CertificateKit;
let node: TlsNode;
let device: DeviceFiles;

beforeAll(async () => {
  kit = new CertificateKit();
  node = await TlsNode.start(kit);
  // Both chains, so that the ECDSA and the RSA suites are looked at.
  device = await kit.device('SCANNER', 'rsa-2048');
});

afterAll(async () => {
  await node.scp.stop();
  await kit.dispose();
});

const wanted = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
];

needs('sslscan')('sslscan', () => {
  it('finds TLS 1.2 and 1.3 with six suites, and nothing older or weaker', async () => {
    const { output } = await runPeer('sslscan', [
      ...['--no-colour', '--xml=-', '--no-heartbleed', `--certs=${device.cert}`, `--pk=${device.key}`],
      `127.0.0.1:${node.tlsPort}`,
    ]);
    const enabled = [...output.matchAll(/<protocol type="(\w+)" version="([\d.]+)" enabled="1"/g)];
    expect(enabled.map(([, type, version]) => `${type} ${version}`)).toEqual(['tls 1.2', 'tls 1.3']);
    const suites = [...output.matchAll(/<cipher [^>]*cipher="([^"]+)"/g)].map(([, suite]) => suite);
    expect(suites.length).toBeGreaterThan(0);
    expect([...new Set(suites)].filter((suite) => !wanted.includes(suite ?? ''))).toEqual([]);
    expect(output).toContain('<renegotiation supported="0" secure="0" />');
  }, 60_000);
});

needs('testssl')('testssl', () => {
  it('finds no old protocol, no weak suite, and renegotiation refused', async () => {
    const out = kit.path('testssl.json');
    const child = spawn(
      programPath('testssl'),
      [
        ...['--quiet', '--color', '0', '--warnings', 'off', '--nodns', 'min', '--jsonfile', out],
        ...['--protocols', '--std', '--server-preference', '--renegotiation', '--crime', '--breach'],
        `127.0.0.1:${node.tlsPort}`,
      ],
      { stdio: 'ignore', cwd: kit.dir },
    );
    await once(child, 'close');
    const findings = new Map(
      (JSON.parse(readFileSync(out, 'utf8')) as { id: string; finding: string; severity: string }[]).map(
        (one) => [one.id, one],
      ),
    );
    for (const old of ['SSLv2', 'SSLv3', 'TLS1', 'TLS1_1'])
      expect(findings.get(old)?.finding).toMatch(/not offered/);
    for (const now of ['TLS1_2', 'TLS1_3']) expect(findings.get(now)?.finding).toMatch(/^offered/);
    const lists = [...findings.values()].filter(({ id }) => id.startsWith('cipherlist_'));
    const offered = lists.filter(({ finding }) => finding.startsWith('offered')).map(({ id }) => id);
    expect(lists.length).toBeGreaterThan(4);
    // It was renamed between versions of testssl.
    expect(offered.map((id) => id.replace('_FS', ''))).toEqual(['cipherlist_STRONG']);
    const bad = [...findings.values()].filter(({ severity }) =>
      ['MEDIUM', 'HIGH', 'CRITICAL'].includes(severity),
    );
    expect(bad).toEqual([]);
  }, 180_000);
});

needs('openssl')('openssl s_client', () => {
  const client = (args: readonly string[], input: string): Promise<{ code: number | null; out: string }> => {
    const child = spawn(
      programPath('openssl'),
      [
        ...['s_client', '-connect', `127.0.0.1:${node.tlsPort}`, '-CAfile', device.ca],
        ...['-cert', device.cert, '-key', device.key, '-verify_return_error', ...args],
      ],
      { stdio: ['pipe', 'pipe', 'pipe'], timeout: 20_000 },
    );
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('latin1')));
    child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString('latin1')));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    return once(child, 'close').then(([code]) => ({ code: code as number | null, out }));
  };

  it('shakes hands with what is asked for', async () => {
    for (const args of [['-tls1_3'], ['-tls1_2', '-cipher', 'ECDHE-RSA-AES256-GCM-SHA384']]) {
      const { code, out } = await client(args, 'Q\n');
      expect(out).toContain('Verify return code: 0 (ok)');
      expect(code).toBe(0);
    }
  });

  it.each(['-tls1', '-tls1_1'])('is refused with %s', async (version) => {
    const { code, out } = await client([version, '-cipher', 'ALL:@SECLEVEL=0'], '');
    expect(code).not.toBe(0);
    expect(out).toContain('alert protocol version');
  });

  it.each([
    ...['eNULL', 'aNULL', 'AES128-SHA', 'AES128-GCM-SHA256', 'CAMELLIA128-SHA'],
    ...['ECDHE-RSA-AES128-SHA256', 'DHE-RSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
  ])('is refused with nothing but %s', async (suite) => {
    const { code, out } = await client(['-tls1_2', '-cipher', `${suite}:@SECLEVEL=0`], '');
    expect(code).not.toBe(0);
    expect(out).toContain('alert handshake failure');
  });

  it('is refused a renegotiation', async () => {
    const { out } = await client(['-tls1_2', '-legacy_renegotiation'], 'R\n');
    expect(out).toContain('RENEGOTIATING');
    expect(out).toMatch(/no renegotiation|unexpected|handshake failure/i);
  });

  it('resumes no session', async () => {
    const { out } = await client(['-tls1_2', '-reconnect', '-no_ticket'], 'Q\n');
    expect(out).not.toContain('Reused, ');
    expect(out).toContain('New, ');
  });
});

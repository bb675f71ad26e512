import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { startConnectProxy, type ConnectProxy } from '../../../../test/support/connect-proxy.ts';
import { startS3Server, type S3Server } from '../../../../test/support/s3-server.ts';
import { needs, programPath } from '../../../../test/support/tools.ts';
import { networkSchema } from '../../../shared/network-settings.ts';
import type { Clock } from '../ports.ts';
import { SystemClock } from '../system/clock.ts';
import { Secret } from '../system/secret.ts';
import { outgoingFor } from './outgoing.ts';
import { maxScriptBytes, PacScript, refetchMs, waysOf } from './pac-script.ts';
import { S3Store } from './s3-store.ts';

const host = 'storage.clinic.example';
let folder: string;
let file: string;
const closing: (() => Promise<unknown>)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edge-sync-pac-'));
  file = join(folder, 'proxy.pac');
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  rmSync(folder, { recursive: true, force: true });
});

function script(from = file, clock: Clock = new SystemClock()): PacScript {
  return new PacScript({ from, ownAddress: () => '192.0.2.7', clock });
}

function write(body: string): void {
  writeFileSync(file, `function FindProxyForURL(url, host) { ${body} }`);
}

const asked = (body: string, url = `https://${host}/bucket/name?secret=1`) => {
  write(body);
  return script().wayTo(url);
};

describe('a PAC script', () => {
  it('chooses by host, with the functions of its standard, and sees neither path nor query', async () => {
    const body = `
      if (dnsDomainIs(host, '.example') && shExpMatch(url, 'https://${host}/') && isInNet('10.1.2.3', '10.0.0.0', '255.0.0.0'))
        return 'PROXY proxy.clinic.example:3128';
      return 'DIRECT';`;
    expect(await asked(body)).toEqual({ tag: 'proxy', proxy: 'http://proxy.clinic.example:3128' });
    expect(await asked(body, 'https://elsewhere.test/')).toEqual({ tag: 'direct' });
  });

  it('knows an address of this PC without asking anybody', async () => {
    expect(await asked(`return 'PROXY ' + myIpAddress() + ':1';`)).toEqual({
      tag: 'proxy',
      proxy: 'http://192.0.2.7:1',
    });
  });

  it('that says nothing means straight', async () => {
    expect(await asked('')).toEqual({ tag: 'direct' });
  });

  it.each([
    ['runs without end', 'while (true) {}'],
    ['takes all memory', `var a = []; while (true) a.push(new Array(100000).join('x') + a.length);`],
    ['throws', `throw new Error('x')`],
    ['calls itself without end', 'return FindProxyForURL(url, host)'],
    ['wants what Node has', `return process.env.PATH`],
    ['wants a module', `return require('fs').readFileSync('/etc/passwd')`],
    ['reaches for the host by its functions', `return dnsDomainIs.constructor('return process')().version`],
    ['gives back a number', 'return 7'],
    ['names what nobody knows', `return 'FTP proxy:21; GOPHER x'`],
  ])(
    'that %s fails by name, and nothing else does',
    async (_name, body) => {
      await expect(asked(body)).rejects.toMatchObject({ code: 'proxy-script-failed' });
    },
    60_000,
  );

  it('that is not there, or too long, is told as unreadable', async () => {
    await expect(script().wayTo('https://a.test/')).rejects.toMatchObject({
      code: 'proxy-script-unreadable',
      detail: 'ENOENT',
    });
    writeFileSync(file, `//${'x'.repeat(maxScriptBytes)}`);
    await expect(script().wayTo('https://a.test/')).rejects.toMatchObject({ detail: 'it is too long' });
  });

  it('is read again after a while, and used as it was while it cannot be read', async () => {
    const clock = new FakeClock();
    const one = script(file, clock);
    write(`return 'PROXY first:1'`);
    expect(await one.wayTo('https://a.test/')).toMatchObject({ proxy: 'http://first:1' });
    write(`return 'PROXY second:1'`);
    expect(await one.wayTo('https://a.test/')).toMatchObject({ proxy: 'http://first:1' });
    await clock.advance(refetchMs);
    expect(await one.wayTo('https://a.test/')).toMatchObject({ proxy: 'http://second:1' });
    rmSync(file);
    await clock.advance(refetchMs);
    expect(await one.wayTo('https://a.test/')).toMatchObject({ proxy: 'http://second:1' });
    await clock.advance(25 * 3_600_000);
    await expect(one.wayTo('https://a.test/')).rejects.toMatchObject({ code: 'proxy-script-unreadable' });
  });

  it('comes from an address too, bounded in length, and no other answer than 200 counts', async () => {
    const text = `function FindProxyForURL(url, host) { return 'SOCKS5 s:1080'; }`;
    const server = http.createServer((request, response) => {
      if (request.url === '/long') response.end('x'.repeat(maxScriptBytes + 1));
      else if (request.url === '/moved') response.writeHead(302, { location: '/proxy.pac' }).end();
      else response.end(text);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    closing.push(() => new Promise((done) => server.close(done)));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await script(`${base}/proxy.pac`).wayTo('https://a.test/')).toEqual({
      tag: 'proxy',
      proxy: 'socks5://s:1080',
    });
    await expect(script(`${base}/long`).wayTo('https://a.test/')).rejects.toMatchObject({
      code: 'proxy-script-unreadable',
    });
    await expect(script(`${base}/moved`).wayTo('https://a.test/')).rejects.toMatchObject({
      detail: 'the answer was 302',
    });
  });

  it('of which the first proxy is down leads to the next', async () => {
    const proxy = await startConnectProxy(undefined, () => 1);
    const gone = await startConnectProxy(undefined, () => 1);
    const { port: downPort } = gone;
    await gone.stop();
    closing.push(() => proxy.stop());
    expect(
      await asked(`return 'PROXY 127.0.0.1:${downPort}; PROXY 127.0.0.1:${proxy.port}; DIRECT'`),
    ).toEqual({
      tag: 'proxy',
      proxy: `http://127.0.0.1:${proxy.port}`,
    });
  });

  it('is read as browsers read it', () => {
    expect(
      waysOf(' proxy a:1 ;HTTPS b:2; SOCKS c:3;SOCKS4 d ;DIRECT; ; PROXY user:word@e:1; PROXY f:1 x'),
    ).toEqual([
      { tag: 'proxy', proxy: 'http://a:1' },
      { tag: 'proxy', proxy: 'https://b:2' },
      { tag: 'proxy', proxy: 'socks5://c:3' },
      { tag: 'proxy', proxy: 'socks4://d' },
      { tag: 'direct' },
    ]);
  });
});

describe('outgoing connections by a script or by the environment', () => {
  let server: S3Server;
  let proxy: ConnectProxy;
  const saved = { ...process.env };

  beforeEach(async () => {
    server = await startS3Server();
    proxy = await startConnectProxy('front desk:p@ss:word', () => server.port);
    closing.push(
      () => proxy.stop(),
      () => server.stop(),
    );
  });
  afterEach(() => {
    for (const name of ['http_proxy', 'no_proxy', 'HTTP_PROXY', 'NO_PROXY']) {
      if (saved[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = saved[name];
    }
  });

  function store(
    settings: unknown,
    credential?: string,
    endpoint = `http://${host}`,
    authorities?: readonly string[],
  ): S3Store {
    const network = networkSchema.parse({ proxy: settings });
    const secret = credential === undefined ? undefined : Secret.fromText(credential);
    return new S3Store({
      settings: {
        bucket: server.bucket,
        prefix: 'archive',
        region: 'auto',
        endpoint,
        addressing: 'path',
        checksum: 'md5',
        createOnly: 'by-service',
      },
      credential: Secret.fromText(`${server.accessKeyId}:${server.secretAccessKey}`),
      clock: new SystemClock(),
      outgoing: outgoingFor(network, secret, authorities),
    });
  }

  it('reach a host that only the proxy of the script can find, with the credential of the settings', async () => {
    write(`return host === '${host}' ? 'PROXY 127.0.0.1:${proxy.port}' : 'DIRECT';`);
    const one = store({ mode: 'pac', pac: file }, 'front desk:p@ss:word');
    await one.check();
    await one.check();
    await one.close();
    expect([...server.objects.keys()]).toEqual(['archive/checks/write']);
    expect(new Set(proxy.seen.map((line) => line.split(' ')[1]))).toEqual(new Set([host]));
    const wrong = store({ mode: 'pac', pac: file }, 'front desk:wrong');
    await expect(wrong.check()).rejects.toMatchObject({ code: 'proxy-refused' });
    await wrong.close();
  });

  it('fail by the name of the script, with a next step, where it cannot choose', async () => {
    const one = store({ mode: 'pac', pac: file });
    await expect(one.check()).rejects.toMatchObject({ code: 'proxy-script-unreadable' });
    write('throw 1;');
    await expect(one.check()).rejects.toMatchObject({ code: 'proxy-script-failed' });
    await one.close();
  });

  it('go as the environment says, with the credential in its address', async () => {
    process.env['http_proxy'] = `http://front%20desk:p%40ss%3Aword@127.0.0.1:${proxy.port}`;
    delete process.env['no_proxy'];
    delete process.env['NO_PROXY'];
    const one = store({ mode: 'system' });
    await one.check();
    await one.close();
    expect(proxy.seen.length).toBeGreaterThan(0);
    process.env['no_proxy'] = `.clinic.example`;
    const straight = store({ mode: 'system' });
    const before = proxy.seen.length;
    await expect(straight.check()).rejects.toMatchObject({ code: 'cloud-host-unknown' });
    await straight.close();
    expect(proxy.seen.length).toBe(before);
  });

  needs('openssl')('trusting the authority of the operating system', () => {
    it('speak TLS with proxy and service of an authority that only the given store knows', async () => {
      const run = (args: readonly string[]): void => {
        execFileSync(programPath('openssl'), args, { cwd: folder, stdio: 'ignore' });
      };
      const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
      run(['req', '-x509', ...ec, '-subj', '/CN=Office CA', '-keyout', 'ca.key', '-out', 'ca.pem']);
      run([...['req', ...ec.slice(0, 5), '-subj', '/CN=office', '-keyout', 'own.key', '-out', 'own.csr']]);
      writeFileSync(join(folder, 'ext'), `subjectAltName=DNS:${host},DNS:localhost,IP:127.0.0.1`);
      run([
        ...['x509', '-req', '-in', 'own.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-days', '1'],
        ...['-extfile', 'ext', '-out', 'own.pem'],
      ]);
      const pem = (name: string): string => readFileSync(join(folder, name), 'utf8');
      const tlsOptions = { key: pem('own.key'), cert: pem('own.pem') };
      const service = https.createServer(tlsOptions, (request, response) => {
        const onward = http.request(
          {
            port: server.port,
            host: '127.0.0.1',
            method: request.method,
            path: request.url,
            headers: request.headers,
          },
          (answer) => {
            response.writeHead(answer.statusCode ?? 502, answer.headers);
            answer.pipe(response);
          },
        );
        onward.once('error', () => response.destroy());
        request.pipe(onward);
      });
      await new Promise<void>((done) => service.listen(0, '127.0.0.1', done));
      const servicePort = (service.address() as AddressInfo).port;
      const secure = await startConnectProxy(undefined, () => servicePort, tlsOptions);
      closing.push(
        () => secure.stop(),
        () => {
          service.closeAllConnections();
          return new Promise((done) => service.close(done));
        },
      );
      write(`return 'HTTPS 127.0.0.1:${secure.port}';`);
      const ways = [
        { mode: 'pac', pac: file },
        { mode: 'manual', address: `https://127.0.0.1:${secure.port}` },
      ];
      for (const way of ways) {
        const one = store(way, undefined, `https://${host}`, [pem('ca.pem')]);
        await one.check();
        await one.close();
        const untrusting = store(way, undefined, `https://${host}`, []);
        await expect(untrusting.check()).rejects.toMatchObject({ code: 'cloud-unreachable' });
        await untrusting.close();
      }
      expect(new Set(secure.seen)).toEqual(new Set([`CONNECT ${host}:443`]));
    }, 60_000);
  });
});

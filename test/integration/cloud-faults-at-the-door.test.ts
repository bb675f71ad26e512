/**
 * Faults before a word with the cloud is spoken: its name is not found, or what stands there cannot show that it is the
 * cloud. The status names them, nothing is sent, and when they are over everything is verified.
 */
import dns from 'node:dns';
import tls from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { faultyAzure, faultyS3, type CloudPlace, type FaultyCloud } from '../support/faulty-clouds.ts';
import { LiveEngine } from '../support/live-engine.ts';
import { startTlsFront, type TlsFront } from '../support/tls-front.ts';
import { needs } from '../support/tools.ts';

/** RFC 6761 6.4: no resolver ever knows such a name. */
const host = 'storage.invalid';

/** The names that the PC's resolver knows besides, as a host's file would add them; the rest is the real one. */
let isNameKnown = false;
const realLookup = dns.lookup;

function lookup(...given: unknown[]): unknown {
  const callback = given.at(-1);
  if (!String(given[0]).endsWith(host) || !isNameKnown || typeof callback !== 'function') {
    return (realLookup as (...all: unknown[]) => unknown)(...given);
  }
  const options = given[1] as { readonly all?: boolean } | undefined;
  const address = { address: '127.0.0.1', family: 4 };
  const answer = options?.all === true ? [null, [address]] : [null, address.address, address.family];
  setImmediate(() => (callback as (...all: unknown[]) => void)(...answer));
  return {};
}

needs('openssl')('a fault at the door', () => {
  let front: TlsFront;
  let targetPort = 0;
  const authorities = tls.getCACertificates('default');

  // One authority for all: the engine reads once, at its first connection, whom this PC trusts.
  beforeAll(async () => {
    dns.lookup = lookup as typeof dns.lookup;
    front = await startTlsFront(host, () => targetPort);
    tls.setDefaultCACertificates([...authorities, front.authority]);
  });
  afterAll(async () => {
    dns.lookup = realLookup;
    tls.setDefaultCACertificates(authorities);
    await front.stop();
  });

  describe.each([
    ['Azure Blob', faultyAzure],
    ['S3', faultyS3],
  ] as const)('of %s', (_name, startCloud) => {
    let cloud: FaultyCloud;
    let place: CloudPlace;
    let live: LiveEngine;

    beforeAll(async () => {
      cloud = await startCloud();
      targetPort = cloud.proxy.port;
    });
    afterAll(() => cloud.stop());
    beforeEach(async () => {
      isNameKnown = true;
      front.present('none');
      place = await cloud.place(`${host}:${front.port}`);
      live = await LiveEngine.open(place);
    });
    afterEach(() => live.dispose());

    it.each([
      ['its name is not found', 'dns', 'cloud-host-unknown', /storage\.invalid/],
      [
        'a certificate of an unknown authority',
        'unknown-authority',
        'cloud-unreachable',
        /CERT|VERIFY|ISSUER/,
      ],
      ['an expired certificate', 'expired', 'cloud-unreachable', /CERT_HAS_EXPIRED/],
      ['a certificate for another name', 'wrong-name', 'cloud-unreachable', /ERR_TLS_CERT_ALTNAME_INVALID/],
      ['something that speaks no TLS', 'garbage', 'cloud-unreachable', /SSL|EPROTO|ECONNRESET/],
      ['something that hangs up in the handshake', 'hangs-up', 'cloud-unreachable', /ECONNRESET/],
    ] as const)('%s', { timeout: 90_000 }, async (_what, fault, code, detail) => {
      await live.start();
      expect(await live.send(2000)).toBe(1);
      await live.statusWhere(({ headline }) => headline === 'all-safe');
      const before = cloud.proxy.requests.length;

      if (fault === 'dns') isNameKnown = false;
      // Also cuts what is connected.
      front.present(fault === 'dns' ? 'none' : fault);
      expect(await live.send(3000, 70_000, 5_000_000)).toBe(3);
      const told = await live.statusWhere(
        ({ destinations }) =>
          destinations[0]?.error?.code === code && detail.test(destinations[0].error.message),
        () => live.wake(),
      );
      expect(told).toMatchObject({ safe: false, headline: 'attention', counts: { verified: 1 } });
      expect(told.failures.map((failure) => failure.code)).toContain(code);
      expect(cloud.proxy.requests.length).toBe(before);

      isNameKnown = true;
      front.present('none');
      const status = await live.statusWhere(
        ({ headline }) => headline === 'all-safe',
        () => live.wake(),
      );
      expect(status.counts).toMatchObject({ verified: 4, received: 4, parked: 0, failed: 0 });
      const inCloud = await live.inCloud(place.objects());
      expect([...inCloud].sort()).toEqual([...live.acknowledged].sort());
    });
  });
});

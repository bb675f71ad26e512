/**
 * Each fault that a way to the cloud can have, one by one, against a whole engine: while it lasts the status names it and
 * is not green past the age of what waits; nothing is called verified that is not there whole, as OpenSSL reads the cloud
 * past our code; and when it is over everything is verified without anybody's help.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { StatusReport } from '../../src/shared/status.ts';
import type { Fault, FaultProxy, ProxiedAnswer, SeenRequest } from '../support/fault-proxy.ts';
import { faultyAzure, faultyS3, type CloudPlace, type FaultyCloud } from '../support/faulty-clouds.ts';
import { fractionsAt } from '../support/fractions.ts';
import { LiveEngine } from '../support/live-engine.ts';
import { needs, soakCount, testSeed } from '../support/tools.ts';

const miB = 1024 * 1024;
/** Two that go at once and one in blocks. */
const images = [3000, 70_000, 9 * miB] as const;
/** Of those that stop everything, so many are there from the start on in the short run. */
const atTheStart = soakCount(3, Number.POSITIVE_INFINITY);
/** Longer than any deadline of the engine for one request, that of a whole block included. */
const longMs = 25 * 60_000;
/** Past the age at which what waits is told (the setting of these tests is a minute), within what clocks may differ. */
const pastAgeMs = 2 * 60_000;
/** 1 byte a second. */
const slowEveryMs = 1000;
const latencyMs = soakCount(250, 30_000);
const seed = testSeed();

/** What a fault does to the uploads while it lasts. */
type Effect =
  /** Nothing gets through, and one of these is the reason told. */
  | { readonly tag: 'stops'; readonly codes: readonly string[] }
  /** Everything gets through all the same. */
  | { readonly tag: 'goes-on' }
  /** Some get through, some not; what does not is told as one of these. */
  | { readonly tag: 'hinders'; readonly codes: readonly string[] };

interface Kind {
  readonly name: string;
  begin(proxy: FaultProxy): unknown;
  end?(proxy: FaultProxy): unknown;
  readonly effect: Effect;
  /** Only deadlines end its requests: time goes by. */
  readonly pace?: 'waits-for-deadlines';
}

const unreachable = { tag: 'stops', codes: ['cloud-unreachable'] } as const;
const marks = { 'x-ms-request-id': 'r', 'x-amz-request-id': 'r' };

function answers(status: number, headers: Readonly<Record<string, string>> = {}): Fault {
  return { tag: 'status', status, headers: { ...marks, ...headers } };
}

/** Something is written: an object, a block, a list of blocks. */
function isWrite({ method }: SeenRequest): boolean {
  return method === 'PUT' || method === 'POST';
}

function onWrites(fault: Fault): (request: SeenRequest) => Fault {
  return (request) => (isWrite(request) ? fault : { tag: 'none' });
}

function rewriting(rewrite: (answer: ProxiedAnswer) => ProxiedAnswer): (request: SeenRequest) => Fault {
  return () => ({ tag: 'rewrite-answer', rewrite });
}

function withHeader(name: string, value: string): (answer: ProxiedAnswer) => ProxiedAnswer {
  return (answer) =>
    name in answer.headers ? { ...answer, headers: { ...answer.headers, [name]: value } } : answer;
}

/** The body's first half, its length told as that: well-formed HTTP, broken XML. */
function halfBody(answer: ProxiedAnswer): ProxiedAnswer {
  if (!answer.body.includes('<')) return answer;
  const body = answer.body.subarray(0, Math.floor(answer.body.length / 2));
  return { ...answer, headers: { ...answer.headers, 'content-length': String(body.length) }, body };
}

function wrongLength(by: number): (answer: ProxiedAnswer) => ProxiedAnswer {
  return (answer) => {
    const length = Math.max(0, answer.body.length + by);
    return { ...answer, headers: { ...answer.headers, 'content-length': String(length) } };
  };
}

const kinds: readonly Kind[] = [
  {
    name: 'the connection is refused',
    begin: (proxy) => proxy.refuse(),
    end: (proxy) => proxy.accept(),
    effect: unreachable,
  },
  {
    name: 'the connection is reset at random bytes',
    begin: (proxy) => {
      const fraction = fractionsAt(seed, 1);
      proxy.setFault(() =>
        fraction() < 0.5
          ? { tag: 'reset-request-after', bytes: Math.floor(fraction() * 5000) }
          : { tag: 'reset-answer-after', bytes: 0 },
      );
    },
    effect: { tag: 'hinders', codes: ['cloud-unreachable', 'cloud-server-error'] },
  },
  {
    name: 'half-open: it takes everything and never answers',
    begin: (proxy) => proxy.setFault(() => ({ tag: 'silence' })),
    effect: unreachable,
    pace: 'waits-for-deadlines',
  },
  {
    name: 'half-open: it goes silent in the middle of what is sent',
    begin: (proxy) => proxy.setFault(() => ({ tag: 'silence-in-request', bytes: 2000 })),
    effect: unreachable,
    pace: 'waits-for-deadlines',
  },
  {
    name: 'half-open: it goes silent in the middle of its answers',
    begin: (proxy) => proxy.setFault(() => ({ tag: 'silence-in-answer', bytes: 0 })),
    effect: { tag: 'hinders', codes: ['cloud-unreachable'] },
    pace: 'waits-for-deadlines',
  },
  {
    name: '1 byte a second on the way there',
    begin: (proxy) => proxy.setFault(onWrites({ tag: 'trickle-request', everyMs: slowEveryMs })),
    effect: { tag: 'hinders', codes: ['cloud-unreachable'] },
    pace: 'waits-for-deadlines',
  },
  {
    name: '1 byte a second on the way back',
    begin: (proxy) => proxy.setFault(() => ({ tag: 'trickle-answer', everyMs: slowEveryMs })),
    effect: { tag: 'hinders', codes: ['cloud-unreachable'] },
    pace: 'waits-for-deadlines',
  },
  {
    name: `${latencyMs} ms of latency`,
    begin: (proxy) => proxy.setFault(() => ({ tag: 'delay', ms: latencyMs })),
    effect: { tag: 'goes-on' },
  },
  {
    name: '429 with Retry-After',
    begin: (proxy) => proxy.setFault(() => answers(429, { 'retry-after': '20' })),
    effect: { tag: 'stops', codes: ['cloud-throttled'] },
  },
  {
    name: '503 with Retry-After',
    begin: (proxy) => proxy.setFault(() => answers(503, { 'retry-after': '20' })),
    effect: { tag: 'stops', codes: ['cloud-throttled'] },
  },
  {
    name: '500',
    begin: (proxy) => proxy.setFault(() => answers(500)),
    effect: { tag: 'stops', codes: ['cloud-server-error'] },
  },
  {
    name: '403',
    begin: (proxy) => proxy.setFault(() => answers(403)),
    effect: { tag: 'stops', codes: ['cloud-auth'] },
  },
  {
    name: '409',
    begin: (proxy) => proxy.setFault(onWrites(answers(409))),
    effect: { tag: 'stops', codes: ['cloud-server-error'] },
  },
  {
    name: '412',
    begin: (proxy) => proxy.setFault(onWrites(answers(412))),
    effect: { tag: 'stops', codes: ['cloud-server-error'] },
  },
  {
    name: '409 that claims the object is there',
    begin: (proxy) => proxy.setFault(onWrites(answers(409, { 'x-ms-error-code': 'BlobAlreadyExists' }))),
    effect: { tag: 'stops', codes: ['cloud-server-error'] },
  },
  {
    name: 'the answer is lost after the commit',
    begin: (proxy) => proxy.setFault(onWrites({ tag: 'lose-answer' })),
    effect: { tag: 'hinders', codes: ['cloud-unreachable'] },
  },
  {
    name: 'answers whose XML is cut in half',
    begin: (proxy) => proxy.setFault(rewriting(halfBody)),
    effect: { tag: 'hinders', codes: ['cloud-unreachable', 'cloud-server-error', 'cloud-checksum'] },
  },
  {
    name: 'answers that are longer than they say',
    begin: (proxy) => proxy.setFault(rewriting(wrongLength(-1))),
    effect: { tag: 'hinders', codes: ['cloud-unreachable', 'cloud-server-error', 'cloud-checksum'] },
  },
  {
    name: 'answers that are shorter than they say',
    begin: (proxy) => proxy.setFault(rewriting(wrongLength(7))),
    effect: { tag: 'hinders', codes: ['cloud-unreachable', 'cloud-server-error', 'cloud-checksum'] },
  },
  {
    name: 'answers with the MD5 of something else',
    begin: (proxy) =>
      proxy.setFault(rewriting(withHeader('content-md5', Buffer.alloc(16, 7).toString('base64')))),
    effect: { tag: 'hinders', codes: ['cloud-checksum'] },
  },
  {
    name: 'answers with a made-up ETag',
    begin: (proxy) => proxy.setFault(rewriting(withHeader('etag', '"0x8D0BAD0BAD0BAD0"'))),
    effect: { tag: 'hinders', codes: ['cloud-checksum', 'cloud-server-error'] },
  },
  {
    name: 'a portal that answers everything with its page',
    begin: (proxy) =>
      proxy.setFault(() => ({
        tag: 'status',
        status: 200,
        headers: { 'content-type': 'text/html' },
        body: '<html>sign in</html>',
      })),
    effect: unreachable,
  },
];

needs('openssl')('a fault on the way', () => {
  describe.each([
    ['Azure Blob', faultyAzure],
    ['S3', faultyS3],
  ] as const)('to %s', (_name, startCloud) => {
    let cloud: FaultyCloud;
    let place: CloudPlace;
    let live: LiveEngine;

    beforeAll(async () => {
      cloud = await startCloud();
    });
    afterAll(() => cloud.stop());
    beforeEach(async () => {
      place = await cloud.place();
      live = await LiveEngine.open(place);
    });
    afterEach(async () => {
      cloud.proxy.clear();
      await live.dispose();
    });

    it.each(kinds)('while connected: $name', { timeout: soakCount(90_000, 900_000) }, async (kind) => {
      await live.start();
      expect(await live.send(2000)).toBe(1);
      await live.statusWhere(({ headline }) => headline === 'all-safe');
      await kind.begin(cloud.proxy);
      expect(await live.send(...images)).toBe(images.length);
      await during(kind);
      await after(kind);
    });

    it.each(
      kinds
        .filter(({ effect, pace }) => effect.tag === 'stops' && pace === undefined)
        .filter((_, index, all) => (index + seed) % all.length < atTheStart),
    )('from the start on: $name', { timeout: soakCount(90_000, 900_000) }, async (kind) => {
      await kind.begin(cloud.proxy);
      await live.start();
      expect(await live.send(...images)).toBe(images.length);
      await during(kind);
      await after(kind);
    });

    /** The fault is there, and images have come in since. */
    async function during(kind: Kind): Promise<void> {
      const { effect } = kind;
      const push = pusher(kind);
      const isDone = ({ counts }: StatusReport): boolean => counts.verified === counts.received;
      const isTold = (status: StatusReport): boolean =>
        effect.tag !== 'goes-on' && status.failures.some(({ code }) => effect.codes.includes(code));
      const withinMs = soakCount(40_000, 800_000);
      if (effect.tag === 'goes-on') {
        await live.statusWhere(isDone, () => undefined, withinMs);
        return;
      }
      const told = await live.statusWhere(
        (status) => isTold(status) || (effect.tag === 'hinders' && isDone(status)),
        push,
        withinMs,
      );
      await expectWhatIsVerifiedIsThere();
      if (isDone(told)) return;
      expect(told).toMatchObject({ safe: false, headline: 'attention' });
      live.clock.jump(pastAgeMs);
      const old = await live.status();
      live.clock.jump(-pastAgeMs);
      if (old.counts.pending === 0) return;
      expect(old).toMatchObject({ safe: false, headline: 'attention' });
      expect(old.failures.map(({ code }) => code)).toContain('pending-too-long');
    }

    async function after(kind: Kind): Promise<void> {
      await (kind.end ?? ((proxy: FaultProxy) => proxy.clear()))(cloud.proxy);
      const status = await live.statusWhere(({ headline }) => headline === 'all-safe', pusher(kind), 40_000);
      expect(status.counts).toMatchObject({ verified: status.counts.received, parked: 0, failed: 0 });
      expect(status.counts.received).toBe(live.acknowledged.size);
      const inCloud = await live.inCloud(place.objects());
      expect([...inCloud].sort()).toEqual([...live.acknowledged].sort());
    }

    /** Nobody waits for the back-off: each wake is a person, or a network that comes back. */
    function pusher({ pace }: Kind): () => void {
      let looks = 0;
      return () => {
        live.wake();
        // Requests are given a moment to begin before their deadline comes. The PC's clock is no part of this.
        looks += 1;
        if (pace !== 'waits-for-deadlines' || looks % 10 !== 0) return;
        live.clock.skip(longMs);
        live.clock.setRight();
      };
    }

    async function expectWhatIsVerifiedIsThere(): Promise<void> {
      const { verified } = (await live.status()).counts;
      const whole = (await live.inCloud(place.objects())).filter((one) => live.acknowledged.has(one));
      expect(new Set(whole).size).toBeGreaterThanOrEqual(verified);
    }
  });
});

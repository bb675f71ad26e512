/**
 * Faults on the way to the cloud, drawn at random by a seed, request by request: when they end every image is verified,
 * and each that is called verified is there whole.
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cloudNames, type CloudStore } from '../../src/main/engine/cloud/cloud-store.ts';
import { S3Store } from '../../src/main/engine/cloud/s3-store.ts';
import { openWhole } from '../../src/main/engine/seal/envelope-reader.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';
import { startAzurite } from '../support/azurite.ts';
import { startFaultProxy, type Fault, type FaultProxy } from '../support/fault-proxy.ts';
import { startS3Server } from '../support/s3-server.ts';
import { soakCount, testSeed } from '../support/tools.ts';
import { azureStore, bytesOf, testImage, UploadRig } from '../support/upload-rig.ts';

const images = soakCount(8, 60);
const faultyRequests = soakCount(40, 1500);
const miB = 1024 * 1024;
const seed = testSeed();

interface Cloud {
  readonly proxy: FaultProxy;
  /** Through the proxy, or straight to the service. */
  open(way: 'through' | 'straight'): CloudStore;
  stop(): Promise<void>;
}

async function azure(): Promise<Cloud> {
  const azurite = await startAzurite();
  const proxy = await startFaultProxy(azurite.port);
  const container = await azurite.makeContainer();
  return {
    proxy,
    open: (way) =>
      azureStore(azurite.connectionString(way === 'through' ? proxy.port : azurite.port), container),
    stop: async () => {
      await proxy.stop();
      await azurite.stop();
    },
  };
}

async function s3(): Promise<Cloud> {
  const server = await startS3Server();
  const proxy = await startFaultProxy(server.port);
  return {
    proxy,
    open: (way) =>
      new S3Store({
        settings: {
          bucket: server.bucket,
          prefix: '',
          region: 'auto',
          endpoint: `http://127.0.0.1:${way === 'through' ? proxy.port : server.port}`,
          addressing: 'path',
          checksum: 'md5',
          createOnly: 'by-service',
        },
        credential: Secret.fromText(`${server.accessKeyId}:${server.secretAccessKey}`),
        clock: new SystemClock(),
      }),
    stop: async () => {
      await proxy.stop();
      await server.stop();
    },
  };
}

/** 0 up to 1, the same for the same seed and position. */
function fraction(position: number): number {
  return createHash('sha256').update(`${seed}/${position}`).digest().readUInt32BE(0) / 2 ** 32;
}

function faultAt(ordinal: number): Fault {
  const at = Math.floor(fraction(ordinal + 0.5) * 6000);
  const marks = { 'x-ms-request-id': 'r', 'x-amz-request-id': 'r' };
  const choices: readonly Fault[] = [
    { tag: 'reset-request-after', bytes: at },
    { tag: 'reset-answer-after', bytes: at % 200 },
    { tag: 'lose-answer' },
    { tag: 'delay', ms: at % 300 },
    { tag: 'corrupt-request', at },
    { tag: 'status', status: 429, headers: { ...marks, 'retry-after': '1' } },
    { tag: 'status', status: 503, headers: { ...marks, 'retry-after': '1' } },
    { tag: 'status', status: 500, headers: marks },
    { tag: 'status', status: 403, headers: marks },
    { tag: 'status', status: 409, headers: marks },
    { tag: 'status', status: 200, headers: { 'content-type': 'text/html' }, body: '<html>sign in</html>' },
  ];
  return choices[Math.floor(fraction(ordinal) * choices.length * 2)] ?? { tag: 'none' };
}

describe.each([
  ['Azure Blob', azure],
  ['S3', s3],
] as const)('faults on the way to %s', (_name, start) => {
  let cloud: Cloud;

  beforeAll(async () => {
    cloud = await start();
  });
  afterAll(() => cloud.stop());

  it(
    `lose no image and show none as safe that is not (seed ${seed})`,
    { timeout: soakCount(120_000, 3_600_000) },
    async () => {
      const rig = await UploadRig.open();
      const straight = cloud.open('straight');
      try {
        const made = Array.from({ length: images }, (_, index) =>
          testImage(String(index + 1), '1', index % 4 === 3 ? 9 * miB : 2000 + index),
        );
        const names = await Promise.all(made.map((image) => rig.receive(image)));
        const first = cloud.proxy.requests.length;
        cloud.proxy.setFault(({ ordinal }) =>
          ordinal - first < faultyRequests ? faultAt(ordinal - first) : { tag: 'none' },
        );
        const stage = rig.stage(() => Promise.resolve(cloud.open('through')));
        stage.start();
        // Nobody waits for the back-off: each wake is a person or a network that comes back.
        await rig.until(
          () => {
            stage.wake();
            return rig.queue.status().verified >= images;
          },
          soakCount(100_000, 3_000_000),
        );
        expect(rig.queue.status()).toMatchObject({ verified: images, failed: 0, parked: 0, pending: 0 });
        for (const [index, name] of names.entries()) {
          const sealed = await bytesOf(straight, cloudNames.object(name));
          expect(openWhole(rig.openers, sealed).equals(made[index]!.file), name).toBe(true);
        }
      } finally {
        await rig.dispose();
        await straight.close();
      }
    },
  );
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeLogger } from '../../../test/fakes/fake-logger.ts';
import { FakeRandom } from '../../../test/fakes/fake-random.ts';
import { device, plainPairing, privateClass } from '../../../test/support/devices.ts';
import { newInstance, QueueKit } from '../../../test/support/queue-kit.ts';
import type { Device } from '../../shared/devices.ts';
import { settingsSchema } from '../../shared/settings.ts';
import type { ReportChannel } from './commitment/commitment-port.ts';
import type { CommitmentService } from './commitment/commitment-service.ts';
import { openCommitment } from './device-answers.ts';
import { encodeCommitmentRequest } from './dicom/commitment-dataset.ts';
import { implicitVrLittleEndian } from './dicom/transfer-syntaxes.ts';

const layout = { order: 'little', vr: 'implicit' } as const;
const caller = { callingAeTitle: 'CT1', remoteAddress: '192.168.1.20', deviceId: null };

let kit: QueueKit;
let paired: readonly Device[];
let service: CommitmentService;
/** Event types told so far. */
let told: number[];

beforeEach(async () => {
  kit = new QueueKit();
  kit.queue.setDestinations([{ name: 'cloud', required: true }]);
  paired = [];
  told = [];
  service = openCommitment({
    settings: settingsSchema.parse({}),
    queue: kit.queue,
    devices: { list: () => paired },
    certificates: { identities: () => [], trusted: () => [], isRevoked: () => false },
    clock: kit.clock,
    random: new FakeRandom('answers'),
    logger: new FakeLogger(),
    reportIncident: () => undefined,
  });
  await service.start();
  const channel: ReportChannel = {
    caller,
    transferSyntaxUid: implicitVrLittleEndian,
    report: async (make) => {
      const report = await make();
      if (report !== undefined) told.push(report.eventTypeId);
      return report && 0;
    },
  };
  service.channelOpened(channel);
});

afterEach(async () => {
  await service.stop();
  kit.dispose();
});

async function ask(sopClassUid: string): Promise<number> {
  const request = service.begin(caller, implicitVrLittleEndian);
  request.write(encodeCommitmentRequest(layout, '1.2.9.1', [{ sopClassUid, sopInstanceUid: '1.2.3.late' }]));
  return (await request.finish()).status;
}

async function seconds(count: number): Promise<void> {
  for (let passed = 0; passed < count; passed += 1) {
    await kit.clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

describe('a device that asks about an image of a private class before it has come', () => {
  it('is told that it is safe once it is, where the class was allowed', async () => {
    paired = [device('a', plainPairing({ privateClasses: [privateClass] }))];
    expect(await ask(privateClass)).toBe(0);
    await seconds(20);
    expect(told).toEqual([]);
    const instance = newInstance('late');
    await kit.queue.recordReceived({
      ...instance,
      details: { ...instance.details, sopClassUid: privateClass },
    });
    await kit.verifyAll();
    await seconds(5);
    expect(told).toEqual([1]);
  });

  it('is told at once that it will not be, where nobody has allowed the class', async () => {
    expect(await ask(privateClass)).toBe(0);
    await seconds(5);
    expect(told).toEqual([2]);
  });
});

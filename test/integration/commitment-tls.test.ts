/** Results of storage commitment to a paired device over TLS, with the certificates of this installation. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createServer, type Server } from 'node:tls';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Device } from '../../src/shared/devices.ts';
import { settingsSchema } from '../../src/shared/settings.ts';
import type { CommitmentService } from '../../src/main/engine/commitment/commitment-service.ts';
import { openCommitment } from '../../src/main/engine/device-answers.ts';
import { encodeCommitmentRequest } from '../../src/main/engine/dicom/commitment-dataset.ts';
import { explicitVrLittleEndian } from '../../src/main/engine/dicom/transfer-syntaxes.ts';
import { SystemRandom } from '../../src/main/engine/system/random.ts';
import { named } from '../support/commitment-rig.ts';
import { until } from '../support/dicom-peers.ts';
import { type DimseDevice, startDimseDevice } from '../support/dimse-device.ts';
import { hex, newInstance, proof } from '../support/queue-kit.ts';
import { CertificateKit, type DeviceFiles } from '../support/tls-node.ts';

const deviceId = 'd'.repeat(32);
let kit: CertificateKit;
let service: CommitmentService;
let device: DimseDevice;
let door: Server;
let devices: Device[] = [];

beforeEach(async () => {
  kit = new CertificateKit();
  await kit.certificates.start();
  device = await startDimseDevice();
  service = openCommitment({
    settings: settingsSchema.parse({}),
    queue: kit.queue,
    devices: { list: () => devices },
    certificates: kit.certificates,
    clock: kit.clock,
    random: new SystemRandom(),
    logger: kit.logger,
    reportIncident: () => undefined,
  });
  await service.start();
});

afterEach(async () => {
  await service.stop();
  door.close();
  device.close();
  await kit.dispose();
});

/** The device's TLS port: shows `files`, takes only who shows a certificate of the same CA. */
async function openDoor(files: DeviceFiles): Promise<number> {
  const pem = (path: string): string => readFileSync(path, 'utf8');
  door = createServer({
    cert: pem(files.cert),
    key: pem(files.key),
    ca: pem(files.ca),
    requestCert: true,
    rejectUnauthorized: true,
  });
  door.on('secureConnection', (socket) => {
    const inner = connect(device.port, '127.0.0.1');
    socket.on('error', () => inner.destroy());
    inner.on('error', () => socket.destroy());
    socket.pipe(inner).pipe(socket);
  });
  door.listen(0, '127.0.0.1');
  await once(door, 'listening');
  const address = door.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function pair(port: number, certificates: readonly string[]): void {
  devices = [
    {
      ...{ id: deviceId, name: 'CT', aeTitle: 'CT_ROOM_1', addresses: [], channel: 'tls' },
      ...{ certificates: [...certificates], classes: 'standard', privateClasses: [] },
      commitment: { host: '127.0.0.1', port, channel: 'tls' },
      ...{ pairedAt: '2026-01-05T09:00:00Z', lastSeenAt: null },
    },
  ];
}

async function askAboutVerifiedImage(): Promise<void> {
  const { queue } = kit;
  queue.setDestinations([{ name: 'cloud', required: true }]);
  await queue.recordReceived(newInstance('1'));
  for (const job of queue.claim('cloud', 10, kit.clock.nowMs()))
    await queue.markUploaded(job.instanceId, 'cloud', proof());
  const batch = queue.takeManifestBatch('cloud', 10);
  if (batch !== undefined) await queue.markVerified(batch, hex('manifest', 32));
  const caller = { callingAeTitle: 'CT_ROOM_1', remoteAddress: '127.0.0.1', deviceId };
  const request = service.begin(caller, explicitVrLittleEndian);
  request.write(encodeCommitmentRequest({ order: 'little', vr: 'explicit' }, '1.2.9.5', named('1')));
  expect(await request.finish()).toEqual({ status: 0 });
}

it('delivers to the certificate of the pairing', async () => {
  const files = await kit.device('CT');
  pair(await openDoor(files), [files.sha256]);
  await askAboutVerifiedImage();
  await until(() => service.openCount === 0, 'the result is taken');
  expect(device.results).toMatchObject([{ event: 1, transactionUid: '1.2.9.5' }]);
});

it('tells nothing to a device that shows another certificate, though of the same CA', async () => {
  const files = await kit.device('CT');
  const other = await kit.device('OTHER');
  pair(await openDoor(other), [files.sha256]);
  await askAboutVerifiedImage();
  const refused = (): boolean =>
    kit.logger.lines.some(
      ({ event, fields }) => event === 'commitment not delivered' && fields['code'] === 'tls-peer-untrusted',
    );
  await until(refused, 'the other certificate is refused');
  expect(device.results).toEqual([]);
  expect(service.openCount).toBe(1);
});

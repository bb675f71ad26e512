/** Storage commitment with dcmjs-dimse as the device: it asks, and takes the result on an association of ours. */
import dcmjsDimse from 'dcmjs-dimse';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  storageCommitmentPushSopClass,
  storageCommitmentPushSopInstance,
} from '../../src/main/engine/dicom/sop-classes.ts';
import { CommitmentRig, named } from '../support/commitment-rig.ts';
import { startDimseDevice } from '../support/dimse-device.ts';

let rig: CommitmentRig;

beforeEach(async () => {
  rig = await CommitmentRig.start();
});

afterEach(() => rig.dispose());

it('is asked for by dcmjs-dimse, which takes the result without a word about roles', async () => {
  const { Client, Dataset, requests } = dcmjsDimse;
  const device = await startDimseDevice();
  try {
    await rig.receive('1');
    await rig.kit.verifyAll();
    rig.endpoint = { host: '127.0.0.1', port: device.port, channel: 'plain' };
    const action = new requests.NActionRequest(
      storageCommitmentPushSopClass,
      storageCommitmentPushSopInstance,
      1,
    );
    action.setDataset(
      new Dataset({
        TransactionUID: '1.2.9.77',
        ReferencedSOPSequence: named('1', '404').map((one) => ({
          ReferencedSOPClassUID: one.sopClassUid,
          ReferencedSOPInstanceUID: one.sopInstanceUid,
        })),
      }),
    );
    const statuses: number[] = [];
    action.on('response', (response: { getStatus(): number }) => statuses.push(response.getStatus()));
    const client = new Client();
    client.addRequest(action);
    const closed = new Promise((resolve) => client.on('closed', resolve));
    client.send('127.0.0.1', rig.port, 'DCMJS', 'EDGESYNC');
    await closed;
    expect(statuses).toEqual([0]);
    await rig.until(() => device.results.length > 0 && rig.service.openCount === 0, 'it is taken', 1_000);
  } finally {
    device.close();
  }
  expect(device.results).toMatchObject([
    {
      event: 2,
      transactionUid: '1.2.9.77',
      committed: [{ ReferencedSOPInstanceUID: '1.2.3.1' }],
      failed: [{ ReferencedSOPInstanceUID: '1.2.3.404', FailureReason: 0x0112 }],
    },
  ]);
});

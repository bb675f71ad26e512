/** Storage commitment with dcmjs-dimse as the device: it asks, and takes the result on an association of ours. */
import dcmjsDimse from 'dcmjs-dimse';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  storageCommitmentPushSopClass,
  storageCommitmentPushSopInstance,
} from '../../src/main/engine/dicom/sop-classes.ts';
import { CommitmentRig, named } from '../support/commitment-rig.ts';
import { freePort } from '../support/dicom-peers.ts';

let rig: CommitmentRig;

beforeEach(async () => {
  rig = await CommitmentRig.start();
});

afterEach(() => rig.dispose());

interface JsonItem {
  readonly ReferencedSOPInstanceUID: string;
  readonly FailureReason?: number;
}

interface JsonResult {
  readonly TransactionUID: string;
  readonly ReferencedSOPSequence?: JsonItem | readonly JsonItem[];
  readonly FailedSOPSequence?: JsonItem | readonly JsonItem[];
}

it('is asked for by dcmjs-dimse, which takes the result without a word about roles', async () => {
  const { Client, Dataset, Scp, Server: DimseServer, constants, log, requests, responses } = dcmjsDimse;
  log.disableAll();
  const results: { readonly event: number; readonly elements: JsonResult }[] = [];
  type Association = Parameters<InstanceType<typeof Scp>['associationRequested']>[0];
  class Device extends Scp {
    override associationRequested(association: Association): void {
      for (const { id } of association.getPresentationContexts())
        association
          .getPresentationContext(id)
          .setResult(
            constants.PresentationContextResult.Accept,
            constants.TransferSyntax.ExplicitVRLittleEndian,
          );
      this.sendAssociationAccept();
    }

    override nEventReportRequest(
      event: InstanceType<typeof requests.NEventReportRequest>,
      callback: (response: InstanceType<typeof responses.NEventReportResponse>) => void,
    ): void {
      const elements = event.getDataset()?.getElements() as unknown as JsonResult;
      results.push({ event: event.getEventTypeId(), elements });
      const response = responses.NEventReportResponse.fromRequest(event);
      response.setStatus(constants.Status.Success);
      callback(response);
    }

    override associationReleaseRequested(): void {
      this.sendAssociationReleaseResponse();
    }
  }
  const server = new DimseServer(Device);
  const devicePort = await freePort();
  server.listen(devicePort);
  try {
    await rig.receive('1');
    await rig.kit.verifyAll();
    rig.endpoint = { host: '127.0.0.1', port: devicePort, channel: 'plain' };
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
    await rig.until(() => results.length > 0 && rig.service.openCount === 0, 'the result is taken', 1_000);
  } finally {
    server.close();
  }
  const [{ event, elements } = { event: 0, elements: undefined }] = results;
  expect(event).toBe(2);
  expect(elements?.TransactionUID).toBe('1.2.9.77');
  const committed = [elements?.ReferencedSOPSequence ?? []].flat() as readonly JsonItem[];
  const refused = [elements?.FailedSOPSequence ?? []].flat() as readonly JsonItem[];
  expect(committed.map((one) => one.ReferencedSOPInstanceUID)).toEqual(['1.2.3.1']);
  expect(refused).toMatchObject([{ ReferencedSOPInstanceUID: '1.2.3.404', FailureReason: 0x0112 }]);
});

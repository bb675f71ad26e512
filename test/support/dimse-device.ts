/** A device by dcmjs-dimse that takes results of storage commitment and says nothing about roles. */
import dcmjsDimse, { type requests } from 'dcmjs-dimse';
import { freePort } from './dicom-peers.ts';

export interface ResultItem {
  readonly ReferencedSOPInstanceUID: string;
  readonly FailureReason?: number;
}

export interface DeviceResult {
  readonly event: number;
  readonly transactionUid: string;
  readonly committed: readonly ResultItem[];
  readonly failed: readonly ResultItem[];
}

interface Elements {
  readonly TransactionUID: string;
  readonly ReferencedSOPSequence?: ResultItem | readonly ResultItem[];
  readonly FailedSOPSequence?: ResultItem | readonly ResultItem[];
}

export interface DimseDevice {
  readonly port: number;
  readonly results: readonly DeviceResult[];
  close(): void;
}

export async function startDimseDevice(): Promise<DimseDevice> {
  const { Scp, Server, constants, log, responses } = dcmjsDimse;
  log.disableAll();
  const results: DeviceResult[] = [];
  type Association = Parameters<InstanceType<typeof Scp>['associationRequested']>[0];
  class Device extends Scp {
    override associationRequested(association: Association): void {
      const { PresentationContextResult, TransferSyntax } = constants;
      for (const { id } of association.getPresentationContexts())
        association
          .getPresentationContext(id)
          .setResult(PresentationContextResult.Accept, TransferSyntax.ExplicitVRLittleEndian);
      this.sendAssociationAccept();
    }

    override nEventReportRequest(
      event: InstanceType<typeof requests.NEventReportRequest>,
      callback: (response: InstanceType<typeof responses.NEventReportResponse>) => void,
    ): void {
      const elements = event.getDataset()?.getElements() as unknown as Elements;
      results.push({
        event: event.getEventTypeId(),
        transactionUid: elements.TransactionUID,
        committed: [elements.ReferencedSOPSequence ?? []].flat(),
        failed: [elements.FailedSOPSequence ?? []].flat(),
      });
      const response = responses.NEventReportResponse.fromRequest(event);
      response.setStatus(constants.Status.Success);
      callback(response);
    }

    override associationReleaseRequested(): void {
      this.sendAssociationReleaseResponse();
    }
  }
  const server = new Server(Device);
  const port = await freePort();
  server.listen(port);
  return { port, results, close: () => server.close() };
}

/** How an answer gets to its device: PS3.4 J.3.3, PS3.7 10.1.1, roles by PS3.7 D.3.3.4. */
import type { Duplex } from 'node:stream';
import type { CommitmentEndpoint } from '../../../shared/devices.ts';
import { EdgeSyncError, toEdgeSyncError } from '../../../shared/errors.ts';
import { commitmentLayout } from '../dicom/commitment-dataset.ts';
import { status } from '../dicom/dimse.ts';
import type { Layout } from '../dicom/header-scanner-walker.ts';
import { storageCommitmentPushSopClass, storageCommitmentPushSopInstance } from '../dicom/sop-classes.ts';
import { explicitVrLittleEndian, implicitVrLittleEndian } from '../dicom/transfer-syntaxes.ts';
import type { OpenCommitment } from '../queue/commitments.ts';
import type { Clock, Logger } from '../ports.ts';
import { Requestor } from '../send/requestor.ts';
import type { ReportChannel } from './commitment-port.ts';
import type { CommitmentResult } from './commitment-result.ts';

export type DeviceEndpoint = CommitmentEndpoint & {
  /** With TLS: what it has to show, SHA-256 of the DER in hex; none or empty: any that its name stands in. */
  readonly certificates?: readonly string[];
};

/** Where a device wants its answers; undefined: only on an association of its own. Asked before every attempt. */
export type EndpointOf = (
  callingAeTitle: string,
  remoteAddress: string,
  deviceId: string | null,
) => DeviceEndpoint | undefined;

/**
 * A byte stream to a device, open and, where its channel says so, encrypted. Throws EdgeSyncError peer-unreachable,
 * peer-timeout, peer-refused, cancelled.
 */
export type OpenEndpoint = (endpoint: DeviceEndpoint, signal: AbortSignal | undefined) => Promise<Duplex>;

export interface ReportDeliveryDeps {
  /** Ours. */
  readonly aeTitle: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly openConnection: OpenEndpoint;
}

/** Makes the answer in the syntax agreed on; undefined: there is none any more. */
export type MakeResult = (layout: Layout) => Promise<CommitmentResult | undefined>;

export type DeliveryOutcome =
  | { readonly tag: 'taken'; readonly result: CommitmentResult }
  /** `MakeResult` gave none. */
  | { readonly tag: 'withdrawn' };

const contextId = 1;
/** Handed to the connection at once; even, as every fragment but the last has to be. */
const pieceBytes = 262_144;

export class ReportDelivery {
  readonly #deps: ReportDeliveryDeps;

  constructor(deps: ReportDeliveryDeps) {
    this.#deps = deps;
  }

  /**
   * A new association to the device's endpoint; where there is none, or it does not work out, an association that the
   * device itself has open. Throws EdgeSyncError peer-unreachable, peer-timeout, peer-refused, cancelled.
   */
  async deliver(
    commitment: OpenCommitment,
    ways: { readonly endpoint: DeviceEndpoint | undefined; readonly channel: ReportChannel | undefined },
    makeResult: MakeResult,
    signal: AbortSignal,
  ): Promise<DeliveryOutcome> {
    const { endpoint, channel } = ways;
    if (endpoint === undefined) {
      if (channel === undefined) throw new EdgeSyncError('peer-unreachable', 'it has no association open');
      return overChannel(channel, makeResult, signal);
    }
    try {
      return await this.#overNew(
        commitment,
        endpoint,
        channel === undefined ? 'only' : 'first',
        makeResult,
        signal,
      );
    } catch (error) {
      if (channel === undefined || signal.aborted) throw error;
      const { code } = toEdgeSyncError(error);
      this.#deps.logger.info('commitment told on the device association', { code });
      return overChannel(channel, makeResult, signal);
    }
  }

  async #overNew(
    commitment: OpenCommitment,
    endpoint: DeviceEndpoint,
    way: 'only' | 'first',
    makeResult: MakeResult,
    signal: AbortSignal,
  ): Promise<DeliveryOutcome> {
    const { aeTitle, clock, openConnection } = this.#deps;
    const requestor = await Requestor.open({
      peer: {
        host: endpoint.host,
        port: endpoint.port,
        callingAe: aeTitle,
        calledAe: endpoint.aeTitle ?? commitment.callingAeTitle,
      },
      contexts: [
        {
          id: contextId,
          abstractSyntax: storageCommitmentPushSopClass,
          transferSyntaxes: [explicitVrLittleEndian, implicitVrLittleEndian],
        },
      ],
      // We asked for the association and provide the service all the same.
      roles: [{ sopClass: storageCommitmentPushSopClass, scu: 'not-supported', scp: 'supported' }],
      clock,
      signal,
      openConnection: (_peer, ending) => openConnection(endpoint, ending),
    });
    try {
      const layout = agreedLayout(requestor, way);
      const result = await makeResult(layout);
      if (result === undefined) return { tag: 'withdrawn' };
      const answer = await requestor.request(
        contextId,
        {
          tag: 'n-event-report-rq',
          messageId: requestor.nextMessageId,
          sopClassUid: storageCommitmentPushSopClass,
          sopInstanceUid: storageCommitmentPushSopInstance,
          eventTypeId: result.eventTypeId,
          dataset: 'follows',
        },
        pieces(result.dataset),
        signal,
      );
      requireTaken('status' in answer ? answer.status : status.processingFailure);
      return { tag: 'taken', result };
    } finally {
      await requestor.release();
    }
  }
}

/** Throws `peer-refused` where the device does not take results on this association. */
function agreedLayout(requestor: Requestor, way: 'only' | 'first'): Layout {
  const layout = commitmentLayout(requestor.accepted.get(contextId) ?? '');
  if (layout === undefined)
    throw new EdgeSyncError('peer-refused', 'it takes no results of storage commitment');
  const role = requestor.role(storageCommitmentPushSopClass);
  // Silence leaves the default roles, in which we could not report. Many devices are silent and take the report: it is
  // tried where there is no other way.
  const mayReport = role === undefined ? way === 'only' : role.scp === 'supported';
  if (!mayReport)
    throw new EdgeSyncError('peer-refused', 'it refused our role as provider of storage commitment');
  return layout;
}

async function overChannel(
  channel: ReportChannel,
  makeResult: MakeResult,
  signal: AbortSignal,
): Promise<DeliveryOutcome> {
  const layout = commitmentLayout(channel.transferSyntaxUid);
  if (layout === undefined) return { tag: 'withdrawn' };
  let result: CommitmentResult | undefined;
  const code = await channel.report(async () => (result = await makeResult(layout)), signal);
  if (code === undefined || result === undefined) return { tag: 'withdrawn' };
  requireTaken(code);
  return { tag: 'taken', result };
}

/** Success, or one of the warnings of PS3.7 annex C: the device has the result. */
function requireTaken(code: number): void {
  const isWarning = code === 0x0001 || code === 0x0107 || code === 0x0116 || code >>> 12 === 0xb;
  if (code === status.success || isWarning) return;
  throw new EdgeSyncError('peer-refused', `status ${code.toString(16).padStart(4, '0').toUpperCase()}`);
}

// eslint-disable-next-line @typescript-eslint/require-await -- what is handed on in pieces is all there
async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

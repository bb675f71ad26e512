import { EdgeSyncError } from '../../../shared/errors.ts';
import { status } from '../dicom/dimse.ts';
import { verificationSopClass } from '../dicom/sop-classes.ts';
import { implicitVrLittleEndian } from '../dicom/transfer-syntaxes.ts';
import type { Clock } from '../ports.ts';
import { type OpenConnection, type Peer, Requestor } from './requestor.ts';

export interface EchoOptions extends Peer {
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** Default: plain TCP. */
  readonly openConnection?: OpenConnection | undefined;
}

/**
 * C-ECHO (PS3.7 9.1.5): association, one request, release. `roundTripMs` is the request alone.
 * Throws EdgeSyncError peer-unreachable, peer-timeout, peer-refused, cancelled.
 */
export async function echo(options: EchoOptions): Promise<{ readonly roundTripMs: number }> {
  const { clock, signal, openConnection } = options;
  const contexts = [
    { id: 1, abstractSyntax: verificationSopClass, transferSyntaxes: [implicitVrLittleEndian] },
  ];
  const requestor = await Requestor.open({ peer: options, contexts, clock, signal, openConnection });
  try {
    if (!requestor.accepted.has(1)) throw new EdgeSyncError('peer-refused', 'it does not answer C-ECHO');
    const startMs = clock.monotonicMs();
    const answer = await requestor.request(
      1,
      { tag: 'c-echo-rq', messageId: requestor.nextMessageId, sopClassUid: verificationSopClass },
      undefined,
      signal,
    );
    const roundTripMs = clock.monotonicMs() - startMs;
    if (!('status' in answer) || answer.status !== status.success)
      throw new EdgeSyncError('peer-refused', 'it answered C-ECHO with a failure');
    return { roundTripMs };
  } finally {
    await requestor.release();
  }
}

import type { DestinationStatus, Failure, Headline, StatusReport } from '../../../shared/status.ts';
import { accessStatus } from './access-status.ts';
import { attentionReasons, isProven, receivingReasons } from './reasons.ts';
import { drillMaxAgeMs } from './recovery-reminder.ts';
import type { DestinationInput, StatusInputs } from './status-inputs.ts';
import { verificationStatus } from './verification-status.ts';

/**
 * The public status. The headline, strictly: `not-receiving` while nothing can be received; `attention` while any
 * reason speaks against safety; `working` while images are on their way within their time, or the first proof after a
 * start is still to come; `all-safe` only when nothing of this holds.
 */
export function buildStatus(inputs: StatusInputs): StatusReport {
  const { queue, listener } = inputs;
  const receiving = receivingReasons(inputs);
  const attention = attentionReasons(inputs);
  const headline = headlineFor(inputs, receiving, attention);
  return {
    safe: headline === 'all-safe',
    headline,
    listener: { up: listener.up, host: listener.host, port: listener.port, aeTitle: listener.aeTitle },
    counts: {
      received: queue.received,
      pending: queue.pending,
      verified: queue.verified,
      failed: queue.failed,
      parked: queue.parked,
    },
    modalities: queue.sources.map(({ aeTitle, received, verified, committed, lastReceivedAtMs }) => ({
      aeTitle,
      received,
      verified,
      committed,
      lastReceivedAt: isoOrNull(lastReceivedAtMs),
    })),
    lastVerifiedAt: isoOrNull(queue.lastVerifiedAtMs),
    destinations: inputs.destinations.map((destination) => destinationStatus(inputs, destination)),
    failures: [...receiving, ...attention],
    spool: {
      bytes: queue.spoolBytes,
      freeBytes: inputs.freeBytes,
      ...(inputs.room === undefined
        ? {}
        : {
            evictableBytes: inputs.room.evictableBytes,
            intakeBytesPerDay: inputs.room.intakeBytesPerDay,
            daysLeft: inputs.daysLeft ?? null,
          }),
    },
    recovery: inputs.recovery,
    ...recoveryKit(inputs),
    ...(inputs.access === undefined ? {} : { access: accessStatus(inputs.access) }),
    ...(inputs.verification === undefined ? {} : { verification: verificationStatus(inputs.verification) }),
  };
}

function headlineFor(
  inputs: StatusInputs,
  receiving: readonly Failure[],
  attention: readonly Failure[],
): Headline {
  if (receiving.length > 0) return 'not-receiving';
  if (attention.length > 0) return 'attention';
  const { received, verified } = inputs.queue;
  // `verified < received` rather than `pending > 0`: what is not verified is not safe, whatever it is called.
  if (verified < received || !isProven(inputs)) return 'working';
  // "All safe" with uploads paused would be believed of the next image too.
  return inputs.destinations.some(({ hold }) => hold?.by === 'paused' || hold?.by === 'metered')
    ? 'working'
    : 'all-safe';
}

function destinationStatus(inputs: StatusInputs, destination: DestinationInput): DestinationStatus {
  const { name, kind, required, state, error, hold, backFill } = destination;
  const counts = inputs.queue.destinations.find((one) => one.name === name);
  return {
    name,
    kind,
    required,
    state,
    pending: counts?.pending ?? 0,
    verified: counts?.verified ?? 0,
    lastVerifiedAt: isoOrNull(counts?.lastVerifiedAtMs ?? null),
    error,
    ...(destination.provenBy === undefined ? {} : { provenBy: destination.provenBy }),
    ...(hold === undefined ? {} : { hold: { by: hold.by, until: isoOrNull(hold.untilMs) } }),
    ...(backFill === undefined ? {} : { backFill: backFillStatus(backFill) }),
  };
}

function backFillStatus(
  backFill: NonNullable<DestinationInput['backFill']>,
): NonNullable<DestinationStatus['backFill']> {
  const { waiting, total, active, bytesPerSecond, error } = backFill;
  return { waiting, total, active, bytesPerSecond, error };
}

function recoveryKit({ recovery, recoveryProof }: StatusInputs): Pick<StatusReport, 'recoveryKit'> {
  if (recovery !== 'proven' || recoveryProof === undefined) return {};
  const { atMs, provenBy } = recoveryProof;
  const iso = (timeMs: number): string => new Date(timeMs).toISOString();
  return { recoveryKit: { provenAt: iso(atMs), provenBy, dueAt: iso(atMs + drillMaxAgeMs) } };
}

function isoOrNull(timeMs: number | null): string | null {
  return timeMs === null ? null : new Date(timeMs).toISOString();
}

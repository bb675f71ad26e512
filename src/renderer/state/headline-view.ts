/**
 * What the big card says. Pure, so that every way of not being safe can be tested. The engine decides the headline;
 * the page only ever makes it worse: whatever contradicts "all safe", or is not fresh, is not green.
 */
import type { AgentState } from '../../shared/agent-state.ts';
import { assertNever } from '../../shared/assert-never.ts';
import type { DestinationStatus, Failure, Headline, StatusReport } from '../../shared/status.ts';
import type { AgentView } from './agent-store.ts';

/** `unknown`: the page cannot say; drawn grey and hollow. */
export type Tone = Headline | 'unknown';

export type Reason =
  | { readonly tag: 'connecting' }
  | { readonly tag: 'lost' }
  | { readonly tag: 'silent' }
  | { readonly tag: 'all-verified'; readonly count: number; readonly lastVerifiedAt: string | null }
  | { readonly tag: 'nothing-yet' }
  | { readonly tag: 'on-the-way'; readonly count: number; readonly bytesPerSecond: number }
  | { readonly tag: 'listener-down' }
  | { readonly tag: 'failure'; readonly failure: Failure; readonly others: number }
  | { readonly tag: 'recovery'; readonly state: 'none' | 'created' }
  | { readonly tag: 'destination'; readonly destination: DestinationStatus }
  | { readonly tag: 'no-destination' }
  | { readonly tag: 'stuck'; readonly failed: number; readonly parked: number }
  | { readonly tag: 'unexplained' };

export interface HeadlineView {
  readonly tone: Tone;
  readonly reason: Reason;
}

export function headlineView(view: AgentView): HeadlineView {
  switch (view.connection.tag) {
    case 'connecting':
      return { tone: 'unknown', reason: { tag: 'connecting' } };
    case 'lost':
    case 'refused':
      return { tone: 'unknown', reason: { tag: 'lost' } };
    case 'silent':
      return { tone: 'unknown', reason: { tag: 'silent' } };
    case 'live':
      return view.agent === undefined
        ? { tone: 'unknown', reason: { tag: 'connecting' } }
        : liveHeadline(view.agent);
    default:
      return assertNever(view.connection);
  }
}

function liveHeadline(agent: AgentState): HeadlineView {
  const { status } = agent;
  const tone = trustedTone(status);
  switch (tone) {
    case 'all-safe':
      return {
        tone,
        reason:
          status.counts.received === 0
            ? { tag: 'nothing-yet' }
            : { tag: 'all-verified', count: status.counts.verified, lastVerifiedAt: status.lastVerifiedAt },
      };
    case 'working':
      return {
        tone,
        reason: {
          tag: 'on-the-way',
          count: status.counts.pending,
          bytesPerSecond: agent.uploadBytesPerSecond,
        },
      };
    case 'not-receiving':
      return { tone, reason: failureReason(status) ?? { tag: 'listener-down' } };
    case 'attention':
      return { tone, reason: attentionReason(status) };
    default:
      return assertNever(tone);
  }
}

/** The engine's headline, made worse where the same report contradicts it. */
function trustedTone(status: StatusReport): Headline {
  const { counts } = status;
  if (!status.listener.up) return 'not-receiving';
  if (status.headline === 'not-receiving' || status.headline === 'attention') return status.headline;
  const contradicted =
    counts.failed > 0 ||
    counts.parked > 0 ||
    status.failures.length > 0 ||
    status.recovery !== 'proven' ||
    status.destinations.length === 0 ||
    status.destinations.some((one) => one.required && isHeldUp(one));
  if (status.headline === 'working') return 'working';
  if (contradicted || !status.safe) return 'attention';
  return counts.pending > 0 ? 'working' : 'all-safe';
}

/** Outside its times of day it rests as it should: what waits for them is pending, and told so. */
function isHeldUp({ state, error, hold }: DestinationStatus): boolean {
  if (state === 'refused') return true;
  return state === 'paused' && (hold?.by !== 'window' || error?.code !== 'uploads-outside-window');
}

function attentionReason(status: StatusReport): Reason {
  const failure = failureReason(status);
  if (failure !== undefined) return failure;
  if (status.destinations.length === 0) return { tag: 'no-destination' };
  const broken = status.destinations.find((one) => one.error !== null);
  if (broken !== undefined) return { tag: 'destination', destination: broken };
  if (status.recovery !== 'proven') return { tag: 'recovery', state: status.recovery };
  const { failed, parked } = status.counts;
  if (failed + parked > 0) return { tag: 'stuck', failed, parked };
  return { tag: 'unexplained' };
}

/** The worst failure: images at risk first, then the engine's own order. */
function failureReason(status: StatusReport): Reason | undefined {
  const failure = status.failures.find((one) => !one.imagesSafe) ?? status.failures[0];
  if (failure === undefined) return undefined;
  return { tag: 'failure', failure, others: status.failures.length - 1 };
}

/** What a share is now, from what was done about it. */
import type { ShareEvent, ShareRow } from '../queue/shares.ts';

export type ShareState =
  'preparing' | 'active' | 'ending' | 'revoked' | 'expired' | 'cancelled' | 'handed-out';

/** Why a share is over, once it is. */
export type ShareEnd = 'revoked' | 'expired' | 'cancelled';

/** The event that ended it, if one did: the first counts. */
export function endOf(share: ShareRow): (ShareEvent & { readonly action: ShareEnd }) | undefined {
  return share.events.find(isEnd);
}

function isEnd(event: ShareEvent): event is ShareEvent & { readonly action: ShareEnd } {
  return event.action === 'revoked' || event.action === 'expired' || event.action === 'cancelled';
}

/** Nothing of it lies in the cloud any more, as was seen. */
export function isGone(share: ShareRow): boolean {
  return share.kind === 'folder' || share.events.some(({ action }) => action === 'deleted');
}

export function createdEvent(share: ShareRow): ShareEvent | undefined {
  return share.events.find(({ action }) => action === 'created');
}

export function stateOf(share: ShareRow, nowMs: number): ShareState {
  const end = endOf(share);
  if (end !== undefined) return isGone(share) ? end.action : 'ending';
  if (createdEvent(share) === undefined) return 'preparing';
  if (share.kind === 'folder') return 'handed-out';
  return share.expiresAtMs !== null && share.expiresAtMs <= nowMs ? 'ending' : 'active';
}

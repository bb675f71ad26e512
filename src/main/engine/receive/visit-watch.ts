/** What the receiver tells about each connection to whoever keeps an eye on them (devices/). No method throws or waits. */
import type { RefusedBecause } from '../../../shared/devices.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import type { VisitProblem } from '../../../shared/pairing.ts';
import type { AssociationEnd } from '../dicom/association.ts';
import type { AssociateAccept, AssociateRequest } from '../dicom/pdu-associate.ts';
import type { PeerFacts } from './authorize.ts';

/** What stopped a connection before it asked for an association. */
export type DoorProblem = Extract<VisitProblem, { tag: 'tls' | 'tls-on-plain-port' | 'plain-on-tls-port' }>;

export interface VisitWatch {
  arrived(peer: PeerFacts): VisitNotes;
  /** One that came to nothing at the TLS port. */
  turnedAway(remoteAddress: string, problem: DoorProblem): void;
}

/** One connection. */
export interface VisitNotes {
  /** Its first bytes are those of TLS, on the port without. */
  spokeTls(): void;
  asked(request: AssociateRequest): void;
  /** `because` undefined: no node of today's DICOM. */
  refused(because: RefusedBecause | undefined): void;
  /** It may come in, and there is no place. */
  limited(): void;
  admitted(deviceId: string | null, accept: AssociateAccept): void;
  echoed(): void;
  stored(): void;
  storeRefused(code: ErrorCode): void;
  stalled(): void;
  ended(end: AssociationEnd): void;
}

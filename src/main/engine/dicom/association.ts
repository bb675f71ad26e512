/**
 * One association, either role, without any I/O: bytes and transport events in, effects out, in the order that
 * association-states.ts gives. receive/ and send/ stand on it.
 */
import { assertNever } from '../../../shared/assert-never.ts';
import type { Cancel, Clock } from '../ports.ts';
import {
  type ActionName,
  type Effect,
  type Event,
  type Role,
  type State,
  transition,
} from './association-states.ts';
import {
  type AssociateAccept,
  type AssociateRequest,
  decodeAssociateAccept,
  decodeAssociateRequest,
  encodeAssociateAccept,
  encodeAssociateRequest,
} from './pdu-associate.ts';
import { type PduTreatment, PduReader, type Wait } from './pdu-reader.ts';
import {
  type Abort,
  type AbortReason,
  type AssociateReject,
  decodeAbort,
  decodeAssociateReject,
  encodeAbort,
  encodeAssociateReject,
  encodePDataHeader,
  encodeReleaseRequest,
  encodeReleaseResponse,
  FloodError,
  type FragmentKind,
  type FragmentPosition,
  fragmentBytes,
  pduType,
  ProtocolError,
} from './pdu.ts';

/** PS3.8 9.1.5 leaves the value to us; DESIGN section 5. */
export const artimMs = 30_000;
/** What a peer may still send after its association ended; then the connection is cut. */
const discardBudgetBytes = 1_048_576;

export interface Transport {
  /** Sends in order. A promise asks to wait before sending more; it never rejects. */
  send(buffers: readonly Uint8Array[]): Wait;
  /** Closes when everything sent has gone out. `Association.transportClosed` is called afterwards. */
  close(): void;
}

export type AssociateAnswer =
  | { readonly tag: 'accept'; readonly accept: AssociateAccept }
  | { readonly tag: 'reject'; readonly reject: AssociateReject };

/** How an association, or a connection that never became one, came to its end. */
export type AssociationEnd =
  | { readonly tag: 'released' }
  | { readonly tag: 'rejected'; readonly reject: AssociateReject }
  | { readonly tag: 'aborted-by-peer'; readonly abort: Abort }
  /** The peer broke the protocol; it was told so with `reason`. */
  | { readonly tag: 'protocol-error'; readonly reason: AbortReason; readonly message: string }
  /** Something unforeseen was thrown on our side. */
  | { readonly tag: 'internal-error'; readonly cause: unknown }
  | { readonly tag: 'aborted-by-us' }
  | { readonly tag: 'connection-lost' }
  /** ARTIM expired before an association was asked for. */
  | { readonly tag: 'timed-out' };

export interface AssociationUser {
  /** Acceptor only. */
  associateRequested(request: AssociateRequest): AssociateAnswer;
  /** Requestor only. Throws ProtocolError when the answer makes no sense. */
  associateAccepted(accept: AssociateAccept): void;
  /** As PduSink.fragment. */
  fragment(contextId: number, kind: FragmentKind, position: FragmentPosition, bytes: Buffer): Wait;
  /** Once; nothing else is called afterwards. The transport may stay open a while (PS3.8 Sta13). */
  ended(end: AssociationEnd): void;
}

interface Fault {
  readonly reason: AbortReason;
  readonly message: string;
  /** Set when the fault is our own. */
  readonly cause?: unknown;
}

interface Payload {
  readonly request?: AssociateRequest;
  readonly accept?: AssociateAccept;
  readonly reject?: AssociateReject;
  readonly abort?: Abort;
  readonly fault?: Fault;
  readonly pData?: readonly Uint8Array[];
}

const pduEvents: Readonly<Record<number, Event>> = {
  [pduType.associateRq]: 'evt6',
  [pduType.associateAc]: 'evt3',
  [pduType.associateRj]: 'evt4',
  [pduType.pData]: 'evt10',
  [pduType.releaseRq]: 'evt12',
  [pduType.releaseRp]: 'evt13',
  [pduType.abort]: 'evt16',
};

export interface AssociationParts {
  readonly role: Role;
  readonly transport: Transport;
  readonly user: AssociationUser;
  readonly clock: Clock;
}

export class Association {
  readonly #role: Role;
  readonly #transport: Transport;
  readonly #user: AssociationUser;
  readonly #clock: Clock;
  readonly #reader: PduReader;
  #state: State = 'sta1';
  #artim: Cancel | undefined;
  #hasEnded = false;
  #discardedBytes = 0;
  #sendWait: Wait;
  #peerFragmentBytes = 0;

  constructor(parts: AssociationParts) {
    this.#role = parts.role;
    this.#transport = parts.transport;
    this.#user = parts.user;
    this.#clock = parts.clock;
    this.#reader = new PduReader({
      pduBegins: (type) => this.#pduBegins(type),
      pdu: (type, body) => this.#pdu(type, body),
      fragment: (contextId, kind, position, bytes) =>
        this.#state === 'sta6' || this.#state === 'sta7'
          ? this.#user.fragment(contextId, kind, position, bytes)
          : undefined,
    });
  }

  get state(): State {
    return this.#state;
  }

  /** Part of a PDU has come and the rest has not. */
  get midPdu(): boolean {
    return this.#reader.midPdu;
  }

  /** Acceptor: the peer opened a connection. */
  accept(): void {
    this.#dispatch('evt5');
  }

  /** Requestor: the connection is open; asks for the association. */
  request(request: AssociateRequest): void {
    this.#dispatch('evt1');
    this.#dispatch('evt2', { request });
  }

  /** Feeds what came over the transport. A promise asks to wait before feeding more. Never throws or rejects. */
  receive(chunk: Buffer): Wait {
    if (this.#state === 'sta13') {
      this.#discardedBytes += chunk.length;
      if (this.#discardedBytes > discardBudgetBytes) {
        this.#reader.discard();
        this.#dispatch('evt18');
        return undefined;
      }
    }
    try {
      return this.#reader.push(chunk)?.catch((error: unknown) => this.#fail(error));
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  transportClosed(): void {
    this.#reader.discard();
    this.#dispatch('evt17');
  }

  /**
   * Sends bytes of one command or dataset, cut to what the peer takes; 'last' marks the end of it. Nothing is sent
   * when the association is over. A promise asks to wait before sending more.
   */
  send(contextId: number, kind: FragmentKind, position: FragmentPosition, bytes: Buffer): Wait {
    const most = this.#peerFragmentBytes;
    const pData: Buffer[] = [];
    let at = 0;
    do {
      const end = Math.min(at + most, bytes.length);
      const isLast = end === bytes.length && position === 'last';
      pData.push(
        encodePDataHeader(contextId, kind, isLast ? 'last' : 'more', end - at),
        bytes.subarray(at, end),
      );
      at = end;
    } while (at < bytes.length);
    this.#sendWait = undefined;
    this.#dispatch('evt9', { pData });
    return this.#sendWait;
  }

  /** Most dataset bytes per PDV for this peer, once established. */
  get peerFragmentBytes(): number {
    return this.#peerFragmentBytes;
  }

  release(): void {
    this.#dispatch('evt11');
  }

  /** A-ABORT; in a state without an association the connection is closed. */
  abort(): void {
    if (this.#state === 'sta2') this.#dispatch('evt18');
    else this.#dispatch('evt15');
  }

  #pduBegins(type: number): PduTreatment {
    const event = pduEvents[type];
    const cell = event === undefined ? undefined : transition(event, this.#state, this.#role);
    if (event === undefined || cell === undefined) {
      this.#reader.discard();
      return 'skip';
    }
    if (cell.effects.includes('indicate-p-data')) return 'stream';
    if (cell.effects.length === 0) return 'skip';
    if (cell.effects.includes('send-provider-abort') || cell.effects.includes('send-user-abort')) {
      // The PDU is out of place whatever it says: its body is not worth waiting for.
      this.#dispatch(event, {
        fault: { reason: 'unexpected-pdu', message: `PDU type ${type} in ${this.#state}` },
      });
      return 'skip';
    }
    return 'gather';
  }

  #pdu(type: number, body: Buffer): Wait {
    const event = pduEvents[type];
    if (event !== undefined) this.#dispatch(event, decode(type, body));
    return undefined;
  }

  #fail(error: unknown): void {
    // After this the peer's framing can't be trusted.
    this.#reader.discard();
    const fault: Fault =
      error instanceof ProtocolError
        ? { reason: error.reason, message: error.message }
        : { reason: 'not-specified', message: 'internal fault', cause: error };
    this.#dispatch('evt19', { fault });
    // As if ARTIM had run out: what it sent into the socket's buffers meanwhile costs more to read than to throw away.
    if (error instanceof FloodError) this.#dispatch('evt18');
  }

  /** Carries out one cell of table 9-10; a cell that does not exist does nothing. */
  #dispatch(event: Event, payload: Payload = {}): void {
    const cell = transition(event, this.#state, this.#role);
    if (cell === undefined) return;
    // First, because an effect may lead to the next event.
    this.#state = cell.next;
    for (const effect of cell.effects) this.#perform(effect, payload);
    this.#tellEnd(cell.action, event, payload);
    if (this.#state === 'sta1') this.#stopArtim();
    // One answer after the end is enough, or a peer that asks again and again would be answered as often.
    if (cell.action === 'aa-7') this.#reader.discard();
  }

  #perform(effect: Effect, payload: Payload): void {
    switch (effect) {
      case 'open-transport':
        // `request` is called on an open transport: evt1 and evt2 come together.
        break;
      case 'indicate-p-data':
        // The reader streams the fragments on after this.
        break;
      case 'confirm-reject':
      case 'indicate-abort':
      case 'indicate-provider-abort':
        // Told by `ended`.
        break;
      case 'confirm-release':
        // After a collision the acceptor still owes its answer (AR-10).
        if (this.#state === 'sta12') this.#dispatch('evt14');
        break;
      case 'close-transport':
        this.#transport.close();
        break;
      case 'start-artim':
        this.#startArtim();
        break;
      case 'stop-artim':
        this.#stopArtim();
        break;
      case 'send-associate-ac':
        if (payload.accept !== undefined) this.#sendPdu(encodeAssociateAccept(payload.accept));
        break;
      case 'send-associate-rj':
        if (payload.reject !== undefined) this.#sendPdu(encodeAssociateReject(payload.reject));
        break;
      case 'send-associate-rq':
        if (payload.request !== undefined) this.#sendPdu(encodeAssociateRequest(payload.request));
        break;
      case 'send-release-rq':
        this.#sendPdu(encodeReleaseRequest());
        break;
      case 'send-release-rp':
        this.#sendPdu(encodeReleaseResponse());
        break;
      case 'send-p-data':
        if (payload.pData !== undefined) this.#sendWait = this.#transport.send(payload.pData);
        break;
      case 'send-user-abort':
        this.#sendPdu(encodeAbort({ source: 'service-user', reason: 'not-specified' }));
        break;
      case 'send-provider-abort':
        this.#sendPdu(
          encodeAbort({ source: 'service-provider', reason: payload.fault?.reason ?? 'unexpected-pdu' }),
        );
        break;
      case 'indicate-associate':
        if (payload.request !== undefined) this.#answerAssociate(payload.request);
        break;
      case 'confirm-accept':
        if (payload.accept !== undefined) {
          this.#peerFragmentBytes = fragmentBytes(payload.accept.user.maxPduBytes ?? 0);
          this.#user.associateAccepted(payload.accept);
        }
        break;
      case 'indicate-release':
        // Messages are handled in order: everything received before has been answered, so agree at once. As the
        // acceptor of a collision (sta10) the peer's answer is awaited first; evt14 has no cell there.
        this.#dispatch('evt14');
        break;
      default:
        assertNever(effect);
    }
  }

  /** For the few PDUs whose number is bounded: no need to wait for room. */
  #sendPdu(pdu: Buffer): void {
    void this.#transport.send([pdu]);
  }

  #answerAssociate(request: AssociateRequest): void {
    const answer = this.#user.associateRequested(request);
    switch (answer.tag) {
      case 'accept':
        this.#peerFragmentBytes = fragmentBytes(request.user.maxPduBytes ?? 0);
        this.#dispatch('evt7', { accept: answer.accept });
        break;
      case 'reject':
        this.#dispatch('evt8', { reject: answer.reject });
        break;
      default:
        assertNever(answer);
    }
  }

  #tellEnd(action: ActionName, event: Event, payload: Payload): void {
    const end = ends[action]?.(event, payload);
    if (end === undefined || this.#hasEnded) return;
    this.#hasEnded = true;
    this.#user.ended(end);
  }

  #startArtim(): void {
    this.#stopArtim();
    this.#artim = this.#clock.after(artimMs, () => this.#dispatch('evt18'));
  }

  #stopArtim(): void {
    this.#artim?.cancel();
    this.#artim = undefined;
  }
}

type EndOf = (event: Event, payload: Payload) => AssociationEnd | undefined;

const released: EndOf = () => ({ tag: 'released' });
const rejected: EndOf = (_event, { reject }) =>
  reject === undefined ? undefined : { tag: 'rejected', reject };
const connectionLost: EndOf = () => ({ tag: 'connection-lost' });
const abortedHere: EndOf = (event, { fault }) =>
  event === 'evt15'
    ? { tag: 'aborted-by-us' }
    : faultEnd(fault ?? { reason: 'unexpected-pdu', message: 'unexpected PDU' });
const abortedByPeer: EndOf = (_event, { abort }) => ({
  tag: 'aborted-by-peer',
  abort: abort ?? { source: 'service-provider', reason: 'not-specified' },
});

/** What an action means for the user's side of the association; it goes on after any other. */
const ends: Readonly<Partial<Record<ActionName, EndOf>>> = {
  'ar-3': released,
  'ar-4': released,
  'ae-4': rejected,
  'ae-8': rejected,
  'aa-1': abortedHere,
  'aa-8': abortedHere,
  'aa-2': (event, payload) => {
    if (event === 'evt18') return { tag: 'timed-out' };
    return event === 'evt15' ? { tag: 'aborted-by-us' } : abortedByPeer(event, payload);
  },
  'aa-3': abortedByPeer,
  'aa-4': connectionLost,
  'aa-5': connectionLost,
  'ar-5': connectionLost,
};

function faultEnd(fault: Fault): AssociationEnd {
  return fault.cause === undefined
    ? { tag: 'protocol-error', reason: fault.reason, message: fault.message }
    : { tag: 'internal-error', cause: fault.cause };
}

/** A gathered PDU as the payload of its event. Throws ProtocolError. */
function decode(type: number, body: Buffer): Payload {
  switch (type) {
    case pduType.associateRq:
      return { request: decodeAssociateRequest(body) };
    case pduType.associateAc:
      return { accept: decodeAssociateAccept(body) };
    case pduType.associateRj:
      return { reject: decodeAssociateReject(body) };
    case pduType.abort:
      return { abort: decodeAbort(body) };
    default:
      return {};
  }
}

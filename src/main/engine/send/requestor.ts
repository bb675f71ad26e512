/** One association with another node, from its requestor's side: open, request by request, release. */
import { connect, type NetConnectOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import { assertNever } from '../../../shared/assert-never.ts';
import { EdgeSyncError, toEdgeSyncError } from '../../../shared/errors.ts';
import { Association, type AssociationEnd } from '../dicom/association.ts';
import { AssociationSocket, socketBufferBytes } from '../dicom/association-socket.ts';
import { MessageReader } from '../dicom/dimse-reader.ts';
import { datasetOf, type DimseCommand, encodeCommand, status } from '../dicom/dimse.ts';
import { implementationClassUid, implementationVersionName } from '../dicom/implementation.ts';
import {
  type AssociateAccept,
  encodeTitleBlock,
  ownUserInformation,
  type ProposedContext,
  type RoleSelection,
} from '../dicom/pdu-associate.ts';
import { type AssociateReject, type FragmentPosition, ProtocolError } from '../dicom/pdu.ts';
import type { Wait } from '../dicom/pdu-reader.ts';
import { dicomApplicationContext } from '../dicom/sop-classes.ts';
import type { Clock } from '../ports.ts';

/** Until the connection is open, and again until the association is answered: DESIGN section 5. */
export const openMs = 30_000;
/** Until a request is answered, counted from its last byte: a peer may need time to store a large image. */
export const answerMs = 120_000;
/** Until a peer has agreed to the release; afterwards the connection is simply closed. */
export const releaseMs = 10_000;

export interface Peer {
  readonly host: string;
  readonly port: number;
  /** Our AE title, 1 to 16 characters. */
  readonly callingAe: string;
  readonly calledAe: string;
}

/**
 * Gives a byte stream to a peer that is open: TCP, or TLS after its handshake by whoever knows the certificates. Throws
 * EdgeSyncError peer-unreachable, peer-timeout, peer-refused, cancelled.
 */
export type OpenConnection = (
  endpoint: Pick<Peer, 'host' | 'port'>,
  signal: AbortSignal | undefined,
) => Promise<Duplex>;

export type EventReportRequest = Extract<DimseCommand, { tag: 'n-event-report-rq' }>;

/** Takes N-EVENT-REPORTs that the peer sends on our association (PS3.7 10.3.1). */
export interface EventReportUser {
  /** An event and its dataset bytes piece by piece (views valid during the call only). */
  begin(contextId: number, request: EventReportRequest): void;
  dataset(bytes: Buffer): void;
  /** All of it is there: the status to answer with. */
  end(): number;
}

export interface RequestorOptions {
  readonly peer: Peer;
  readonly contexts: readonly ProposedContext[];
  /** Roles of ours that are not the default (PS3.7 D.3.3.4). */
  readonly roles?: readonly RoleSelection[];
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** Default: plain TCP. */
  readonly openConnection?: OpenConnection | undefined;
  /** Default: an event that the peer reports is a breach of the protocol. */
  readonly eventReports?: EventReportUser;
}

type AskedCommand = Extract<
  DimseCommand,
  { tag: 'c-echo-rq' | 'c-store-rq' | 'n-action-rq' | 'n-event-report-rq' }
>;

/** Dataset bytes; pieces of an even length but for the last. */
export type DatasetSource = AsyncIterable<Buffer>;

export class Requestor {
  readonly #clock: Clock;
  readonly #transport: AssociationSocket;
  readonly #association: Association;
  readonly #messages: MessageReader;
  readonly #accepted = new Map<number, string>();
  readonly #roles = new Map<string, RoleSelection>();
  readonly #eventReports: EventReportUser | undefined;
  #event: { readonly contextId: number; readonly request: EventReportRequest } | undefined;
  readonly #opened = Promise.withResolvers<undefined>();
  readonly #ended = Promise.withResolvers<AssociationEnd>();
  #answer: { readonly messageId: number; readonly resolve: (answer: DimseCommand) => void } | undefined;
  #failure: EdgeSyncError | undefined;
  #onFailure: (() => void) | undefined;
  #messageId = 0;

  private constructor(stream: Duplex, { clock, eventReports }: RequestorOptions) {
    this.#clock = clock;
    this.#eventReports = eventReports;
    this.#transport = new AssociationSocket(stream, clock, {
      received: () => undefined,
      closed: () => undefined,
    });
    this.#messages = new MessageReader({
      command: (contextId, command) => this.#command(contextId, command),
      dataset: (position, bytes) => this.#dataset(position, bytes),
    });
    this.#association = new Association({
      role: 'requestor',
      transport: this.#transport,
      clock,
      user: {
        associateRequested: () => {
          throw new ProtocolError('unexpected-pdu', 'association request to a requestor');
        },
        associateAccepted: (accept) => this.#associateAccepted(accept),
        fragment: (contextId, kind, position, bytes) =>
          this.#messages.fragment(contextId, kind, position, bytes),
        ended: (end) => this.#end(end),
      },
    });
    // Nobody may be waiting when it fails; `request` looks at the failure itself.
    this.#opened.promise.catch(() => undefined);
    this.#transport.attach(this.#association);
  }

  /**
   * Connects and asks for an association. Throws EdgeSyncError peer-unreachable, peer-timeout, peer-refused, cancelled.
   * A peer that accepts no context at all still gives an association.
   */
  static async open(options: RequestorOptions): Promise<Requestor> {
    const { peer, contexts, clock, signal, roles = [] } = options;
    const { openConnection = plainConnection(clock) } = options;
    const requestor = new Requestor(await openConnection(peer, signal), options);
    requestor.#association.request({
      protocolVersion: 1,
      calledAeTitle: peer.calledAe,
      callingAeTitle: peer.callingAe,
      applicationContext: dicomApplicationContext,
      contexts,
      titleBlock: encodeTitleBlock(peer.calledAe, peer.callingAe),
      user: ownUserInformation(
        { implementationClassUid, implementationVersionName },
        { roles, identity: 'none' },
      ),
    });
    await requestor.#within(openMs, signal, requestor.#opened.promise);
    return requestor;
  }

  /** Transfer syntaxes of the accepted contexts, by context id. */
  get accepted(): ReadonlyMap<number, string> {
    return this.#accepted;
  }

  /** What the peer answered to a role of ours; undefined: nothing, so the default roles hold (PS3.7 D.3.3.4). */
  role(sopClassUid: string): RoleSelection | undefined {
    return this.#roles.get(sopClassUid);
  }

  /** Resolves when the association is over, however it ended. */
  get ended(): Promise<unknown> {
    return this.#ended.promise;
  }

  /** Most bytes of a dataset in one PDV: a source that gives multiples of it makes no small PDUs. */
  get fragmentBytes(): number {
    return this.#association.peerFragmentBytes;
  }

  get nextMessageId(): number {
    this.#messageId = (this.#messageId % 0xffff) + 1;
    return this.#messageId;
  }

  /**
   * Sends a command and its dataset, and waits for the answer. One at a time.
   * Throws EdgeSyncError peer-timeout, peer-unreachable, peer-refused, cancelled: the association is over then; and
   * what `dataset` throws, after aborting the association (a dataset cannot be taken back half-way).
   */
  async request(
    contextId: number,
    command: AskedCommand,
    dataset: DatasetSource | undefined,
    signal: AbortSignal | undefined,
  ): Promise<DimseCommand> {
    if (this.#failure !== undefined) throw this.#failure;
    const answer = Promise.withResolvers<DimseCommand>();
    this.#answer = { messageId: command.messageId, resolve: answer.resolve };
    await this.#send(contextId, 'command', 'last', encodeCommand(command), signal);
    if (dataset !== undefined) await this.#sendDataset(contextId, dataset, signal);
    return this.#within(answerMs, signal, answer.promise);
  }

  /** Ends in good order; when the peer does not agree in time, all the same. Never rejects. */
  async release(): Promise<void> {
    if (this.#failure !== undefined) return;
    this.#association.release();
    const timer = this.#clock.after(releaseMs, () => this.#association.abort());
    await this.#ended.promise;
    timer.cancel();
  }

  abort(): void {
    this.#association.abort();
  }

  async #sendDataset(
    contextId: number,
    dataset: DatasetSource,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    let held: Buffer | undefined;
    try {
      for await (const chunk of dataset) {
        if (held !== undefined) await this.#send(contextId, 'dataset', 'more', held, signal);
        held = chunk;
      }
    } catch (error) {
      const failure = this.#failure;
      this.#association.abort();
      throw failure ?? error;
    }
    await this.#send(contextId, 'dataset', 'last', held ?? Buffer.alloc(0), signal);
  }

  async #send(
    contextId: number,
    kind: 'command' | 'dataset',
    position: 'more' | 'last',
    bytes: Buffer,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const wait = this.#association.send(contextId, kind, position, bytes);
    if (wait !== undefined) await this.#within(answerMs, signal, wait);
    else if (signal?.aborted === true) await this.#within(answerMs, signal, Promise.resolve());
  }

  /** `work`, or the failure that comes first: the association's end, the time, the signal. */
  async #within<T>(limitMs: number, signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
    const failed = Promise.withResolvers<never>();
    const fail = (error: EdgeSyncError): void => {
      this.#failure ??= error;
      this.#association.abort();
      failed.reject(this.#failure);
    };
    const cancel = (): void => fail(new EdgeSyncError('cancelled'));
    const timer = this.#clock.after(limitMs, () => fail(new EdgeSyncError('peer-timeout')));
    this.#onFailure = () => failed.reject(this.#failure);
    if (this.#failure !== undefined) failed.reject(this.#failure);
    if (signal?.aborted === true) cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      return await Promise.race([failed.promise, work]);
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', cancel);
      this.#onFailure = undefined;
    }
  }

  #associateAccepted(accept: AssociateAccept): void {
    for (const context of accept.contexts) {
      if (context.result === 'accepted') this.#accepted.set(context.id, context.transferSyntax);
    }
    for (const role of accept.user.roles) this.#roles.set(role.sopClass, role);
    this.#opened.resolve(undefined);
  }

  #command(contextId: number, command: DimseCommand): Wait {
    if (command.tag === 'n-event-report-rq' && this.#eventReports !== undefined) {
      this.#event = { contextId, request: command };
      this.#eventReports.begin(contextId, command);
      return command.dataset === 'none' ? this.#answerEvent() : undefined;
    }
    // Some peers send a dataset with these two answers (PS3.7 10.1.1, 10.1.4); it says nothing that we need.
    const mayHaveDataset = command.tag === 'n-action-rsp' || command.tag === 'n-event-report-rsp';
    const isAnswer = 'status' in command && (mayHaveDataset || datasetOf(command) === 'none');
    if (!isAnswer || command.messageId !== this.#answer?.messageId)
      throw new ProtocolError('unexpected-parameter', 'something other than the answer to our request');
    this.#answer.resolve(command);
    this.#answer = undefined;
    return undefined;
  }

  #dataset(position: FragmentPosition, bytes: Buffer): Wait {
    if (this.#event === undefined) return undefined;
    this.#eventReports?.dataset(bytes);
    return position === 'last' ? this.#answerEvent() : undefined;
  }

  #answerEvent(): Wait {
    const event = this.#event;
    this.#event = undefined;
    if (event === undefined) return undefined;
    const { messageId, sopClassUid, sopInstanceUid, eventTypeId } = event.request;
    const answer: DimseCommand = {
      ...{ tag: 'n-event-report-rsp', messageId, sopClassUid, sopInstanceUid, eventTypeId },
      status: this.#eventReports?.end() ?? status.processingFailure,
      dataset: 'none',
    };
    return this.#association.send(event.contextId, 'command', 'last', encodeCommand(answer));
  }

  #end(end: AssociationEnd): void {
    this.#failure ??= failureOf(end);
    this.#onFailure?.();
    this.#opened.reject(this.#failure);
    this.#ended.resolve(end);
    // Only an acceptor has to wait for its peer to close first (PS3.8 9.2.3); our A-ABORT still goes out.
    this.#transport.close();
  }
}

/** Plain TCP. */
export function plainConnection(clock: Clock): OpenConnection {
  return async ({ host, port }, signal) => {
    if (signal?.aborted === true) throw new EdgeSyncError('cancelled');
    // Node hands stream options on; its types do not say so.
    const options: NetConnectOpts & { readonly highWaterMark: number } = {
      host,
      port,
      noDelay: true,
      highWaterMark: socketBufferBytes,
    };
    const socket = connect(options);
    const where = `${host}:${port}`;
    const cancel = (): void => void socket.destroy(new EdgeSyncError('cancelled'));
    const timer = clock.after(openMs, () => socket.destroy(new EdgeSyncError('peer-timeout', where)));
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', () => resolve());
        socket.once('error', reject);
      });
      return socket;
    } catch (error) {
      throw error instanceof EdgeSyncError
        ? error
        : new EdgeSyncError('peer-unreachable', where, { cause: error });
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', cancel);
    }
  };
}

function failureOf(end: AssociationEnd): EdgeSyncError {
  switch (end.tag) {
    case 'rejected':
      return new EdgeSyncError('peer-refused', rejectionText(end.reject));
    case 'aborted-by-peer':
      return new EdgeSyncError('peer-refused', 'it aborted the association');
    case 'protocol-error':
      return new EdgeSyncError('peer-refused', 'it does not keep to the DICOM protocol');
    case 'connection-lost':
    case 'released':
      return new EdgeSyncError('peer-unreachable', 'the connection was closed');
    case 'timed-out':
      return new EdgeSyncError('peer-timeout');
    case 'aborted-by-us':
      return new EdgeSyncError('cancelled');
    case 'internal-error':
      return toEdgeSyncError(end.cause);
    default:
      return assertNever(end);
  }
}

/** PS3.8 table 9-21 in words. */
function rejectionText(reject: AssociateReject): string {
  const known: Readonly<Record<string, string>> = {
    '1/1': 'it gave no reason',
    '1/2': 'application context not supported',
    '1/3': 'our AE title is not known there',
    '1/7': 'its AE title is another one',
    '2/2': 'protocol version not supported',
    '3/1': 'it is too busy',
    '3/2': 'it has too many associations',
  };
  return known[`${reject.source}/${reject.reason}`] ?? `rejection ${reject.source}/${reject.reason}`;
}

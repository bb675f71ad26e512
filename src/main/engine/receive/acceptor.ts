/** One connection from a peer, from the first byte to the last: association, messages, stores, timing. */
import type { Duplex } from 'node:stream';
import { assertNever } from '../../../shared/assert-never.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import type { CommitmentScp } from '../commitment/commitment-port.ts';
import { type AssociateAnswer, Association, type AssociationEnd } from '../dicom/association.ts';
import { AssociationSocket } from '../dicom/association-socket.ts';
import { MessageReader } from '../dicom/dimse-reader.ts';
import { commandField, type DimseCommand, encodeCommand, responseBit, status } from '../dicom/dimse.ts';
import type { AssociateRequest } from '../dicom/pdu-associate.ts';
import { type AssociateReject, type FragmentPosition, ProtocolError, rejections } from '../dicom/pdu.ts';
import type { Wait } from '../dicom/pdu-reader.ts';
import { storageCommitmentPushSopClass } from '../dicom/sop-classes.ts';
import type { Intake } from '../intake/intake-port.ts';
import type { ReportIncident } from '../model.ts';
import type { Clock, Logger } from '../ports.ts';
import { ActionInProgress, type ActionRequest } from './action-service.ts';
import { AnswerPace } from './answer-pace.ts';
import { admit, proposedClasses } from './admission.ts';
import type { Authorize, Authorized, PeerFacts } from './authorize.ts';
import { type AdmittedCaller, type CallerWatch, callerSubject } from './caller-watch.ts';
import { EventReports } from './event-reports.ts';
import type { Burden, FairTurns } from './fair-turns.ts';
import { type AcceptedContext, negotiate } from './negotiation.ts';
import { defaultIdleMs, ProgressWatch, type Stall } from './progress-watch.ts';
import { refusedClasses, type RefusedClassReports } from './refused-classes.ts';
import { type StoreAnswer, StoreInProgress, type StoreRequest } from './store-service.ts';
import type { VisitNotes } from './visit-watch.ts';

export interface AcceptorDeps {
  readonly intake: Intake;
  /** Without it an N-ACTION is an unrecognised operation. */
  readonly commitment?: CommitmentScp | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly reportIncident: ReportIncident;
  readonly refusedClasses: Pick<RefusedClassReports, 'tell'>;
  readonly callers: CallerWatch;
  readonly aeTitle: string;
  readonly authorize: Authorize;
  readonly turns: FairTurns;
}

/** Of an image, beside its bytes: file, row, answer. */
const storeCostMs = 3;
/** Of a connection, beside its bytes. */
const connectionCostMs = 0.3;
/** Of one image; beyond it its sender stands back while others send theirs. */
const bulkBytes = 33_554_432;

/** The listener, as one connection sees it. */
export interface AcceptorHost {
  /** Where somebody keeps an eye on connections. */
  readonly visit?: VisitNotes | undefined;
  /** Asked last, when everything else allows the association: a rejection, or undefined and the place is taken. */
  claimPlace(acceptor: Acceptor): AssociateReject | undefined;
  /** The association is over; the connection may stay open for a while (ARTIM). */
  associationEnded(acceptor: Acceptor): void;
  connectionClosed(acceptor: Acceptor): void;
  /** Work that outlives the connection and that a stop has to wait for. */
  settles(work: Promise<unknown>): void;
}

/** Where the dataset that follows a command goes. */
type DatasetTarget =
  | { readonly tag: 'store'; readonly store: StoreInProgress; readonly request: StoreRequest }
  | { readonly tag: 'action'; readonly action: ActionInProgress; readonly request: ActionRequest }
  | { readonly tag: 'refuse'; readonly answer: DimseCommand }
  | { readonly tag: 'drop' };

export class Acceptor {
  readonly #peer: PeerFacts;
  readonly #deps: AcceptorDeps;
  readonly #host: AcceptorHost;
  readonly #socket: AssociationSocket;
  readonly #association: Association;
  readonly #messages: MessageReader;
  readonly #pace: AnswerPace;
  #watch: ProgressWatch | undefined;
  #contexts: ReadonlyMap<number, AcceptedContext> = new Map();
  #callingAeTitle = '';
  /** Made once: it is asked for with every chunk. */
  #turnKey = '';
  /** Who it is; undefined before it was let in. */
  #authorized: Authorized | undefined;
  /** Where storage commitment was accepted: the way to tell its results. */
  #reports: EventReports | undefined;
  #contextId = 0;
  #target: DatasetTarget = { tag: 'drop' };
  /** A dataset is whole and its answer is not yet decided. */
  #isFinishing = false;
  #isDraining = false;
  /** Of the dataset under way, so far. */
  #datasetBytes = 0;
  #stored = 0;
  #refused = 0;

  constructor(socket: Duplex, peer: PeerFacts, deps: AcceptorDeps, host: AcceptorHost) {
    this.#peer = peer;
    this.#deps = deps;
    this.#host = host;
    this.#socket = new AssociationSocket(socket, deps.clock, {
      received: () => this.#watch?.received(),
      closed: () => this.#host.connectionClosed(this),
    });
    this.#pace = new AnswerPace(deps.clock);
    this.#messages = new MessageReader({
      command: (contextId, command) => this.#command(contextId, command),
      dataset: (position, bytes) => this.#dataset(position, bytes),
    });
    this.#association = new Association({
      role: 'acceptor',
      transport: this.#socket,
      clock: deps.clock,
      user: {
        associateRequested: (request) => this.#associateRequested(request),
        associateAccepted: () => undefined,
        fragment: (contextId, kind, position, bytes) => {
          if (!this.#contexts.has(contextId))
            throw new ProtocolError('invalid-parameter', 'P-DATA on a context that was not accepted');
          this.#watch?.progressed(bytes.length);
          this.#reports?.stirred();
          return this.#messages.fragment(contextId, kind, position, bytes);
        },
        ended: (end) => this.#ended(end),
      },
    });
  }

  get remoteAddress(): string {
    return this.#peer.remoteAddress;
  }

  start(): void {
    this.#association.accept();
    this.#socket.attach({
      receive: (chunk) => {
        if (this.#authorized !== undefined) return this.#feed(chunk);
        // Many connections have one chunk each: their turn is awaited before it, not after it.
        const turn = this.#deps.turns.connects(connectionCostMs);
        return turn === undefined ? this.#feed(chunk) : turn.then(() => this.#feed(chunk));
      },
      transportClosed: () => this.#association.transportClosed(),
    });
  }

  /** Lets a store under way finish and answers it, then ends the association. */
  drain(): void {
    this.#isDraining = true;
    if (this.#target.tag !== 'store' && !this.#isFinishing) this.#association.abort();
  }

  /** Ends the association now; a store under way is thrown away. */
  abort(): void {
    this.#association.abort();
    this.#socket.close();
  }

  /** Cuts the connection without a word: there are too many like it. */
  cut(): void {
    this.#socket.destroy();
  }

  #associateRequested(request: AssociateRequest): AssociateAnswer {
    const { aeTitle, authorize } = this.#deps;
    this.#callingAeTitle = request.callingAeTitle;
    this.#host.visit?.asked(request);
    const admission = admit(request, aeTitle, this.#peer, authorize);
    if (admission.tag === 'refuse') {
      const { because } = admission;
      this.#host.visit?.refused(because);
      if (because !== undefined)
        this.#deps.callers.refused({
          ...this.#peer,
          callingAeTitle: request.callingAeTitle,
          calledAeTitle: request.calledAeTitle,
          proposedClasses: proposedClasses(request),
          because,
        });
      return { tag: 'reject', reject: admission.reject };
    }
    const { authorized } = admission;
    const { accept, contexts } = negotiate(request, authorized.allowsClass);
    const rejection = this.#host.claimPlace(this);
    if (rejection !== undefined) {
      // Of a stop, staff know.
      if (rejection === rejections.localLimitExceeded) {
        this.#host.visit?.limited();
        this.#report('association-limit', 'it may send, and there was no place for it');
      }
      return { tag: 'reject', reject: rejection };
    }
    this.#host.visit?.admitted(authorized.deviceId, accept);
    this.#authorized = authorized;
    this.#turnKey = this.#caller;
    this.#contexts = contexts;
    this.#tellLacking(request, authorized);
    this.#watch = new ProgressWatch(this.#deps.clock, authorized.idleMs ?? defaultIdleMs, (stall) =>
      this.#stalled(stall),
    );
    this.#openReports(authorized);
    return { tag: 'accept', accept };
  }

  #openReports(authorized: Authorized): void {
    const { commitment, clock } = this.#deps;
    const [contextId, context] =
      [...this.#contexts].find(([, one]) => one.abstractSyntax === storageCommitmentPushSopClass) ?? [];
    if (commitment === undefined || contextId === undefined || context === undefined) return;
    this.#reports = new EventReports({
      caller: this.#admitted(authorized),
      contextId,
      transferSyntaxUid: context.transferSyntax,
      clock,
      stands: () => this.#stands(),
      isBusy: () => this.#messages.midMessage || this.#isFinishing,
      send: (id, kind, bytes) => this.#association.send(id, kind, 'last', bytes),
    });
    commitment.channelOpened(this.#reports);
  }

  #tellLacking(request: AssociateRequest, authorized: Authorized): void {
    const { callers, refusedClasses: reports } = this.#deps;
    const caller = this.#admitted(authorized);
    const lacking = refusedClasses(request, this.#contexts.values(), authorized.allowsClass);
    if (lacking.length > 0) reports.tell(caller, callers.lacked(caller, lacking));
  }

  /** The services of this node, by command. */
  #command(contextId: number, command: DimseCommand): Wait {
    this.#contextId = contextId;
    switch (command.tag) {
      case 'c-echo-rq':
        this.#host.visit?.echoed();
        return this.#respond({
          tag: 'c-echo-rsp',
          messageId: command.messageId,
          sopClassUid: command.sopClassUid,
          status: status.success,
        });
      case 'c-store-rq':
        return this.#beginStore(contextId, command);
      case 'n-action-rq':
        return this.#beginAction(contextId, command);
      case 'n-event-report-rq':
        return this.#refuse(commandField.nEventReportRq, command);
      case 'other-rq':
        return this.#refuse(command.commandField, command);
      case 'c-cancel-rq':
        // There is nothing here that could be cancelled; it has no answer.
        this.#target = { tag: 'drop' };
        return undefined;
      case 'n-event-report-rsp':
        // Its dataset, if it has one, says nothing that we need.
        this.#target = { tag: 'drop' };
        if (this.#reports?.answered(command) === true) return undefined;
        throw new ProtocolError('unexpected-parameter', 'answer to an event that was not reported');
      case 'c-echo-rsp':
      case 'c-store-rsp':
      case 'n-action-rsp':
      case 'other-rsp':
        throw new ProtocolError('unexpected-parameter', 'response to a request that was not made');
      default:
        return assertNever(command);
    }
  }

  #beginStore(contextId: number, request: StoreRequest): Wait {
    const context = this.#contexts.get(contextId);
    const authorized = this.#authorized;
    if (context === undefined || authorized === undefined)
      throw new ProtocolError('invalid-parameter', 'context that was not accepted');
    const origin = {
      tag: 'association',
      callingAeTitle: this.#callingAeTitle,
      remoteAddress: this.remoteAddress,
    } as const;
    const store = StoreInProgress.begin(
      request,
      { context, origin, allowsClass: authorized.allowsClass },
      this.#deps.intake,
    );
    this.#target = { tag: 'store', store, request };
    this.#datasetBytes = 0;
    return request.dataset === 'none' ? this.#finishStore(store, request) : undefined;
  }

  #beginAction(contextId: number, request: ActionRequest): Wait {
    const { commitment } = this.#deps;
    const context = this.#contexts.get(contextId);
    if (commitment === undefined || context === undefined || this.#authorized === undefined)
      return this.#refuse(commandField.nActionRq, request);
    const action = this.#stands()
      ? ActionInProgress.begin(request, context, this.#admitted(this.#authorized), commitment)
      : ActionInProgress.notAuthorised();
    this.#target = { tag: 'action', action, request };
    return request.dataset === 'none' ? this.#finishAction(action, request) : undefined;
  }

  /** Asked again, as every C-STORE is: a pairing that is ended or changed meanwhile counts at once. */
  #stands(): boolean {
    const again = this.#deps.authorize({
      ...this.#peer,
      callingAeTitle: this.#callingAeTitle,
      proposedClasses: [],
    });
    return again.tag === 'accept' && again.deviceId === this.#authorized?.deviceId;
  }

  #finishAction(action: ActionInProgress, request: ActionRequest): Wait {
    return this.#finish(action.finish(), ({ status: code, comment, incident }) => {
      if (code !== status.success) this.#deps.logger.warn('commitment refused', { status: code });
      if (incident !== undefined) this.#report(incident, comment ?? '');
      return this.#respond({
        tag: 'n-action-rsp',
        messageId: request.messageId,
        sopClassUid: request.sopClassUid,
        sopInstanceUid: request.sopInstanceUid,
        actionTypeId: request.actionTypeId,
        status: code,
        dataset: 'none',
        ...(comment === undefined ? {} : { errorComment: comment }),
      });
    });
  }

  /** A dataset is whole: its answer is decided while the peer's clock stands still, and a stop waits for it. */
  #finish<Result>(work: Promise<Result>, answer: (result: Result) => Wait): Wait {
    this.#target = { tag: 'drop' };
    this.#isFinishing = true;
    const answered = this.#hold(work).then((result) => {
      this.#isFinishing = false;
      const wait = answer(result);
      if (this.#isDraining) this.#association.abort();
      return wait;
    });
    this.#host.settles(answered);
    return answered;
  }

  #dataset(position: FragmentPosition, bytes: Buffer): Wait {
    const target = this.#target;
    this.#datasetBytes += bytes.length;
    switch (target.tag) {
      case 'store': {
        const wait = target.store.write(bytes);
        if (position === 'more') return wait === undefined ? undefined : this.#hold(wait);
        return wait === undefined
          ? this.#finishStore(target.store, target.request)
          : this.#hold(wait).then(() => this.#finishStore(target.store, target.request));
      }
      case 'action':
        target.action.write(bytes);
        return position === 'last' ? this.#finishAction(target.action, target.request) : undefined;
      case 'refuse':
        return position === 'last' ? this.#respond(target.answer) : undefined;
      case 'drop':
        return undefined;
      default:
        return assertNever(target);
    }
  }

  #finishStore(store: StoreInProgress, request: StoreRequest): Wait {
    // Ended while its last bytes were being taken: the stream was aborted then.
    if (this.#target.tag !== 'store') return undefined;
    return this.#finish(store.finish(), (answer) => this.#answerStore(answer, request));
  }

  #answerStore(answer: StoreAnswer, request: StoreRequest): Wait {
    this.#deps.turns.charge(this.#turnKey, storeCostMs);
    if (answer.status === status.success) {
      this.#stored += 1;
      this.#host.visit?.stored();
    } else {
      const code = answer.error?.code ?? 'internal';
      this.#host.visit?.storeRefused(code);
      this.#refused += 1;
      this.#deps.logger.warn('store refused', { status: answer.status, code });
      this.#report(code, 'an image was not accepted');
    }
    return this.#respond({
      tag: 'c-store-rsp',
      messageId: request.messageId,
      sopClassUid: request.sopClassUid,
      sopInstanceUid: request.sopInstanceUid,
      status: answer.status,
      ...(answer.comment === undefined ? {} : { errorComment: answer.comment }),
    });
  }

  /** 0211, unrecognised operation, after the dataset if there is one (PS3.7 annex C.5.23). */
  #refuse(
    requestField: number,
    command: Extract<DimseCommand, { tag: 'n-action-rq' | 'n-event-report-rq' | 'other-rq' }>,
  ): Wait {
    const answer: DimseCommand = {
      tag: 'other-rsp',
      commandField: requestField | responseBit,
      messageId: command.messageId,
      sopClassUid: command.sopClassUid,
      status: status.unrecognisedOperation,
      dataset: 'none',
    };
    if (command.dataset === 'none') return this.#respond(answer);
    this.#target = { tag: 'refuse', answer };
    return undefined;
  }

  #respond(command: DimseCommand): Wait {
    this.#reports?.stirred();
    const sent = this.#association.send(this.#contextId, 'command', 'last', encodeCommand(command));
    const paced = this.#pace.answered();
    if (paced === undefined) return sent;
    return this.#hold(sent === undefined ? paced : sent.then(() => paced));
  }

  #feed(chunk: Buffer): Wait {
    this.#pace.chunkBegins();
    const startMs = this.#deps.clock.monotonicMs();
    const wait = this.#association.receive(chunk);
    this.#watch?.within(this.#association.midPdu || this.#messages.midMessage ? 'message' : 'gap');
    return this.#authorized === undefined ? wait : this.#inTurn(wait, startMs);
  }

  /** Adds to what a chunk asks to wait for the turns of other callers. */
  #inTurn(wait: Wait, startMs: number): Wait {
    const { turns, clock } = this.#deps;
    const turn = turns.took(this.#turnKey, clock.monotonicMs() - startMs, this.#burden);
    if (turn === undefined) return wait;
    return this.#hold(wait === undefined ? turn : wait.then(() => turn));
  }

  get #burden(): Burden {
    return this.#target.tag === 'store' && this.#datasetBytes > bulkBytes ? 'bulk' : 'usual';
  }

  /** We are the slow one until `work` is done: the peer's clock stands still. */
  async #hold<T>(work: Promise<T>): Promise<T> {
    this.#watch?.hold();
    try {
      return await work;
    } finally {
      this.#watch?.release();
    }
  }

  #stalled(stall: Stall): void {
    this.#host.visit?.stalled();
    this.#deps.logger.warn('association stalled', { stall, remoteAddress: this.remoteAddress });
    this.#association.abort();
  }

  #ended(end: AssociationEnd): void {
    this.#watch?.stop();
    this.#remember(end);
    this.#host.visit?.ended(end);
    this.#contexts = new Map();
    this.#logEnd(end);
    if (this.#reports !== undefined) {
      this.#reports.close();
      this.#deps.commitment?.channelClosed(this.#reports);
    }
    if (this.#target.tag === 'action') this.#target.action.abort();
    if (this.#target.tag === 'store') {
      this.#host.settles(this.#target.store.abort());
      this.#target = { tag: 'drop' };
      this.#report('association-aborted', aboutEnd(end));
    }
    this.#host.associationEnded(this);
  }

  #remember({ tag }: AssociationEnd): void {
    const { turns } = this.#deps;
    if (tag !== 'released' && this.#stored === 0)
      turns.cameToNothing(tag === 'protocol-error' ? 'broken' : 'in-vain');
    if (tag === 'protocol-error' && this.#authorized !== undefined) turns.brokeProtocol(this.#turnKey);
  }

  #logEnd(end: AssociationEnd): void {
    const facts = { remoteAddress: this.remoteAddress, stored: this.#stored, refused: this.#refused };
    switch (end.tag) {
      case 'released':
      case 'aborted-by-us':
        this.#deps.logger.info('association ended', { ...facts, how: end.tag });
        break;
      case 'aborted-by-peer':
      case 'connection-lost':
      case 'timed-out':
        this.#deps.logger.info('association broken off', { ...facts, how: end.tag });
        break;
      case 'rejected':
        this.#deps.logger.warn('association rejected', { ...facts, ...end.reject });
        break;
      case 'protocol-error':
        this.#deps.logger.warn('protocol error', { ...facts, reason: end.reason, problem: end.message });
        break;
      case 'internal-error':
        this.#deps.logger.error('association failed', facts, end.cause);
        break;
      default:
        assertNever(end);
    }
  }

  #report(code: ErrorCode, detail: string): void {
    this.#deps.reportIncident({ code, subject: this.#caller, detail });
  }

  #admitted({ deviceId }: Authorized): AdmittedCaller {
    return { callingAeTitle: this.#callingAeTitle, remoteAddress: this.remoteAddress, deviceId };
  }

  get #caller(): string {
    return callerSubject(this.#callingAeTitle, this.remoteAddress);
  }
}

function aboutEnd(end: AssociationEnd): string {
  switch (end.tag) {
    case 'aborted-by-peer':
    case 'released':
      return 'it stopped in the middle of an image';
    case 'connection-lost':
    case 'timed-out':
    case 'rejected':
      return 'the connection was lost in the middle of an image';
    case 'aborted-by-us':
      return 'it was too slow, or Edge Sync was being stopped';
    case 'protocol-error':
      return 'it sent something that is not DICOM';
    case 'internal-error':
      return 'Edge Sync had a fault of its own';
    default:
      return assertNever(end);
  }
}

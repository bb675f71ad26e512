/**
 * An engine for tests of the page: the real contract over the real adapter, behind the policy, host and session checks
 * that the page meets in use; what it answers is scripted.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { readFile } from 'node:fs/promises';
import type { AddressInfo, Socket } from 'node:net';
import { extname, join } from 'node:path';
import { implement, ORPCError } from '@orpc/server';
import type { Context } from '@orpc/server';
import { RPCHandler } from '@orpc/server/node';
import type { AgentEvent, AgentState } from '../../src/shared/agent-state.ts';
import type { AttentionFile } from '../../src/shared/contract-attention.ts';
import type { ProvenBy } from '../../src/shared/contract-recovery.ts';
import { contract } from '../../src/shared/contract.ts';
import type { ImportEvent, RestoreEvent } from '../../src/shared/contract.ts';
import type { SignInEvent } from '../../src/shared/contract-secrets.ts';
import type { LiveTestEvent } from '../../src/shared/contract-setup.ts';
import type { ShareEvent, ShareSummary } from '../../src/shared/contract-share.ts';
import type { VerifyEvent } from '../../src/shared/contract-verify.ts';
import type { Device, Pairing } from '../../src/shared/devices.ts';
import { reportFor } from '../../src/shared/errors.ts';
import type { ErrorReport } from '../../src/shared/errors.ts';
import { contentSecurityPolicy, pageMediaTypes } from '../../src/shared/page-hosting.ts';
import { clinic, idOf } from './agent-access.ts';
import type { AccessFacts } from './agent-access.ts';
import { handedOut, keyAnswers, kitFingerprint, kitWords, recipient } from './agent-keys.ts';
import type { KeyAnswers } from './agent-keys.ts';
import { homeHandlers, quietHome } from './agent-home.ts';
import type { HomeAnswers, HomeCall } from './agent-home.ts';
import type { DiagnosticsBundle } from '../../src/shared/contract-diagnostics.ts';
import type { FailureLedger } from '../../src/shared/contract-failures.ts';
import { settingsDeskAnswers, settingsRoutes } from './agent-settings.ts';
import type { SettingsAnswers, SettingsCallName } from './agent-settings.ts';
import { PairingScript, pairingAnswers } from './agent-pairing.ts';
import { allSafe } from './agent-states.ts';
import { StudyAnswers, studyHandlers } from './study-answers.ts';

export { kitFingerprint, kitWords };

type CallName =
  | 'alerts-test'
  | HomeCall
  | 'diagnostics'
  | 'failure-ledger'
  | 'reveal'
  | 'study-retry'
  | 'study-show'
  | 'study-instances'
  | 'study-history'
  | 'study-reveal'
  | 'study-hide'
  | 'study-picture'
  | 'identify'
  | 'retry'
  | 'answer'
  | 'create'
  | 'check'
  | 'keys'
  | 'rotate-device'
  | 'new-epoch'
  | 'passphrase'
  | 'replace-recovery'
  | 'cancel-replacement'
  | 'recipient-add'
  | 'recipient-remove'
  | 'backups'
  | 'backup-write'
  | 'secret'
  | 'sign-in'
  | 'uploads-pause'
  | 'uploads-resume'
  | SettingsCallName
  | 'setup-test'
  | 'setup-save'
  | 'setup-listen'
  | 'import'
  | 'restore'
  | 'verify'
  | 'share'
  | 'shares'
  | 'share-revoke'
  | 'share-viewer'
  | 'share-check'
  | 'share-credential'
  | 'lists'
  | 'certificates'
  | 'pair'
  | 'change'
  | 'remove'
  | 'dismiss'
  | 'allow-caller'
  | 'allow-class'
  | 'dismiss-class'
  | 'revoke'
  | 'pairing-diagnose'
  | 'pairing-echo'
  | 'attention'
  | 'attention-retry'
  | 'attention-dismiss';

export interface Call {
  readonly name: CallName;
  readonly input: unknown;
}

/** The UID that the fake engine tells of a study of the page. */
export function studyUidOf(studyId: string): string {
  return `1.2.826.0.1.99.${studyId.replace(/\D/g, '') || '0'}`;
}

class Channel {
  readonly #waiting: AgentEvent[] = [];
  #wake: (() => void) | undefined;

  push(event: AgentEvent): void {
    this.#waiting.push(event);
    this.#wake?.();
  }

  async *events(signal: AbortSignal | undefined): AsyncGenerator<AgentEvent> {
    const onAbort = () => this.#wake?.();
    signal?.addEventListener('abort', onAbort);
    try {
      while (signal?.aborted !== true) {
        const next = this.#waiting.shift();
        if (next === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
        else yield next;
      }
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }
}

export class FakeEngine {
  readonly calls: Call[] = [];
  /** Refusals by call, given instead of the answer. */
  readonly refusals = new Map<CallName, ErrorReport>();
  /** What an import or a restore says, one event a step; the last step waits until `finishRun`. */
  importEvents: readonly ImportEvent[] = [];
  restoreEvents: readonly RestoreEvent[] = [];
  verifyEvents: readonly VerifyEvent[] = [];
  shareEvents: readonly ShareEvent[] = [];
  liveTestEvents: readonly LiveTestEvent[] = [];
  signInEvents: readonly SignInEvent[] = [];
  shares: readonly ShareSummary[] = [];
  /** How often a run was stopped by the page. */
  runsStopped = 0;
  hideAfterSeconds = 20;
  /** Who may send; a test changes it and shows a state with another revision. */
  access: AccessFacts = clinic();
  readonly keys: KeyAnswers = keyAnswers();
  /** What is seen of devices that call; see agent-pairing.ts. */
  readonly pairing = new PairingScript();
  readonly settings: SettingsAnswers = settingsDeskAnswers();
  readonly study = new StudyAnswers();
  readonly home: HomeAnswers = quietHome();
  /** What the drill answers besides the fingerprint. */
  proof: { readonly provenBy: ProvenBy; readonly cloudProblem: ErrorReport | null } = {
    provenBy: 'test-object',
    cloudProblem: null,
  };
  attentionFiles: readonly AttentionFile[] = [];
  /** What is over, and what was told outside. */
  ledger: FailureLedger = { over: [], told: [] };
  diagnostics: DiagnosticsBundle = {
    fileName: 'edge-sync-diagnostics-2026-01-05T12-00-00Z.json',
    text: `${JSON.stringify(
      {
        version: '0.1.0',
        headline: 'attention',
        counts: { received: 493, verified: 493 },
        destinations: ['destination-1', 'destination-2'].map((name) => ({
          name,
          kind: 'azure',
          state: 'ok',
        })),
        log: Array.from({ length: 40 }, (_, index) => ({ event: 'upload.verified', instances: index })),
      },
      undefined,
      2,
    )}\n`,
  };
  #state: AgentState | undefined;
  #server: Server | undefined;
  #port = 0;
  #tokens = new Set<string>();
  #sessions = new Set<string>();
  #made = 0;
  #finishRun: (() => void) | undefined;
  readonly #channels = new Set<Channel>();
  readonly #sockets = new Set<Socket>();
  readonly #pageDir: string;

  constructor(pageDir: string, state: AgentState | undefined = allSafe()) {
    this.#pageDir = pageDir;
    this.#state = state;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  link(): string {
    this.#made += 1;
    const token = `token-${this.#made}`;
    this.#tokens.add(token);
    return `${this.origin}/?token=${token}`;
  }

  /** Listens on the port it had, or a free one. */
  async start(): Promise<void> {
    const handler = new RPCHandler(this.#router());
    const server = createServer((request, response) => {
      this.#answer(request, response, handler).catch(() => response.destroy());
    });
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** As when the engine dies: every connection breaks. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#channels.clear();
    for (const socket of this.#sockets) socket.destroy();
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  /** As when the engine restarted: no session is known any more. */
  forgetSessions(): void {
    this.#sessions.clear();
  }

  /** What a new watcher gets first; undefined keeps it waiting. Those who watch already get it at once. */
  show(state: AgentState | undefined): void {
    this.#state = state;
    if (state === undefined) return;
    for (const channel of this.#channels) channel.push({ tag: 'snapshot', state });
  }

  push(event: AgentEvent): void {
    for (const channel of this.#channels) channel.push(event);
  }

  finishRun(): void {
    this.#finishRun?.();
  }

  #note(name: CallName, input: unknown): void {
    this.calls.push({ name, input });
    this.#refuse(name);
  }

  #refuse(name: CallName): void {
    const refusal = this.refusals.get(name);
    if (refusal !== undefined)
      throw new ORPCError('EDGE_SYNC', { defined: true, status: 422, data: refusal });
  }

  #router() {
    const os = implement(contract);
    const unused = () => {
      throw new ORPCError('EDGE_SYNC', { defined: true, data: reportFor('internal') });
    };
    const current = () => this.#state ?? allSafe();
    const watch = (signal: AbortSignal | undefined) => this.#watch(signal);
    const run = <Event>(events: readonly Event[], signal: AbortSignal | undefined) =>
      this.#run(events, signal);

    return os.router({
      agent: {
        status: os.agent.status.handler(() => current().status),
        watch: os.agent.watch.handler(({ signal }) => watch(signal)),
        drain: os.agent.drain.handler(unused),
        link: os.agent.link.handler(() => ({ url: this.link() })),
        wake: os.agent.wake.handler(() => ({ woken: true as const })),
      },
      uploads: {
        state: os.uploads.state.handler(unused),
        pause: os.uploads.pause.handler(({ input }) => {
          this.#note('uploads-pause', input);
          return noUploads;
        }),
        resume: os.uploads.resume.handler(() => {
          this.#note('uploads-resume', undefined);
          return noUploads;
        }),
        network: os.uploads.network.handler(unused),
      },
      studies: {
        reveal: os.studies.reveal.handler(({ input }) => {
          this.#note('reveal', input);
          return {
            patientName: 'Example^Maria Gloria',
            patientId: 'EX-0001',
            studyDescription: 'Thorax',
            studyDate: '20260105',
            hideAfterSeconds: this.hideAfterSeconds,
          };
        }),
        retry: os.studies.retry.handler(({ input }) => {
          this.#note('study-retry', input);
          return { retried: 5 };
        }),
        identify: os.studies.identify.handler(({ input }) => {
          this.#note('identify', input);
          return { studyInstanceUid: studyUidOf(input.studyId) };
        }),
      },
      study: studyHandlers(this.study, (name, input) => this.#note(name, input)),
      // Nothing on the page asks for it yet.
      audit: {
        list: os.audit.list.handler(() => ({ entries: [], next: null })),
        verify: os.audit.verify.handler(async function* () {
          await Promise.resolve();
          const counts = { entries: 0, last: 0, proven: 0, before: 0, breaks: [], breakCount: 0 };
          yield { tag: 'result' as const, check: { ...counts, anchoredTo: null } };
        }),
      },
      diagnostics: {
        collect: os.diagnostics.collect.handler(() => {
          this.#note('diagnostics', undefined);
          return this.diagnostics;
        }),
      },
      failures: {
        ledger: os.failures.ledger.handler(() => {
          this.#refuse('failure-ledger');
          return this.ledger;
        }),
        retry: os.failures.retry.handler(({ input }) => {
          this.#note('retry', input);
          return { retried: 3 };
        }),
        answer: os.failures.answer.handler(({ input }) => {
          this.#note('answer', input);
          return { answered: true };
        }),
      },
      files: {
        attention: os.files.attention.handler(({ input }) => {
          this.#note('attention', input);
          return { files: [...this.attentionFiles], total: this.attentionFiles.length };
        }),
        dismissAttention: os.files.dismissAttention.handler(({ input }) => {
          this.#note('attention-dismiss', input);
          const gone = this.attentionFiles.filter(({ id }) => input.tag === 'all' || input.ids.includes(id));
          this.attentionFiles = this.attentionFiles.filter((one) => !gone.includes(one));
          return { dismissed: gone.length };
        }),
        retryAttention: os.files.retryAttention.handler(({ input }) => {
          this.#note('attention-retry', input);
          return { retried: input.tag === 'all' ? this.attentionFiles.length : input.ids.length };
        }),
        import: os.files.import.handler(({ input, signal }) => {
          this.#note('import', input);
          return run(this.importEvents, signal);
        }),
        open: os.files.open.handler(unused),
      },
      recovery: {
        create: os.recovery.create.handler(({ input }) => {
          this.#note('create', input);
          return handedOut(input);
        }),
        check: os.recovery.check.handler(({ input }) => {
          this.#note('check', input);
          return { fingerprint: kitFingerprint, provenAt: new Date().toISOString(), ...this.proof };
        }),
        kit: os.recovery.kit.handler(unused),
        certificate: os.recovery.certificate.handler(() => ({ pem: null, fingerprint: null })),
      },
      backup: {
        list: os.backup.list.handler(() => {
          this.#refuse('backups');
          return { backups: [...this.keys.backups], problems: [...this.keys.problems] };
        }),
        write: os.backup.write.handler(() => {
          this.#note('backup-write', undefined);
          const [first, ...others] = this.keys.backups;
          if (first === undefined) return { written: [] };
          const next = { ...first, number: first.number + 1, writtenAt: new Date().toISOString() };
          this.keys.backups = [next, ...others];
          const { destination, number, writtenAt } = next;
          return { written: [{ destination, outcome: 'written' as const, number, writtenAt }] };
        }),
        rebuild: os.backup.rebuild.handler(unused),
      },
      restore: {
        run: os.restore.run.handler(({ input, signal }) => {
          this.#note('restore', input);
          return run(this.restoreEvents, signal);
        }),
      },
      devices: {
        list: os.devices.list.handler(() => {
          this.#refuse('lists');
          return [...this.access.devices];
        }),
        pair: os.devices.pair.handler(({ input }) => {
          this.#note('pair', input);
          return paired(input);
        }),
        change: os.devices.change.handler(({ input }) => {
          this.#note('change', input);
          const before = this.access.devices.find(({ id }) => id === input.id) ?? paired(undefined);
          const given = Object.entries(input.change).filter(([, value]) => value !== undefined);
          return { ...before, ...(Object.fromEntries(given) as Partial<Device>) };
        }),
        remove: os.devices.remove.handler(({ input }) => {
          this.#note('remove', input);
          this.access = {
            ...this.access,
            devices: this.access.devices.filter(({ id }) => id !== input.id),
          };
          return { done: true as const };
        }),
        callers: os.devices.callers.handler(() => [...this.access.callers]),
        dismiss: os.devices.dismiss.handler(({ input }) => {
          this.#note('dismiss', input);
          this.access = {
            ...this.access,
            callers: this.access.callers.map((one) =>
              one.id === input.id ? { ...one, dismissed: true } : one,
            ),
          };
          return { done: true as const };
        }),
        allowCaller: os.devices.allowCaller.handler(({ input }) => {
          this.#note('allow-caller', input);
          const device = { ...paired(undefined), name: input.name };
          this.access = {
            ...this.access,
            callers: this.access.callers.filter(({ id }) => id !== input.id),
            devices: [...this.access.devices, device],
          };
          return device;
        }),
        observedClasses: os.devices.observedClasses.handler(() => [...this.access.classes]),
        allowClass: os.devices.allowClass.handler(({ input }) => {
          this.#note('allow-class', input);
          return { done: true as const };
        }),
        dismissClass: os.devices.dismissClass.handler(({ input }) => {
          this.#note('dismiss-class', input);
          return { done: true as const };
        }),
        connection: os.devices.connection.handler(() => this.access.connection),
        addresses: os.devices.addresses.handler(() => [...this.access.addresses]),
      },
      pairing: pairingAnswers(os.pairing, {
        access: () => this.access,
        pairing: this.pairing,
        note: (name, input) => this.#note(name, input),
      }),
      certificates: {
        list: os.certificates.list.handler(() => {
          this.#refuse('certificates');
          return { certificates: [...this.access.certificates] };
        }),
        ca: os.certificates.ca.handler(unused),
        issue: os.certificates.issue.handler(unused),
        sign: os.certificates.sign.handler(unused),
        renew: os.certificates.renew.handler(unused),
        revoke: os.certificates.revoke.handler(({ input }) => {
          this.#note('revoke', input);
          return { certificate: null, cut: 1 };
        }),
        import: os.certificates.import.handler(unused),
      },
      home: homeHandlers(this.home, {
        asked: (name) => this.#refuse(name),
        done: (name, input) => this.#note(name, input),
      }),
      keys: {
        status: os.keys.status.handler(() => {
          this.#refuse('keys');
          return this.keys.status;
        }),
        rotateDevice: os.keys.rotateDevice.handler(() => {
          this.#note('rotate-device', undefined);
          return { done: true as const };
        }),
        newEpoch: os.keys.newEpoch.handler(() => {
          this.#note('new-epoch', undefined);
          const epoch = this.keys.status.epoch + 1;
          this.keys.status = { ...this.keys.status, epoch };
          return { epoch };
        }),
        changePassphrase: os.keys.changePassphrase.handler(({ input }) => {
          this.#note('passphrase', input);
          return { done: true as const };
        }),
        replaceRecovery: os.keys.replaceRecovery.handler(({ input }) => {
          this.#note('replace-recovery', input);
          return handedOut(input);
        }),
        cancelReplacement: os.keys.cancelReplacement.handler(() => {
          this.#note('cancel-replacement', undefined);
          return { done: true as const };
        }),
      },
      verify: {
        run: os.verify.run.handler(({ input, signal }) => {
          this.#note('verify', input);
          return run(this.verifyEvents, signal);
        }),
        manifests: os.verify.manifests.handler(unused),
      },
      recipients: {
        list: os.recipients.list.handler(() => [...this.keys.status.recipients]),
        add: os.recipients.add.handler(({ input }) => {
          this.#note('recipient-add', input);
          const added = recipient({ name: input.name, fingerprint: 'ad'.repeat(32) });
          const { status } = this.keys;
          this.keys.status = { ...status, recipients: [...status.recipients, added] };
          return added;
        }),
        remove: os.recipients.remove.handler(({ input }) => {
          this.#note('recipient-remove', input);
          const { status } = this.keys;
          const recipients = status.recipients.filter((one) => one.fingerprint !== input.fingerprint);
          this.keys.status = { ...status, recipients };
          return { done: true as const };
        }),
      },
      shares: {
        create: os.shares.create.handler(({ input, signal }) => {
          this.#note('share', input);
          return run(this.shareEvents, signal);
        }),
        certificate: os.shares.certificate.handler(unused),
        list: os.shares.list.handler(() => {
          this.#note('shares', undefined);
          return [...this.shares];
        }),
        revoke: os.shares.revoke.handler(({ input }) => {
          this.#note('share-revoke', input);
          const endedAt = new Date().toISOString();
          this.shares = this.shares.map((one) =>
            one.shareId === input.shareId ? { ...one, state: 'revoked', endedAt, endedBy: 'web' } : one,
          );
          return { revoked: 1, failed: 0 };
        }),
        viewer: os.shares.viewer.handler(() => {
          this.#note('share-viewer', undefined);
          return { fileName: 'edge-sync-viewer.html', html: '<!doctype html><title>Viewer</title>' };
        }),
        check: os.shares.check.handler(({ input }) => {
          this.#note('share-check', input);
          return { place: 'https://shares.example.test/given', account: 'own' as const };
        }),
        storeCredential: os.shares.storeCredential.handler(({ input }) => {
          this.#note('share-credential', input);
          return { stored: true as const };
        }),
      },
      setup: {
        testDestination: os.setup.testDestination.handler(({ input, signal }) => {
          this.#note('setup-test', input);
          return run(this.liveTestEvents, signal);
        }),
        saveDestination: os.setup.saveDestination.handler(({ input }) => {
          this.#note('setup-save', input);
          return { saved: true as const };
        }),
        listen: os.setup.listen.handler(({ input }) => {
          this.#note('setup-listen', input);
          return { saved: true as const };
        }),
      },
      alerts: {
        test: os.alerts.test.handler(() => {
          this.#note('alerts-test', undefined);
          return { outcomes: [{ channel: 'email' as const, tag: 'sent' as const }] };
        }),
      },
      settings: settingsRoutes(os.settings, this.settings, (name, input) => this.#note(name, input)),
      secrets: {
        store: os.secrets.store.handler(({ input }) => {
          this.#note('secret', input);
          return { stored: true as const };
        }),
        signIn: os.secrets.signIn.handler(({ input, signal }) => {
          this.#note('sign-in', input);
          return run(this.signInEvents, signal);
        }),
      },
    });
  }

  async *#watch(signal: AbortSignal | undefined): AsyncGenerator<AgentEvent> {
    const channel = new Channel();
    this.#channels.add(channel);
    if (this.#state !== undefined) channel.push({ tag: 'snapshot', state: this.#state });
    try {
      yield* channel.events(signal);
    } finally {
      this.#channels.delete(channel);
    }
  }

  async *#run<Event>(events: readonly Event[], signal: AbortSignal | undefined): AsyncGenerator<Event> {
    yield* events.slice(0, -1);
    const stopped = new Promise<'stopped'>((resolve) => {
      signal?.addEventListener('abort', () => {
        this.runsStopped += 1;
        resolve('stopped');
      });
    });
    const finished = new Promise<'finished'>((resolve) => {
      this.#finishRun = () => resolve('finished');
    });
    if ((await Promise.race([stopped, finished])) === 'finished') yield* events.slice(-1);
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    handler: RPCHandler<Context>,
  ): Promise<void> {
    const url = new URL(request.url ?? '/', this.origin);
    response.setHeader('content-security-policy', contentSecurityPolicy);
    response.setHeader('cache-control', 'no-store');
    if (url.pathname === '/session') return this.#openSession(request, response);
    if (url.pathname.startsWith('/rpc/')) {
      if (!this.#sessions.has(String(request.headers['x-edge-sync-session']))) {
        response.writeHead(401).end();
        return;
      }
      await handler.handle(request, response, { prefix: '/rpc', context: {} });
      return;
    }
    const shell = url.pathname === '/';
    const path = join(this.#pageDir, shell ? 'index.html' : url.pathname);
    const body = await readFile(path).catch(() => undefined);
    const token = url.searchParams.get('token');
    const code = body === undefined ? 404 : !shell || (token !== null && this.#tokens.has(token)) ? 200 : 401;
    response.writeHead(code, { 'content-type': pageMediaTypes[extname(path)] ?? 'application/octet-stream' });
    response.end(body);
  }

  async #openSession(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { token } = JSON.parse(body) as { readonly token: string };
    if (!this.#tokens.delete(token)) {
      response.writeHead(403).end();
      return;
    }
    this.#made += 1;
    const session = `session-${this.#made}`;
    this.#sessions.add(session);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ session }));
  }
}

const noUploads = {
  hold: 'none' as const,
  until: null,
  metered: false,
  bytesPerSecond: 0,
  destinations: [],
};

/** As the engine answers; a caller that was allowed gets the plainest pairing. */
function paired(pairing: Pairing | undefined): Device {
  const usual: Pairing = {
    name: 'A device',
    aeTitle: 'DEVICE',
    channel: 'plain',
    addresses: ['192.168.1.77'],
    certificates: [],
    classes: 'standard',
    privateClasses: [],
    commitment: null,
  };
  return { ...usual, ...pairing, id: idOf('9'), pairedAt: new Date().toISOString(), lastSeenAt: null };
}

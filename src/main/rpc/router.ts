import { implement, ORPCError } from '@orpc/server';
import { contract } from '../../shared/contract.ts';
import { toEdgeSyncError } from '../../shared/errors.ts';
import type { Actor, EngineService } from '../engine/engine-service.ts';
import type { Logger } from '../engine/ports.ts';
import { attentionRoutes } from './attention-routes.ts';
import { auditRoutes } from './audit-routes.ts';
import { backupRoutes } from './backup-routes.ts';
import { deviceRoutes } from './device-routes.ts';
import { diagnosticsRoutes } from './diagnostics-routes.ts';
import { homeRoutes } from './home-routes.ts';
import { keyRoutes, recipientRoutes } from './key-routes.ts';
import { pairingRoutes } from './pairing-routes.ts';
import { setupRoutes } from './setup-routes.ts';
import { settingsRoutes } from './settings-routes.ts';
import { shareRoutes } from './share-routes.ts';
import { studyRoutes } from './study-routes.ts';
import { alertRoutes } from './alert-routes.ts';
import { uploadRoutes } from './upload-routes.ts';
import { verifyRoutes } from './verify-routes.ts';

export interface CallContext {
  readonly actor: Actor;
  /** A fresh one-time link to the page, or null when no page is served. */
  readonly link: () => string | null;
}

/** Implements the contract on an engine. Every error leaves as `EDGE_SYNC` with an ErrorReport: no stack, no PHI. */
export function createRouter(engine: EngineService, logger: Logger) {
  const os = implement(contract)
    .$context<CallContext>()
    .use(async ({ next, errors, path }) => {
      try {
        return await next();
      } catch (error) {
        // Arguments that break the contract: oRPC answers BAD_REQUEST by itself.
        if (error instanceof ORPCError && error.code === 'BAD_REQUEST') throw error;
        const known = toEdgeSyncError(error);
        if (known.code === 'internal') logger.error('rpc-failed', { procedure: path.join('.') }, error);
        throw errorOf(errors, known.report);
      }
    });
  const endless = new AbortController().signal;

  return os.router({
    agent: {
      status: os.agent.status.handler(() => engine.status()),
      watch: os.agent.watch.handler(async function* ({ signal }) {
        yield* engine.watch(signal ?? endless);
      }),
      drain: os.agent.drain.handler(() => engine.drain()),
      link: os.agent.link.handler(({ context }) => ({ url: context.link() })),
      wake: os.agent.wake.handler(({ input }) => engine.uploads.wake(input.reason)),
    },
    studies: {
      reveal: os.studies.reveal.handler(({ input, context }) => engine.reveal(input.studyId, context.actor)),
      retry: os.studies.retry.handler(({ input }) => engine.retryStudy(input.studyId)),
      identify: os.studies.identify.handler(({ input, context }) =>
        engine.identify(input.studyId, context.actor),
      ),
    },
    study: studyRoutes(os.study, engine),
    failures: {
      ledger: os.failures.ledger.handler(() => engine.failureLedger()),
      retry: os.failures.retry.handler(({ input }) => engine.retryFailure(input.id)),
      answer: os.failures.answer.handler(({ input, context }) => engine.answer(input.id, context.actor)),
    },
    files: {
      ...attentionRoutes(os.files, engine),
      import: os.files.import.handler(async function* ({ input, signal, errors }) {
        yield* reported(engine.import(input.paths, signal ?? endless), errors);
      }),
      open: os.files.open.handler(({ input, context }) => engine.open(input.file, input.out, context.actor)),
    },
    recovery: {
      create: os.recovery.create.handler(({ input, context }) =>
        engine.recovery.create(input, context.actor),
      ),
      kit: os.recovery.kit.handler(({ input, context }) => engine.recovery.kit(input, context.actor)),
      check: os.recovery.check.handler(({ input, context }) =>
        engine.recovery.check(input.words, context.actor),
      ),
      certificate: os.recovery.certificate.handler(() => engine.recovery.certificate()),
    },
    restore: {
      run: os.restore.run.handler(async function* ({ input, context, signal, errors }) {
        yield* reported(engine.restore(input, context.actor, signal ?? endless), errors);
      }),
    },
    audit: auditRoutes(os.audit, engine, reported),
    backup: backupRoutes(os.backup, engine, reported),
    devices: deviceRoutes(os.devices, engine),
    diagnostics: diagnosticsRoutes(os.diagnostics, engine),
    pairing: pairingRoutes(os.pairing, engine),
    home: homeRoutes(os.home, engine),
    keys: keyRoutes(os.keys, engine),
    recipients: recipientRoutes(os.recipients, engine),
    setup: setupRoutes(os.setup, engine, reported),
    settings: settingsRoutes(os.settings, engine),
    shares: shareRoutes(os.shares, engine, reported),
    alerts: alertRoutes(os.alerts, engine),
    uploads: uploadRoutes(os.uploads, engine),
    verify: verifyRoutes(os.verify, engine, reported),
    certificates: {
      list: os.certificates.list.handler(() => ({ certificates: engine.certificates.list() })),
      ca: os.certificates.ca.handler(({ input, context }) =>
        engine.certificates.ca(input.family, context.actor),
      ),
      issue: os.certificates.issue.handler(({ input, context }) =>
        engine.certificates.issue(input, context.actor),
      ),
      sign: os.certificates.sign.handler(({ input, context }) =>
        engine.certificates.sign(input, context.actor),
      ),
      renew: os.certificates.renew.handler(({ input, context }) =>
        engine.certificates.renew(input, context.actor),
      ),
      revoke: os.certificates.revoke.handler(({ input, context }) =>
        engine.certificates.revoke(input.sha256, input.reason, context.actor),
      ),
      import: os.certificates.import.handler(async ({ input, context }) => ({
        certificates: await engine.certificates.import(input, context.actor),
      })),
    },
    secrets: {
      store: os.secrets.store.handler(async ({ input, context }) => {
        await engine.secrets.store(input.name, input.value, context.actor);
        return { stored: true as const };
      }),
      signIn: os.secrets.signIn.handler(async function* ({ input, context, signal, errors }) {
        yield* reported(engine.secrets.signIn(input.name, context.actor, signal ?? endless), errors);
      }),
    },
  });
}

export type EngineRouter = ReturnType<typeof createRouter>;

type ReportedErrors = {
  readonly EDGE_SYNC: (options: { data: ReturnType<typeof toEdgeSyncError>['report'] }) => unknown;
};

function errorOf(errors: unknown, report: ReturnType<typeof toEdgeSyncError>['report']): unknown {
  return (errors as ReportedErrors).EDGE_SYNC({ data: report });
}

/** A stream's error happens after the middleware has returned, so it is translated here. */
async function* reported<Event>(events: AsyncIterable<Event>, errors: unknown): AsyncGenerator<Event, void> {
  try {
    yield* events;
  } catch (error) {
    throw errorOf(errors, toEdgeSyncError(error).report);
  }
}

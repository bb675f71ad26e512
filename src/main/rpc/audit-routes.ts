/** The contract's `audit` on an engine. */
import type { ImplementerInternalWithMiddlewares } from '@orpc/server';
import type { auditContract } from '../../shared/contract-audit.ts';
import type { EngineService } from '../engine/engine-service.ts';
import type { CallContext } from './router.ts';

const endless = new AbortController().signal;

export function auditRoutes(
  os: ImplementerInternalWithMiddlewares<typeof auditContract, CallContext, CallContext>,
  { audit }: Pick<EngineService, 'audit'>,
  /** Translates the errors of a stream, which happen after the middleware has returned. */
  reported: <Event>(events: AsyncIterable<Event>, errors: unknown) => AsyncGenerator<Event, void>,
) {
  return {
    list: os.list.handler(({ input, context }) => audit.list(input, context.actor)),
    verify: os.verify.handler(async function* ({ input, context, signal, errors }) {
      yield* reported(audit.verify(input, context.actor, signal ?? endless), errors);
    }),
  };
}

/** The contract's `setup` on an engine. */
import type { ImplementerInternalWithMiddlewares } from '@orpc/server';
import type { setupContract } from '../../shared/contract-setup.ts';
import type { EngineService } from '../engine/engine-service.ts';
import type { CallContext } from './router.ts';

const endless = new AbortController().signal;
const saved = { saved: true } as const;

export function setupRoutes(
  os: ImplementerInternalWithMiddlewares<typeof setupContract, CallContext, CallContext>,
  { setup }: Pick<EngineService, 'setup'>,
  /** Translates the errors of a stream, which happen after the middleware has returned. */
  reported: <Event>(events: AsyncIterable<Event>, errors: unknown) => AsyncGenerator<Event, void>,
) {
  return {
    testDestination: os.testDestination.handler(async function* ({ input, context, signal, errors }) {
      yield* reported(setup.testDestination(input, context.actor, signal ?? endless), errors);
    }),
    saveDestination: os.saveDestination.handler(async ({ input, context }) => {
      await setup.saveDestination(input, context.actor);
      return saved;
    }),
    listen: os.listen.handler(async ({ input, context }) => {
      await setup.listen(input, context.actor);
      return saved;
    }),
  };
}

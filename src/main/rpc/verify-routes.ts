/** The contract's `verify` on an engine. */
import type { ImplementerInternalWithMiddlewares } from '@orpc/server';
import type { verifyContract } from '../../shared/contract-verify.ts';
import type { EngineService } from '../engine/engine-service.ts';
import type { CallContext } from './router.ts';

const endless = new AbortController().signal;

export function verifyRoutes(
  os: ImplementerInternalWithMiddlewares<typeof verifyContract, CallContext, CallContext>,
  { verify }: Pick<EngineService, 'verify'>,
  /** Translates the errors of a stream, which happen after the middleware has returned. */
  reported: <Event>(events: AsyncIterable<Event>, errors: unknown) => AsyncGenerator<Event, void>,
) {
  return {
    run: os.run.handler(async function* ({ input, context, signal, errors }) {
      yield* reported(verify.run(input, context.actor, signal ?? endless), errors);
    }),
    manifests: os.manifests.handler(async function* ({ input, signal, errors }) {
      yield* reported(verify.manifests(input, signal ?? endless), errors);
    }),
  };
}

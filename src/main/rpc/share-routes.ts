/** The contract's `shares` on an engine. */
import type { ImplementerInternalWithMiddlewares } from '@orpc/server';
import type { sharesContract } from '../../shared/contract-share.ts';
import type { EngineService } from '../engine/engine-service.ts';
import type { CallContext } from './router.ts';

const endless = new AbortController().signal;

export function shareRoutes(
  os: ImplementerInternalWithMiddlewares<typeof sharesContract, CallContext, CallContext>,
  engine: Pick<EngineService, 'shares'>,
  /** Translates the errors of a stream, which happen after the middleware has returned. */
  reported: <Event>(events: AsyncIterable<Event>, errors: unknown) => AsyncGenerator<Event, void>,
) {
  return {
    create: os.create.handler(async function* ({ input, context, signal, errors }) {
      yield* reported(engine.shares.create(input, context.actor, signal ?? endless), errors);
    }),
    certificate: os.certificate.handler(({ input }) => engine.shares.certificate(input.certificate)),
    list: os.list.handler(async ({ context }) => [...(await engine.shares.list(context.actor))]),
    revoke: os.revoke.handler(({ input, context }) => engine.shares.revoke(input.shareId, context.actor)),
    viewer: os.viewer.handler(() => engine.shares.viewer()),
    check: os.check.handler(({ input }) => engine.shares.check(input.browsers)),
    storeCredential: os.storeCredential.handler(async ({ input, context }) => {
      await engine.shares.storeCredential(input.value, context.actor);
      return { stored: true as const };
    }),
  };
}

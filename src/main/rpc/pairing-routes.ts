/** The contract's `pairing` on an engine. */
import type { ImplementerInternalWithMiddlewares } from '@orpc/server';
import type { pairingContract } from '../../shared/contract-pairing.ts';
import type { EngineService } from '../engine/engine-service.ts';
import type { CallContext } from './router.ts';

const endless = new AbortController().signal;

export function pairingRoutes(
  os: ImplementerInternalWithMiddlewares<typeof pairingContract, CallContext, CallContext>,
  engine: Pick<EngineService, 'pairing'>,
) {
  return {
    watch: os.watch.handler(async function* ({ signal }) {
      yield* engine.pairing.watch(signal ?? endless);
    }),
    diagnose: os.diagnose.handler(() => engine.pairing.diagnose()),
    echo: os.echo.handler(({ input, context, signal }) =>
      engine.pairing.echo(input, context.actor, signal ?? endless),
    ),
  };
}

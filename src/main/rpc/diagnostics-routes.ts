/** The contract's `diagnostics` on an engine. */
import type { ImplementerInternalWithMiddlewares } from '@orpc/server';
import type { diagnosticsContract } from '../../shared/contract-diagnostics.ts';
import type { EngineService } from '../engine/engine-service.ts';
import type { CallContext } from './router.ts';

export function diagnosticsRoutes(
  os: ImplementerInternalWithMiddlewares<typeof diagnosticsContract, CallContext, CallContext>,
  { diagnostics }: Pick<EngineService, 'diagnostics'>,
) {
  return { collect: os.collect.handler(({ context }) => diagnostics.collect(context.actor)) };
}

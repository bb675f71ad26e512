/** The contract's `alerts` on an engine. */
import type { ImplementerInternalWithMiddlewares } from '@orpc/server';
import type { alertsContract } from '../../shared/contract-alerts.ts';
import type { EngineService } from '../engine/engine-service.ts';
import type { CallContext } from './router.ts';

const endless = new AbortController().signal;

export function alertRoutes(
  os: ImplementerInternalWithMiddlewares<typeof alertsContract, CallContext, CallContext>,
  { alerts }: Pick<EngineService, 'alerts'>,
) {
  return {
    test: os.test.handler(({ context, signal }) => alerts.test(context.actor, signal ?? endless)),
  };
}

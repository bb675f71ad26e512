/** The contract's `audit` on an engine. */
import type { ImplementerInternalWithMiddlewares } from '@orpc/server';
import type { auditContract } from '../../shared/contract-audit.ts';
import type { EngineService } from '../engine/engine-service.ts';
import type { CallContext } from './router.ts';

export function auditRoutes(
  os: ImplementerInternalWithMiddlewares<typeof auditContract, CallContext, CallContext>,
  { audit }: Pick<EngineService, 'audit'>,
) {
  return { list: os.list.handler(({ input, context }) => audit.list(input, context.actor)) };
}

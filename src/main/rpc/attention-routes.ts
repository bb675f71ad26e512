/** The part of the contract's `files` about watched folders, on an engine. */
import type { Implementer } from '@orpc/server';
import type { Contract } from '../../shared/contract.ts';
import type { EngineService } from '../engine/engine-service.ts';
import type { CallContext } from './router.ts';

export function attentionRoutes(
  os: Pick<
    Implementer<Contract, CallContext, CallContext>['files'],
    'attention' | 'dismissAttention' | 'retryAttention'
  >,
  { attention }: Pick<EngineService, 'attention'>,
) {
  return {
    attention: os.attention.handler(async ({ input, context }) => {
      const { files, total } = await attention.list(input.limit, context.actor);
      return { files: [...files], total };
    }),
    dismissAttention: os.dismissAttention.handler(({ input, context }) =>
      attention.dismiss(input, context.actor),
    ),
    retryAttention: os.retryAttention.handler(({ input }) => attention.retry(input)),
  };
}

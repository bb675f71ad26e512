/** The contract's `uploads` on an engine. */
import type { ImplementerInternalWithMiddlewares } from '@orpc/server';
import type { uploadsContract } from '../../shared/contract-upload.ts';
import type { EngineService } from '../engine/engine-service.ts';
import type { CallContext } from './router.ts';

export function uploadRoutes(
  os: ImplementerInternalWithMiddlewares<typeof uploadsContract, CallContext, CallContext>,
  { uploads }: Pick<EngineService, 'uploads'>,
) {
  return {
    state: os.state.handler(() => uploads.state()),
    pause: os.pause.handler(({ input, context }) => uploads.pause(input, context.actor)),
    resume: os.resume.handler(({ input = {}, context }) => uploads.resume(input, context.actor)),
    network: os.network.handler(({ input }) => uploads.network(input)),
  };
}

/** The contract's `study` on an engine. */
import type { ImplementerInternalWithMiddlewares } from '@orpc/server';
import type { studyContract } from '../../shared/contract-study.ts';
import type { EngineService } from '../engine/engine-service.ts';
import type { CallContext } from './router.ts';

const endless = new AbortController().signal;

export function studyRoutes(
  os: ImplementerInternalWithMiddlewares<typeof studyContract, CallContext, CallContext>,
  { study }: Pick<EngineService, 'study'>,
) {
  return {
    find: os.find.handler(({ input }) => study.find(input.studyInstanceUid)),
    show: os.show.handler(({ input }) => study.show(input.studyId)),
    instances: os.instances.handler(({ input }) => study.instances(input)),
    history: os.history.handler(({ input }) => study.history(input.studyId, input.auditBefore)),
    reveal: os.reveal.handler(({ input, context }) => study.reveal(input.studyId, context.actor)),
    hide: os.hide.handler(({ input }) => {
      study.hide(input.grant);
      return { hidden: true as const };
    }),
    picture: os.picture.handler(({ input, signal }) => study.picture(input, signal ?? endless)),
  };
}

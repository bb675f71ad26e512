/** The contract's `home` on an engine. */
import type { ImplementerInternalWithMiddlewares } from '@orpc/server';
import type { homeContract } from '../../shared/contract-home.ts';
import type { EngineService } from '../engine/engine-service.ts';
import type { CallContext } from './router.ts';

export function homeRoutes(
  os: ImplementerInternalWithMiddlewares<typeof homeContract, CallContext, CallContext>,
  { home }: Pick<EngineService, 'home'>,
) {
  const done = { done: true as const };
  return {
    eraseList: os.eraseList.handler(({ input }) => home.eraseList(input)),
    hints: os.hints.handler(() => home.hints()),
    silence: os.silence.handler(({ input }) => home.silence(input).then(() => done)),
    speak: os.speak.handler(({ input }) => home.speak(input.aeTitle).then(() => done)),
    activity: os.activity.handler(({ input }) => ({ events: home.activity(input.limit) })),
    chart: os.chart.handler(({ input }) => home.chart(input.day)),
    find: os.find.handler(({ input, context }) => home.find(input, context.actor)),
  };
}

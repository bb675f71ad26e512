/** The contract's `settings` on an engine. */
import type { ImplementerInternalWithMiddlewares } from '@orpc/server';
import type { settingsContract } from '../../shared/contract-settings.ts';
import type { EngineService } from '../engine/engine-service.ts';
import type { CallContext } from './router.ts';

export function settingsRoutes(
  os: ImplementerInternalWithMiddlewares<typeof settingsContract, CallContext, CallContext>,
  { settings }: Pick<EngineService, 'settings'>,
) {
  return {
    list: os.list.handler(() => settings.list()),
    change: os.change.handler(({ input, context }) => settings.change(input, context.actor)),
    undo: os.undo.handler(({ input, context }) => settings.undo(input.revision, context.actor)),
    outside: os.outside.handler(({ input, context }) =>
      settings.outside(input.revision, input.choice, context.actor),
    ),
    forgetSecret: os.forgetSecret.handler(async ({ input, context }) => {
      await settings.forgetSecret(input.name, context.actor);
      return { forgotten: true as const };
    }),
    restart: os.restart.handler(({ context }) => {
      settings.restart(context.actor);
      return { restarting: true as const };
    }),
  };
}

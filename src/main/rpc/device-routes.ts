/** The contract's `devices` on an engine. */
import type { ImplementerInternalWithMiddlewares } from '@orpc/server';
import type { devicesContract } from '../../shared/contract-devices.ts';
import type { EngineService } from '../engine/engine-service.ts';
import type { CallContext } from './router.ts';

const done = { done: true } as const;

export function deviceRoutes(
  os: ImplementerInternalWithMiddlewares<typeof devicesContract, CallContext, CallContext>,
  engine: Pick<EngineService, 'devices'>,
) {
  return {
    list: os.list.handler(() => [...engine.devices.list()]),
    pair: os.pair.handler(({ input, context }) => engine.devices.pair(input, context.actor)),
    change: os.change.handler(({ input, context }) =>
      engine.devices.change(input.id, input.change, context.actor),
    ),
    remove: os.remove.handler(async ({ input, context }) => {
      await engine.devices.remove(input.id, context.actor);
      return done;
    }),
    callers: os.callers.handler(() => [...engine.devices.callers()]),
    dismiss: os.dismiss.handler(({ input, context }) => {
      engine.devices.dismiss(input.id, context.actor);
      return done;
    }),
    allowCaller: os.allowCaller.handler(({ input, context }) =>
      engine.devices.allowCaller(input.id, input.name, input.pairing, context.actor),
    ),
    observedClasses: os.observedClasses.handler(() => [...engine.devices.observedClasses()]),
    allowClass: os.allowClass.handler(async ({ input, context }) => {
      await engine.devices.allowClass(input.id, context.actor);
      return done;
    }),
    dismissClass: os.dismissClass.handler(async ({ input, context }) => {
      await engine.devices.dismissClass(input.id, context.actor);
      return done;
    }),
    connection: os.connection.handler(() => engine.devices.connection()),
    addresses: os.addresses.handler(() => [...engine.devices.addresses()]),
  };
}

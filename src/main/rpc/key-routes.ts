/** The contract's `keys` and `recipients` on an engine. */
import type { ImplementerInternalWithMiddlewares } from '@orpc/server';
import type { keysContract, recipientsContract } from '../../shared/contract-keys.ts';
import type { EngineService } from '../engine/engine-service.ts';
import type { CallContext } from './router.ts';

const done = { done: true } as const;

export function keyRoutes(
  os: ImplementerInternalWithMiddlewares<typeof keysContract, CallContext, CallContext>,
  engine: Pick<EngineService, 'keys'>,
) {
  return {
    status: os.status.handler(() => engine.keys.status()),
    rotateDevice: os.rotateDevice.handler(async ({ context }) => {
      await engine.keys.rotateDevice(context.actor);
      return done;
    }),
    newEpoch: os.newEpoch.handler(({ context }) => engine.keys.newEpoch(context.actor)),
    changePassphrase: os.changePassphrase.handler(async ({ input, context }) => {
      await engine.keys.changePassphrase(input.current, input.next, context.actor);
      return done;
    }),
    replaceRecovery: os.replaceRecovery.handler(({ input, context }) =>
      engine.keys.replaceRecovery(input, context.actor),
    ),
    cancelReplacement: os.cancelReplacement.handler(async ({ context }) => {
      await engine.keys.cancelReplacement(context.actor);
      return done;
    }),
  };
}

export function recipientRoutes(
  os: ImplementerInternalWithMiddlewares<typeof recipientsContract, CallContext, CallContext>,
  engine: Pick<EngineService, 'keys'>,
) {
  return {
    list: os.list.handler(() => [...engine.keys.recipients()]),
    add: os.add.handler(({ input, context }) =>
      engine.keys.addRecipient(input.name, input.certificatePem, context.actor),
    ),
    remove: os.remove.handler(async ({ input, context }) => {
      await engine.keys.removeRecipient(input.fingerprint, context.actor);
      return done;
    }),
  };
}

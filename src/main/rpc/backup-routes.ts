/** The contract's `backup`, on an engine. */
import type { ImplementerInternalWithMiddlewares } from '@orpc/server';
import type { backupContract } from '../../shared/contract-backup.ts';
import type { EngineService } from '../engine/engine-service.ts';
import type { CallContext } from './router.ts';

const endless = new AbortController().signal;

export function backupRoutes(
  os: ImplementerInternalWithMiddlewares<typeof backupContract, CallContext, CallContext>,
  { backup }: Pick<EngineService, 'backup'>,
  /** A stream's error, told as the contract's own. */
  reported: <Event>(events: AsyncIterable<Event>, errors: unknown) => AsyncGenerator<Event, void>,
) {
  return {
    list: os.list.handler(async ({ signal }) => {
      const { backups, problems } = await backup.list(signal ?? endless);
      return { backups: [...backups], problems: [...problems] };
    }),
    write: os.write.handler(async ({ context }) => ({
      written: (await backup.write(context.actor)).map(({ tag, destination, number, writtenAtMs }) => ({
        destination,
        outcome: tag,
        number,
        writtenAt: new Date(writtenAtMs).toISOString(),
      })),
    })),
    rebuild: os.rebuild.handler(async function* ({ context, signal, errors }) {
      yield* reported(backup.rebuild(context.actor, signal ?? endless), errors);
    }),
  };
}

import { createRouterClient } from '@orpc/server';
import { EdgeSyncError } from '../../shared/errors.ts';
import { Engine } from '../engine/engine.ts';
import { createEngineClient, type EngineClient, withOurErrors } from '../rpc/client.ts';
import { createRouter } from '../rpc/router.ts';
import { readRuntime } from '../rpc/runtime-file.ts';
import { engineOptions } from './engine-options.ts';
import type { Installation } from './installation.ts';

/**
 * Runs `use` against the engine of this data folder: the one that runs, else one opened here for the time of the
 * command, which neither listens nor uploads. Same client, same contract, same errors.
 */
export async function withEngine<Result>(
  installation: Installation,
  use: (client: EngineClient) => Promise<Result>,
): Promise<Result> {
  const running = createEngineClient(installation);
  if (await answers(installation, running)) return use(running);
  const options = engineOptions(installation, 'warn');
  const engine = await Engine.open(options);
  try {
    const router = createRouter(engine.service, options.logger);
    const client = createRouterClient(router, {
      context: { actor: 'command-line', link: () => null },
      interceptors: [withOurErrors],
    });
    return await use(client);
  } finally {
    await engine.stop();
  }
}

async function answers(installation: Installation, client: EngineClient): Promise<boolean> {
  if ((await readRuntime(installation.dataDir)) === undefined) return false;
  try {
    await client.agent.status();
    return true;
  } catch (error) {
    if (error instanceof EdgeSyncError && error.code === 'engine-not-running') return false;
    throw error;
  }
}

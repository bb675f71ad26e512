import type { EngineClient } from '../../rpc/client.ts';
import { readRuntime } from '../../rpc/runtime-file.ts';
import type { FoundEngine } from './attached-engine.ts';

/**
 * The engine that answers on a data folder's local socket, having proved that it knows the folder's token; undefined
 * when none does. `signal` ends the asking. Never rejects.
 */
export async function findEngine(
  dataDir: string,
  client: EngineClient,
  signal: AbortSignal,
): Promise<FoundEngine | undefined> {
  try {
    const runtime = await readRuntime(dataDir);
    if (runtime === undefined) return undefined;
    const { listener } = await client.agent.status(undefined, { signal });
    return { pid: runtime.pid, host: listener.host, port: listener.port, aet: listener.aeTitle };
  } catch {
    return undefined;
  }
}

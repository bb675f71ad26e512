import { createHmac } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Random } from '../engine/ports.ts';

/** Where a running engine is to be found: `<dataDir>/run/engine.json`, readable by its user alone. */
export const runtimeSchema = z.object({
  pid: z.int(),
  socketPath: z.string(),
  /** Sent in `x-edge-sync-token`: on Windows a named pipe has no file mode of its own. */
  token: z.string(),
});
export type Runtime = Readonly<z.infer<typeof runtimeSchema>>;

export const tokenHeader = 'x-edge-sync-token';

export function runtimePath(dataDir: string): string {
  return join(dataDir, 'run', 'engine.json');
}

/** sun_path holds 108 bytes on Linux and 104 on macOS, with the closing NUL. */
const longestSocketPathBytes = 100;

/**
 * A new address for each start, so that nobody can wait at it for a client of a dead engine: a named pipe on Windows,
 * else a Unix socket in the data folder, or in a fresh private folder where that path would be too long.
 */
export async function newSocketPath(dataDir: string, random: Random): Promise<string> {
  const name = `edge-sync-${random.bytes(16).toString('hex')}`;
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`;
  const inside = join(dataDir, 'run', `${name.slice(0, 18)}.sock`);
  if (Buffer.byteLength(inside) <= longestSocketPathBytes) return inside;
  return join(await mkdtemp(join(tmpdir(), 'edge-sync-')), 'engine.sock');
}

/** Removes what earlier engines of this data folder left. Call only while holding its lock. */
export async function removeStaleSockets(dataDir: string): Promise<void> {
  const folder = join(dataDir, 'run');
  for (const name of await readdir(folder).catch(() => [])) {
    if (name.endsWith('.sock')) await rm(join(folder, name), { force: true });
  }
}

/**
 * What a server must answer to a client's challenge before the client sends it anything: shows that it knows the token,
 * which only the engine that wrote the runtime file does. Hex.
 */
export function proofOf(token: string, challenge: string): string {
  return createHmac('sha256', token).update(`edge-sync server ${challenge}`).digest('hex');
}

export const challengePath = '/prove';
export const challengeHeader = 'x-edge-sync-challenge';

/** undefined when no engine left a runtime file, or it is not readable as one. */
export async function readRuntime(dataDir: string): Promise<Runtime | undefined> {
  try {
    const parsed = runtimeSchema.safeParse(JSON.parse(await readFile(runtimePath(dataDir), 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

export async function removeRuntime(dataDir: string): Promise<void> {
  await rm(runtimePath(dataDir), { force: true });
}

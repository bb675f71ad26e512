import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

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

/** A named pipe on Windows, else a Unix socket in the data folder, or in the temp folder where that path is too long. */
export function socketPathFor(dataDir: string): string {
  const digest = createHash('sha256').update(dataDir).digest('hex').slice(0, 32);
  if (process.platform === 'win32') return `\\\\.\\pipe\\edge-sync-${digest}`;
  const inside = join(dataDir, 'run', 'engine.sock');
  return Buffer.byteLength(inside) <= longestSocketPathBytes
    ? inside
    : join(tmpdir(), `edge-sync-${digest}.sock`);
}

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

/**
 * Whether the network costs by the byte, where a desktop says so. Electron has no such call. Linux: NetworkManager's
 * property, by systemd's busctl. Windows and macOS tell it to native code alone, so there it is not known and the
 * setting upload.pauseOnMetered does nothing.
 */
import { execFile } from 'node:child_process';

export type Metered = 'metered' | 'unmetered' | 'unknown';

const answerWithinMs = 3_000;
const longestAnswerBytes = 4_096;

/** Never rejects. `env`: which system bus is asked. */
export async function askMetered(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): Promise<Metered> {
  if (platform !== 'linux') return 'unknown';
  const manager = 'org.freedesktop.NetworkManager';
  const args = ['--system', 'get-property', manager, `/${manager.replaceAll('.', '/')}`, manager, 'Metered'];
  const answer = await new Promise<string>((resolve) => {
    execFile(
      'busctl',
      args,
      { timeout: answerWithinMs, killSignal: 'SIGKILL', maxBuffer: longestAnswerBytes, env },
      (error, stdout) => resolve(error === null ? stdout : ''),
    );
  });
  return parseMetered(answer);
}

/** NMMetered: 1 yes, 2 no, 3 guessed yes, 4 guessed no; all else is not known. */
export function parseMetered(answer: string): Metered {
  const value = /^u ([0-9])\s*$/.exec(answer)?.[1];
  if (value === '1' || value === '3') return 'metered';
  return value === '2' || value === '4' ? 'unmetered' : 'unknown';
}

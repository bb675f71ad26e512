/** Starts the decoding process: a Node of its own that may do nothing but read its script. Not in Electron: shell-decoder.ts. */
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { decoderHeapMegabytes, decoderMemoryBytes } from '../../../shared/decoder-lives.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';

/** One life of a decoder, however it was started. */
export interface DecoderChild {
  readonly pid: number | undefined;
  /** Resolves when the pipe takes more. Rejects when it is gone. */
  write(piece: Uint8Array): Promise<void>;
  /** What it says, in whatever pieces. Ends when it ends. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Resolves once it is gone. Never rejects. */
  readonly exited: Promise<void>;
  /** Ends it at once. */
  kill(): void;
}

/** Throws EdgeSyncError preview-missing. */
export type StartDecoder = () => DecoderChild;

/** Beside the bundle (dist/main, dist/preview), or of a checkout that was built. */
const candidates = ['../preview/decoder.mjs', '../../../../dist/preview/decoder.mjs'];

/** Throws preview-missing. */
export function decoderFile(): string {
  for (const candidate of candidates) {
    const file = fileURLToPath(new URL(candidate, import.meta.url));
    if (existsSync(file)) return realpathSync(file);
  }
  throw new EdgeSyncError('preview-missing');
}

/**
 * KiB of data (setrlimit RLIMIT_DATA: heap and private writable mappings). Where the limit does not exist (Windows), the
 * decoder's own arithmetic is what bounds it.
 */
const dataLimitKib = decoderMemoryBytes / 1024;

/** `script`: another one, for tests. */
export function decoderStarter(script?: string): StartDecoder {
  return () => {
    // An installed Electron cannot be started as a Node (its fuse is off): it would open the app a second time.
    if ('electron' in process.versions) throw new EdgeSyncError('preview-missing', 'in this runtime');
    const file = script ?? decoderFile();
    const node = [
      process.execPath,
      '--permission',
      `--allow-fs-read=${file}`,
      '--no-addons',
      '--disable-proto=throw',
      '--disallow-code-generation-from-strings',
      `--max-old-space-size=${decoderHeapMegabytes}`,
      file,
    ];
    // The shell only sets limits and becomes Node: no text of ours is read as a command.
    const limits = `ulimit -c 0; ulimit -d ${dataLimitKib}; exec "$0" "$@"`;
    const [program = '', ...args] = process.platform === 'win32' ? node : ['/bin/sh', '-c', limits, ...node];
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'ignore'],
      // Nothing of ours, and on Windows what a process cannot start without.
      env: process.platform === 'win32' ? { SystemRoot: process.env['SystemRoot'] ?? '' } : {},
      cwd: '/',
      windowsHide: true,
    });
    const { stdin, stdout } = child;
    const exited = new Promise<void>((resolve) => {
      child.once('error', () => resolve());
      child.once('exit', () => resolve());
    });
    // A pipe that breaks is told by the end of the process.
    stdin.on('error', () => undefined);
    stdout.on('error', () => undefined);
    return {
      pid: child.pid,
      write: (piece) =>
        new Promise<void>((resolve, reject) => {
          stdin.write(piece, (error) => {
            if (error === null || error === undefined) resolve();
            else reject(error);
          });
        }),
      chunks: stdout,
      exited,
      kill: () => {
        child.kill('SIGKILL');
        stdin.destroy();
        stdout.destroy();
      },
    };
  };
}

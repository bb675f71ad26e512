import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Two files of this size at most: weeks of an ordinary desk, and small enough to send. */
const rotateAtBytes = 5 * 1024 * 1024;

/**
 * The app has no terminal, so the engine's and the shell's log lines go to a file (and its predecessor, `.old`).
 * A log that cannot be written must not stop the app: failures are passed over.
 */
export class LogFile {
  readonly #file: string;
  #sizeBytes = 0;

  constructor(file: string) {
    this.#file = file;
    try {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      this.#sizeBytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    } catch {
      // told by the first write that fails, which is passed over as well
    }
  }

  write(chunk: Uint8Array | string): void {
    try {
      if (this.#sizeBytes >= rotateAtBytes) {
        renameSync(this.#file, `${this.#file}.old`);
        this.#sizeBytes = 0;
      }
      appendFileSync(this.#file, chunk, { mode: 0o600 });
      this.#sizeBytes += chunk.length;
    } catch {
      // see above
    }
  }
}

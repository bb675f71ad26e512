/** The page's side of the scrypt worker. */
import script from 'virtual:viewer-worker/scrypt';
import { assertNever } from '../../shared/assert-never.ts';
import type { LinkKey } from '../open/link.ts';
import { ViewerProblem } from '../open/problem.ts';
import { passcodeBytes } from '../open/share-key.ts';
import type { ScryptAnswer, ScryptRequest } from './protocol.ts';
import { startWorker } from './start-worker.ts';

/**
 * 32 bytes made of the passcode; `onProgress` gets 0 to 1.
 * @throws ViewerProblem cancelled, browser-unsafe (no memory, or no workers).
 */
export function stretchPasscode(
  passcode: string,
  key: LinkKey & { readonly tag: 'passcode' },
  signal: AbortSignal,
  onProgress: (share: number) => void,
): Promise<Uint8Array> {
  const worker = startWorker(script);
  const end = (): void => worker.terminate();
  return new Promise<Uint8Array>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new ViewerProblem('cancelled')), { once: true });
    worker.onerror = () => reject(new ViewerProblem('browser-unsafe', 'worker'));
    worker.onmessage = ({ data }: MessageEvent<ScryptAnswer>) => {
      switch (data.tag) {
        case 'progress':
          onProgress(data.share);
          break;
        case 'done':
          resolve(data.key);
          break;
        case 'failed':
          reject(new ViewerProblem('browser-unsafe', 'memory'));
          break;
        default:
          assertNever(data);
      }
    };
    const request: ScryptRequest = { passcode: passcodeBytes(passcode), salt: key.salt, logN: key.logN };
    worker.postMessage(request);
  }).finally(end);
}

/** Stretches a passcode (scrypt, RFC 7914): 128 MiB and about a second, which would freeze the page. */
import { scryptAsync } from '@noble/hashes/scrypt.js';
import type { ScryptAnswer, ScryptRequest } from './protocol.ts';

self.onmessage = ({ data }: MessageEvent<ScryptRequest>) => {
  const tell = (answer: ScryptAnswer): void => self.postMessage(answer);
  scryptAsync(data.passcode, data.salt, {
    N: 2 ** data.logN,
    r: 8,
    p: 1,
    dkLen: 32,
    maxmem: 2 ** data.logN * 1024 + 1024 * 1024,
    onProgress: (share) => tell({ tag: 'progress', share }),
  }).then(
    (key) => tell({ tag: 'done', key }),
    () => tell({ tag: 'failed' }),
  );
};

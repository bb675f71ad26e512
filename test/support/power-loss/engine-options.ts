import { join } from 'node:path';
import type { EngineOptions } from '../../../src/main/engine/engine.ts';
import { SystemClock } from '../../../src/main/engine/system/clock.ts';
import { createLogger } from '../../../src/main/engine/system/logger.ts';
import { PassphraseKeyStore } from '../../../src/main/engine/system/passphrase-key-store.ts';
import { SystemRandom } from '../../../src/main/engine/system/random.ts';
import { Secret } from '../../../src/main/engine/system/secret.ts';
import { settingsSchema } from '../../../src/shared/settings.ts';

/** The real engine with the real key file: everything that lies in the data folder is part of what a power loss may hit. */
export function powerLossOptions(dataDir: string): EngineOptions {
  const clock = new SystemClock();
  const random = new SystemRandom();
  return {
    dataDir,
    settings: settingsSchema.parse({
      dicom: { port: 0 },
      keys: { store: 'passphrase' },
      disk: { refuseBelowBytes: 0, warnBelowBytes: 0 },
    }),
    secrets: new Map(),
    keyStore: new PassphraseKeyStore({
      path: join(dataDir, 'key-file.json'),
      passphrase: Secret.fromText('correct horse battery staple'),
      random,
      clock,
    }),
    clock,
    random,
    logger: createLogger('error'),
  };
}

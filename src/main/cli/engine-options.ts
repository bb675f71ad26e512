import { join } from 'node:path';
import { EdgeSyncError } from '../../shared/errors.ts';
import type { EngineOptions } from '../engine/engine.ts';
import type { Clock, KeyStore, Random } from '../engine/ports.ts';
import { RecentLog } from '../engine/diagnostics/recent-log.ts';
import { SystemClock } from '../engine/system/clock.ts';
import { KeychainKeyStore } from '../engine/system/keychain-key-store.ts';
import { createLogger, type LogLevel } from '../engine/system/logger.ts';
import { PassphraseKeyStore } from '../engine/system/passphrase-key-store.ts';
import { SystemRandom } from '../engine/system/random.ts';
import type { Installation } from './installation.ts';

/** The real clock, random, logger and key store for an installation. */
export function engineOptions(installation: Installation, level: LogLevel): EngineOptions {
  const clock = new SystemClock();
  const random = new SystemRandom();
  const logger = createLogger(level);
  return {
    dataDir: installation.dataDir,
    configFile: installation.configFile,
    settings: installation.settings,
    secrets: installation.secrets,
    keyStore: keyStoreOf(installation, clock, random),
    clock,
    random,
    logger: new RecentLog(logger, clock),
    setLogLevel: (next) => logger.setLevel(next),
  };
}

function keyStoreOf(installation: Installation, clock: Clock, random: Random): KeyStore {
  switch (installation.settings.keys.store) {
    case 'keychain':
      return new KeychainKeyStore({ clock });
    case 'passphrase': {
      if (installation.passphrase === undefined) throw new EdgeSyncError('passphrase-missing');
      return new PassphraseKeyStore({
        path: join(installation.dataDir, 'key-file.json'),
        passphrase: installation.passphrase,
        random,
        clock,
      });
    }
  }
}

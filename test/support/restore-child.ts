/**
 * A process that restores slowly, to be killed: `node restore-child.ts FOLDER ARCHIVE-KEY-HEX TO`. FOLDER holds objects as
 * a cloud would, by name.
 */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { StoredObject } from '../../src/main/engine/cloud/cloud-store.ts';
import { ArchiveKeys } from '../../src/main/engine/keys/archive-keys.ts';
import { restoreFromCloud } from '../../src/main/engine/restore/restore.ts';
import { restoreTarget } from '../../src/main/engine/restore/target.ts';
import { EnvelopeReaders } from '../../src/main/engine/seal/envelope-reader.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { createLogger } from '../../src/main/engine/system/logger.ts';
import { SystemRandom } from '../../src/main/engine/system/random.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';
import { MemoryStore } from '../fakes/memory-store.ts';

const [folder = '', key = '', to = ''] = process.argv.slice(2);
const clock = new SystemClock();
const random = new SystemRandom();
const signal = new AbortController().signal;
const archive = ArchiveKeys.fromArchiveKey(Secret.from(Buffer.from(key, 'hex')));
const keys = {
  openers: new EnvelopeReaders({ kek: (id) => archive.kekById(id), agreements: [] }),
  objectName: (identity: Parameters<typeof archive.objectName>[0]) => archive.objectName(identity),
  manifestMac: (bytes: Uint8Array) => archive.manifestMac(bytes),
};

class SlowFolder extends MemoryStore {
  override async *read(name: string): AsyncGenerator<Buffer> {
    for await (const chunk of createReadStream(join(folder, name))) {
      if (name.startsWith('objects/')) await clock.sleep(5);
      yield chunk as Buffer;
    }
  }

  override async *list(prefix: string): AsyncGenerator<StoredObject> {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));
    for (const file of files.sort()) {
      const name = relative(folder, file).replaceAll(sep, '/');
      if (name.startsWith(prefix)) yield { name, sizeBytes: (await stat(file)).size, etag: '' };
    }
  }
}

await restoreFromCloud({
  ...{ clock, random, signal, keys, store: new SlowFolder(), logger: createLogger('error') },
  target: restoreTarget(
    { to },
    {
      clock,
      random,
      signal,
      journalMac: (bytes) => archive.manifestMac(bytes),
      privateFolder: join(to, '..'),
    },
  ),
  selection: { tag: 'all' },
  onEvent: () => undefined,
});

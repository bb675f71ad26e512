/** The shell's side of decoders alone, in a real Electron: what it starts is named by a file, so that a test can choose. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { app, utilityProcess } from 'electron';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { createLogger } from '../../src/main/engine/system/logger.ts';
import { DecoderDesk } from '../../src/main/shell/engine/decoder-desk.ts';
import { forkDecoder, memoryOf } from '../../src/main/shell/engine/fork-decoder.ts';

const [folder = ''] = process.argv.slice(-1);
await app.whenReady();
const engine = utilityProcess.fork(join(import.meta.dirname, 'engine.js'), [join(folder, 'socket')], {
  stdio: ['ignore', 'inherit', 'inherit'],
});
const desk = new DecoderDesk({
  fork: () => forkDecoder(readFileSync(join(folder, 'script'), 'utf8')),
  tellEngine: (news, ports) => engine.postMessage(news, ports),
  memoryBytes: memoryOf,
  clock: new SystemClock(),
  logger: createLogger('debug'),
});
engine.on('message', (message: unknown) => desk.take(message));
engine.once('exit', () => {
  desk.close();
  app.exit(0);
});

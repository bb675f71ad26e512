/** The decoding process as the engine starts it by itself: a Node of its own. */
import { decoderStarter } from '../../src/main/engine/preview/decoder-process.ts';
import { DecoderSession } from '../../src/main/engine/preview/decoder-session.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { describeDecoder } from '../support/decoder-contract.ts';
import { firstLineOf } from '../support/first-line.ts';

describeDecoder({
  open: () => Promise.resolve(),
  session: (script, withinMs) =>
    new DecoderSession({ start: decoderStarter(script), clock: new SystemClock(), withinMs }),
  firstLine: (script) => firstLineOf(decoderStarter(script)()),
  prelude: `
    const say = (bytes) => process.stdout.write(bytes);
    const onBytes = (task) => process.stdin.once('data', task);
    const sayForEver = (bytes) => { while (say(bytes)); process.stdout.once('drain', () => sayForEver(bytes)); };`,
  briefMs: 250,
  environment: [],
  close: () => Promise.resolve(),
});

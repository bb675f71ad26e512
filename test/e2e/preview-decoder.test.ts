/** The decoding process as the desktop app starts it: the engine asks, the shell forks a utility process. */
import { describeDecoder } from '../support/decoder-contract.ts';
import { DecoderRig } from '../support/decoder-rig.ts';
import { needs } from '../support/tools.ts';

needs('electron-rig', 'xvfb')('in the desktop app', () => {
  let rig: DecoderRig;
  describeDecoder({
    open: async () => {
      rig = await DecoderRig.start();
    },
    session: (script, withinMs) => rig.session(script, withinMs),
    firstLine: (script) => rig.firstLine(script),
    prelude: `
      const port = new Promise((done) => process.parentPort.once('message', ({ ports }) => done(ports[0])));
      const say = async (all) => {
        for (let at = 0; at < all.length; at += 65536) {
          const bytes = new Uint8Array(all.subarray(at, at + 65536));
          (await port).postMessage({ tag: 'piece', bytes });
        }
      };
      const onBytes = async (task) => { (await port).once('message', task); (await port).start(); };
      const sayForEver = (bytes) => { for (let n = 0; n < 100; n += 1) void say(bytes); setImmediate(() => sayForEver(bytes)); };`,
    briefMs: 1500,
    environment: ['EDGE_SYNC_DECODER'],
    close: () => rig.stop(),
  });
});

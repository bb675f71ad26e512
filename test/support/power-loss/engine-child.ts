/**
 * An engine that receives into `DATA_DIR` until SIGTERM, started by the power-loss test under a tracer:
 * `node engine-child.ts DATA_DIR`. Prints the port it listens on.
 */
import { Engine } from '../../../src/main/engine/engine.ts';
import { powerLossOptions } from './engine-options.ts';

const [dataDir] = process.argv.slice(2);
if (dataDir === undefined) throw new Error('give a data folder');
const engine = await Engine.open(powerLossOptions(dataDir));
const { port } = await engine.start();
process.stdout.write(`${port}\n`);
await new Promise<void>((resolve) => process.once('SIGTERM', () => resolve()));
await engine.stop();

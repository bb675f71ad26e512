import type { EngineClient } from '../../rpc/client.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { signedInAs } from '../../engine/cloud/entra-sign-in.ts';
import { removeDestinationSecret, storeDestinationSecret } from '../../engine/keys/destination-secret.ts';
import { destinationToSignInTo, signInTo } from '../../engine/secret-calls.ts';
import { SystemRandom } from '../../engine/system/random.ts';
import { createEngineClient } from '../../rpc/client.ts';
import { cancellable } from '../cancellable.ts';
import { engineOptions } from '../engine-options.ts';
import { exitCode } from '../exit-codes.ts';
import type { Installation } from '../installation.ts';
import type { Output } from '../output.ts';
import type { Format } from '../option-values.ts';

/**
 * `entra sign-in NAME`: prints the code and where to enter it, waits until somebody has, and stores the sign-in in the
 * key store. A running engine goes on with it at once. Opens no data folder: a new PC may sign in before it joins.
 * @throws EdgeSyncError usage, entra-*, cloud-*, proxy-refused, cancelled, keychain-*, passphrase-*.
 */
export async function runEntraSignIn(
  installation: Installation,
  name: string,
  format: Format,
  output: Output,
): Promise<number> {
  const { keyStore } = engineOptions(installation, 'error');
  const kept = await cancellable((signal) =>
    signInTo(
      name,
      { ...installation, keyStore },
      ({ code, address }) => {
        if (format === 'json') output.out(JSON.stringify({ event: 'code', code, address }));
        else {
          output.out(`Open ${address} in any browser and enter the code  ${code}`);
          output.out('Waiting. The code is good for about 15 minutes.');
        }
      },
      signal,
    ),
  );
  const client = await runningEngine(installation);
  if (client === undefined) await storeDestinationSecret(name, kept, keyStore, new SystemRandom());
  else await client.secrets.store({ name, value: kept.revealText() });
  const account = signedInAs(kept);
  if (format === 'json') output.out(JSON.stringify({ event: 'signed-in', account }));
  else
    output.out(`Signed in${account === '' ? '' : ` as ${account}`}. It is renewed without you from now on.`);
  return exitCode.ok;
}

/** `entra sign-out NAME`: forgets the sign-in on this PC. Uploads to it wait from the next renewal on. */
export async function runEntraSignOut(
  installation: Installation,
  name: string,
  output: Output,
): Promise<number> {
  destinationToSignInTo(installation.settings, name);
  if ((await runningEngine(installation)) !== undefined) {
    throw new EdgeSyncError('usage', 'stop the engine first: it would go on with the sign-in it has');
  }
  const { keyStore } = engineOptions(installation, 'error');
  await removeDestinationSecret(name, keyStore);
  output.out(`The sign-in of ${name} is forgotten on this PC.`);
  return exitCode.ok;
}

async function runningEngine(installation: Installation): Promise<EngineClient | undefined> {
  const client = createEngineClient(installation);
  try {
    await client.agent.status();
    return client;
  } catch (error) {
    if (error instanceof EdgeSyncError && error.code === 'engine-not-running') return undefined;
    throw error;
  }
}

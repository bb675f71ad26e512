/**
 * Run by the key store tests inside a private session: does one thing with the real keychain store and prints the
 * result as JSON. Arguments: contract | read | write | read-briefly | read-from-stopped.
 */
import { KeychainKeyStore } from '../../src/main/engine/system/keychain-key-store.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';
import { keyStoreContract } from './key-store-contract.ts';

const clock = new SystemClock();
const store = new KeychainKeyStore({ clock });
const name = 'device-key-session';

async function contract(): Promise<unknown> {
  const results: Record<string, string> = {};
  for (const one of keyStoreContract) {
    try {
      await one.run(() => new KeychainKeyStore({ clock }));
      results[one.name] = 'ok';
    } catch (error) {
      results[one.name] = String(error);
    }
  }
  return results;
}

async function read(from = store): Promise<unknown> {
  const result = await from.read(name);
  switch (result.tag) {
    case 'present':
      return { tag: result.tag, hex: result.secret.reveal().toString('hex') };
    case 'absent':
      return result;
    case 'unavailable':
      return { tag: result.tag, code: result.error.code, detail: result.error.detail };
  }
}

async function write(): Promise<unknown> {
  try {
    await store.write(name, Secret.from(Buffer.alloc(32, 0xa5)));
    return { tag: 'written' };
  } catch (error) {
    const { code, detail } = error as { readonly code?: string; readonly detail?: string };
    return { tag: 'refused', code, detail };
  }
}

const readBriefly = (): Promise<unknown> => read(new KeychainKeyStore({ clock, timeoutMs: 300 }));

/** The keychain's process hangs. */
function readFromStopped(): Promise<unknown> {
  process.kill(Number(process.env['KEYRING_PID']), 'SIGSTOP');
  return read();
}

const actions: Readonly<Record<string, () => Promise<unknown>>> = {
  contract,
  read: () => read(),
  write,
  'read-briefly': readBriefly,
  'read-from-stopped': readFromStopped,
};
const result = await actions[process.argv[2] ?? '']?.();
process.stdout.write(JSON.stringify(result), () => process.exit(0));

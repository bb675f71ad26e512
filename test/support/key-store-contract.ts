/**
 * What every key store does. Plain functions with node:assert, so that the keychain's run can happen in a process of its
 * own, inside a private session.
 */
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import type { KeyStore } from '../../src/main/engine/ports.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';

/** Opens the same store again, as after a restart. */
export type OpenKeyStore = () => KeyStore;

export interface ContractCase {
  readonly name: string;
  run(open: OpenKeyStore): Promise<void>;
}

async function present(store: KeyStore, name: string): Promise<Buffer> {
  const read = await store.read(name);
  if (read.tag !== 'present') throw new Error(`expected an entry, got ${inspect(read)}`);
  return read.secret.reveal();
}

export const keyStoreContract: readonly ContractCase[] = [
  {
    name: 'says that an entry nobody wrote is absent',
    async run(open) {
      assert.equal((await open().read('never-written')).tag, 'absent');
    },
  },
  {
    name: 'gives back what was written, after a restart too',
    async run(open) {
      const bytes = Buffer.from(Array.from({ length: 32 }, (_, i) => i * 8));
      const store = open();
      await store.write('device-key-1', Secret.from(bytes));
      assert.deepEqual(await present(store, 'device-key-1'), bytes);
      assert.deepEqual(await present(open(), 'device-key-1'), bytes);
    },
  },
  {
    name: 'does not need the caller’s secret afterwards',
    async run(open) {
      const secret = Secret.from(Buffer.alloc(32, 5));
      const store = open();
      await store.write('wiped', secret);
      secret.wipe();
      assert.deepEqual(await present(store, 'wiped'), Buffer.alloc(32, 5));
    },
  },
  {
    name: 'replaces an entry and keeps the others',
    async run(open) {
      const store = open();
      await store.write('one', Secret.fromText('first'));
      await store.write('two', Secret.fromText('other'));
      await store.write('one', Secret.fromText('second'));
      assert.equal((await present(store, 'one')).toString(), 'second');
      assert.equal((await present(store, 'two')).toString(), 'other');
    },
  },
  {
    name: 'holds 2,500 bytes of any value, zeros included',
    async run(open) {
      const bytes = Buffer.from(Array.from({ length: 2500 }, (_, i) => i % 256));
      await open().write('large', Secret.from(bytes));
      assert.deepEqual(await present(open(), 'large'), bytes);
      await open().write('zero', Secret.from(Buffer.of(0)));
      assert.deepEqual(await present(open(), 'zero'), Buffer.of(0));
    },
  },
  {
    name: 'refuses more than 2,500 bytes, no bytes, and names that are not ours',
    async run(open) {
      const store = open();
      const fails = async (action: () => Promise<unknown>): Promise<void> => {
        await assert.rejects(async () => action(), RangeError);
      };
      await fails(() => store.write('too-large', Secret.from(Buffer.alloc(2501))));
      await fails(() => store.write('empty', Secret.from(Buffer.alloc(0))));
      await fails(() => store.read('../name'));
      await fails(() => store.write('', Secret.fromText('x')));
      await fails(() => store.remove('A B'));
      assert.equal((await store.read('too-large')).tag, 'absent');
    },
  },
  {
    name: 'forgets an entry that is removed; removing what is not there is no error',
    async run(open) {
      const store = open();
      await store.write('gone', Secret.fromText('x'));
      await store.remove('gone');
      assert.equal((await open().read('gone')).tag, 'absent');
      await store.remove('gone');
    },
  },
  {
    name: 'keeps all of several writes made at once',
    async run(open) {
      const store = open();
      const names = ['a', 'b', 'c', 'd'].map((letter) => `at-once-${letter}`);
      await Promise.all(names.map((name) => store.write(name, Secret.fromText(name))));
      for (const name of names) assert.equal((await present(open(), name)).toString(), name);
    },
  },
  {
    name: 'prints no secret',
    async run(open) {
      const store = open();
      await store.write('canary', Secret.fromText('canary-in-the-store'));
      const read = await store.read('canary');
      assert.doesNotMatch(inspect([store, read], { depth: 20, showHidden: true }), /canary-in-the/);
      assert.doesNotMatch(JSON.stringify([store, read]), /canary-in-the/);
    },
  },
];

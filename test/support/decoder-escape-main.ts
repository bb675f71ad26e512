/** What code that has taken over the decoding process could try: each way out, and how it ended, as JSON. */
import * as modules from 'node:module';
import { openChannel } from '../../src/decoder/channel.ts';
import { lockDown } from '../../src/decoder/lock-down.ts';

const channel = await openChannel();
lockDown();

async function outcome(attempt: () => unknown): Promise<string> {
  try {
    await attempt();
    return 'possible';
  } catch (error) {
    return (error as { readonly code?: string }).code ?? (error as Error).message;
  }
}

const load = (name: string): Promise<unknown> => import(/* @vite-ignore */ name);
const builtin = (name: string): unknown =>
  (process as { getBuiltinModule?: (name: string) => unknown }).getBuiltinModule?.(name) ??
  Promise.reject(new Error('no such module'));
const all: Readonly<Record<string, () => unknown>> = {
  'module: files': () => load('node:fs'),
  'module: network': () => load('node:net'),
  'module: datagrams': () => load('node:dgram'),
  'module: child': () => load('node:child_process'),
  'module: electron': () => load('electron'),
  builtinFs: () => builtin('node:fs'),
  builtinNet: () => builtin('node:net'),
  fetch: () => fetch('http://127.0.0.1:9/'),
  socket: () => new WebSocket('ws://127.0.0.1:9/'),
  binding: () => (process as unknown as { binding: (name: string) => unknown }).binding('fs'),
  linkedBinding: () =>
    (process as unknown as { _linkedBinding: (name: string) => unknown })._linkedBinding(
      'electron_common_net',
    ),
  evaluated: () => (0, eval)('1 + 1') as unknown,
  signal: () => process.kill(process.pid, 0),
  addon: () => process.dlopen({ exports: {} }, '/lib/x86_64-linux-gnu/libc.so.6'),
};
const results = await Promise.all(
  Object.entries(all).map(async ([name, attempt]) => [name, await outcome(attempt)] as const),
);
const told = {
  hooks: 'registerHooks' in modules,
  results: Object.fromEntries(results),
  environment: Object.keys(process.env),
  arguments: process.argv.slice(2),
};
await channel.write(Buffer.from(`${JSON.stringify(told)}\n`));

/** What code that has taken over the decoding process could try: each way out, and how it ended, as JSON. */
import { lockDown } from '../../src/decoder/lock-down.ts';

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
  readFile: () => load('node:fs'),
  network: () => load('node:net'),
  datagrams: () => load('node:dgram'),
  child: () => load('node:child_process'),
  builtinFs: () => builtin('node:fs'),
  builtinNet: () => builtin('node:net'),
  fetch: () => fetch('http://127.0.0.1:9/'),
  socket: () => new WebSocket('ws://127.0.0.1:9/'),
  binding: () => (process as unknown as { binding: (name: string) => unknown }).binding('fs'),
  addon: () => process.dlopen({ exports: {} }, '/lib/x86_64-linux-gnu/libc.so.6'),
};
const results = await Promise.all(
  Object.entries(all).map(async ([name, attempt]) => [name, await outcome(attempt)] as const),
);
process.stdout.write(
  JSON.stringify({
    results: Object.fromEntries(results),
    environment: Object.keys(process.env),
    arguments: process.argv.slice(2),
  }),
);

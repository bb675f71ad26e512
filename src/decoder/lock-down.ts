/**
 * Called once, before the first byte of a file is looked at. Where a Node of its own runs this, the permission model
 * (`--permission`) keeps files, threads, other programs and addons away; it knows no network, so what could connect is put
 * out of reach here. Electron's utility process has no permission model: there this is all there is.
 */
import * as modules from 'node:module';

/** Ways from JavaScript to the operating system that need no module. */
const waysOut = [
  'getBuiltinModule',
  'binding',
  '_linkedBinding',
  '_getOrCreateArchive',
  'dlopen',
  'kill',
  '_kill',
  '_debugProcess',
  'loadEnvFile',
  'chdir',
  'execve',
  'report',
  'mainModule',
];

export function lockDown(): void {
  for (const name of ['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest', 'Worker', 'BroadcastChannel'])
    Reflect.deleteProperty(globalThis, name);
  loadNothingMore();
  // Tested under each runtime: what could not be taken away would show there (decoder-escape-main.ts).
  for (const name of waysOut)
    Reflect.defineProperty(process, name, { value: undefined, configurable: false, writable: false });
  limitWasm();
}

/** The Node of an Electron older than the one we ship may lack the hooks: an old developer's runtime is not a reason to refuse. */
function loadNothingMore(): void {
  const { registerHooks } = modules as Partial<typeof modules>;
  registerHooks?.({
    resolve: () => {
      throw new Error('nothing more is loaded');
    },
  });
}

/** Of one codec; 64 KiB a page. A frame of the largest size takes less. */
const maxWasmPages = (768 * 1024 * 1024) / 65_536;

function limitWasm(): void {
  const { prototype } = WebAssembly.Memory;
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const { grow } = prototype;
  prototype.grow = function limited(this: WebAssembly.Memory, pages: number): number {
    if (this.buffer.byteLength / 65_536 + pages > maxWasmPages) throw new RangeError('memory');
    return grow.call(this, pages);
  };
}

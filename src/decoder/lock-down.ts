/**
 * Called once, before the first byte of a file is looked at. The permission model (`--permission`) keeps files, threads,
 * other programs and addons away; it knows no network, so what could connect is put out of reach here.
 */
import { registerHooks } from 'node:module';

export function lockDown(): void {
  for (const name of ['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest', 'Worker', 'BroadcastChannel'])
    Reflect.deleteProperty(globalThis, name);
  registerHooks({
    resolve: () => {
      throw new Error('nothing more is loaded');
    },
  });
  Object.defineProperty(process, 'getBuiltinModule', {
    value: undefined,
    configurable: false,
    writable: false,
  });
  limitWasm();
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

/**
 * One evaluation of a PAC script, in a thread of its own that is ended when it takes too long. The script itself runs in
 * QuickJS compiled to WebAssembly: it has the functions of its standard (dnsResolve, isInNet, ...) and nothing of Node.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { createPacResolver } from 'pac-resolver';
import { QuickJS } from 'quickjs-wasi';

export interface PacQuestion {
  readonly script: string;
  /** Scheme and host only: the rest of an address is nobody's business. */
  readonly url: string;
  readonly host: string;
  /** What myIpAddress() says; the library's own would ask a server on the internet. */
  readonly ownAddress: string;
}

export type PacReply = { readonly tag: 'answer'; readonly text: string } | { readonly tag: 'failed' };

const memoryBytes = 32 * 1024 * 1024;
const longestAnswer = 2000;

async function evaluate({ script, url, host, ownAddress }: PacQuestion): Promise<PacReply> {
  try {
    const vm = await QuickJS.create({ memoryLimit: memoryBytes });
    const find = createPacResolver(vm, script, {
      sandbox: {
        // The library's own writes to standard output, which belongs to others.
        alert: () => undefined,
        myIpAddress: () => ownAddress,
      },
    });
    const answer: unknown = await find(url, host);
    // No answer means: straight.
    if (answer === undefined || answer === null || answer === '') return { tag: 'answer', text: 'DIRECT' };
    if (typeof answer !== 'string' || answer.length > longestAnswer) return { tag: 'failed' };
    return { tag: 'answer', text: answer };
  } catch {
    // What the script threw may hold anything: only that it failed is told.
    return { tag: 'failed' };
  }
}

parentPort?.postMessage(await evaluate(workerData as PacQuestion));

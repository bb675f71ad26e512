import type { ContractRouterClient } from '@orpc/contract';
import type { Contract } from '../../shared/contract.ts';
import { browserTransport } from './browser-transport.ts';
import { electronTransport } from './electron-transport.ts';

export type EngineClient = ContractRouterClient<Contract>;

/** A way to the engine. The page knows no other difference between a browser and the app. */
export interface Transport {
  /**
   * Opens (or opens again, after a loss) the way to the engine.
   * @throws SessionRefusedError when only a fresh link helps; anything else means: try again later.
   */
  open(signal: AbortSignal): Promise<EngineClient>;
}

/** Picks the transport for where the page runs. In a browser it takes the one-time token out of the address bar at once. */
export function connect(): Transport {
  return window.edgeSync === undefined
    ? browserTransport(window)
    : electronTransport(window, window.edgeSync);
}

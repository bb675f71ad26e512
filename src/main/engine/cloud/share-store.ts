/**
 * The place where shared studies lie: what sharing may do there, apart from the stores of the archive. It alone may
 * sign and delete. Names are relative to the place's prefix; every share lies below `<shareId>/`.
 * All methods throw EdgeSyncError with a cloud-* code; none retries by itself.
 */
import type { ObjectSource, StoredObject } from './cloud-store.ts';

/** Whether a page of any origin may read with a signed address (CORS). */
export type BrowserAccess = 'allowed' | 'refused' | 'unknown';

export interface ShareStore {
  /** Address, container and prefix: for a person, and to tell places apart. No credential in it. */
  readonly place: string;
  /** Create-only; throws cloud-conflict when something is there, which random names rule out. */
  put(name: string, source: ObjectSource, signal?: AbortSignal): Promise<void>;
  /** An absolute address that reads this one object, and nothing else, until `untilMs` (epoch milliseconds). */
  sign(name: string, validity: { readonly fromMs: number; readonly untilMs: number }): string;
  /** Objects of one share. */
  list(shareId: string, signal?: AbortSignal): AsyncIterable<StoredObject>;
  /** Deletes every object of one share and looks that none is left. @returns how many went. */
  remove(shareId: string, signal?: AbortSignal): Promise<number>;
  /** Can it be reached and written, do the clocks agree? */
  check(signal?: AbortSignal): Promise<void>;
  /** As the service itself answers a page that asks; `origin` as browsers send it, "null" for a page from a file. */
  browserAccess(origin: string, signal?: AbortSignal): Promise<BrowserAccess>;
  /** Adds the rule that lets any page read (what may be read, the signed address decides). Leaves other rules alone. */
  allowBrowsers(signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

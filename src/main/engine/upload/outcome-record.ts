import { toEdgeSyncError } from '../../../shared/errors.ts';
import type { Clock, Logger, Random } from '../ports.ts';
import { DestinationGate } from './destination-gate.ts';

/** What came of an upload could not be written down. The job stays as it was; the cause has been told. */
export class NotRecorded extends Error {}

export interface OutcomeRecordDeps {
  readonly destination: string;
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * Whether the queue takes what came of uploads: what cannot be recorded would be sent (or fetched back) again, for ever.
 * While it does not, the wait grows.
 */
export class OutcomeRecord {
  readonly gate: DestinationGate;
  readonly #deps: OutcomeRecordDeps;

  constructor(deps: OutcomeRecordDeps) {
    this.#deps = deps;
    this.gate = new DestinationGate(deps.clock, deps.random);
  }

  /** Writes down what came of an upload. @throws NotRecorded after it has been told. */
  async write<T>(write: () => Promise<T>): Promise<T> {
    let written: T;
    try {
      written = await write();
    } catch (error) {
      this.failed(error);
      throw new NotRecorded('not recorded', { cause: error });
    }
    this.worked();
    return written;
  }

  /** Something was written. */
  worked(): void {
    if (this.gate.succeeded()) this.#deps.onChange();
  }

  /** The rows stay as they were and are sent again, after a wait that grows. */
  failed(error: unknown): void {
    this.#deps.logger.error('upload.record', { destination: this.#deps.destination }, error);
    this.gate.down(toEdgeSyncError(error));
    this.#deps.onChange();
  }
}

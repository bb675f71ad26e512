/** What looks at cloud copies, on an upload rig: real spool, queue and keys; stores are the caller's. */
import type { VerifyEvent, VerifyProgress, VerifySelection } from '../../src/shared/contract-verify.ts';
import type { CloudStore } from '../../src/main/engine/cloud/cloud-store.ts';
import type { AuditEvent } from '../../src/main/engine/ports.ts';
import { Scrub, type ScrubDeps } from '../../src/main/engine/verify/scrub.ts';
import { Verifier } from '../../src/main/engine/verify/verifier.ts';
import { runVerify } from '../../src/main/engine/verify/verify-run.ts';
import type { UploadRig } from './upload-rig.ts';

export interface Look {
  readonly progress: VerifyProgress;
  readonly problems: readonly Extract<VerifyEvent, { tag: 'problem' }>['problem'][];
  readonly events: readonly VerifyEvent[];
}

export class VerifyRig {
  readonly audited: AuditEvent[] = [];
  readonly verifier: Verifier;
  readonly #rig: UploadRig;
  readonly #connect: (destination: string) => Promise<CloudStore>;
  readonly #destinations: readonly string[];

  constructor(
    rig: UploadRig,
    connect: (destination: string) => Promise<CloudStore>,
    destinations: readonly string[] = ['cloud'],
  ) {
    this.#rig = rig;
    this.#connect = connect;
    this.#destinations = destinations;
    this.verifier = new Verifier({
      rows: rig.queue.verification,
      spool: rig.spool,
      keys: rig.restoreKeys,
      destinations,
      connect,
      audit: { record: (event) => this.audited.push(event) },
      clock: rig.clock,
      logger: rig.logger,
      onMending: () => undefined,
    });
  }

  async look(
    selection: VerifySelection = { tag: 'all', from: 'start' },
    options: { readonly signal?: AbortSignal; readonly onEvent?: (event: VerifyEvent) => void } = {},
  ): Promise<Look> {
    const events: VerifyEvent[] = [];
    const { queue, restoreKeys: keys, clock, random } = this.#rig;
    await runVerify({
      selection,
      destinations: this.#destinations,
      queue,
      verifier: this.verifier,
      keys,
      connect: this.#connect,
      onEvent: (event) => {
        events.push(event);
        options.onEvent?.(event);
      },
      signal: options.signal ?? new AbortController().signal,
      clock,
      random,
    });
    const progress = events.findLast((event) => event.tag === 'progress');
    if (progress === undefined) throw new Error('no progress was told');
    const problems = events.flatMap((event) => (event.tag === 'problem' ? [event.problem] : []));
    return { progress, problems, events };
  }

  scrub(overrides: Partial<ScrubDeps> = {}): Scrub {
    const { queue, restoreKeys: keys, sealers, clock, random, logger } = this.#rig;
    return new Scrub({
      settings: { enabled: true, periodDays: 365, samplesPerDay: 24, bytesPerSecond: 1e9 },
      destinations: this.#destinations,
      queue,
      verifier: this.verifier,
      keys,
      sealers: () => sealers,
      archiveId: this.#rig.keys.archiveId,
      connect: this.#connect,
      standing: () => 'ok',
      onChange: () => undefined,
      clock,
      random,
      logger,
      ...overrides,
    });
  }
}

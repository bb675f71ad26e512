/** The contract's `diagnostics`: gathers what the engine knows, and hands out one text. */
import type { DiagnosticsBundle } from '../../shared/contract-diagnostics.ts';
import { version } from '../version.ts';
import { bundleOf } from './diagnostics/bundle.ts';
import { machineFacts, runtimeFacts } from './diagnostics/machine.ts';
import { RecentLog } from './diagnostics/recent-log.ts';
import type { EngineParts } from './engine.ts';
import type { Actor } from './engine-service.ts';
import type { SettingsService } from './settings-calls.ts';

export interface DiagnosticsService {
  /** Rejects with `internal` when something is in it that is not allowed. */
  collect(actor: Actor): Promise<DiagnosticsBundle>;
}

type Parts = Pick<EngineParts, 'options' | 'status' | 'queue' | 'certificates' | 'audit'>;

export class DiagnosticsCalls implements DiagnosticsService {
  readonly #parts: Parts;
  readonly #settings: Pick<SettingsService, 'list'>;

  constructor(parts: Parts, settings: Pick<SettingsService, 'list'>) {
    this.#parts = parts;
    this.#settings = settings;
  }

  async collect(actor: Actor): Promise<DiagnosticsBundle> {
    const { options, status, queue, certificates, audit } = this.#parts;
    const report = await status.report();
    const { settings } = await this.#settings.list();
    const bundle = bundleOf({
      nowMs: options.clock.nowMs(),
      version,
      startedAtMs: status.startedAtMs,
      machine: machineFacts(),
      runtime: runtimeFacts(),
      settings,
      log: options.logger instanceof RecentLog ? options.logger.events : [],
      engineTrouble: null,
      engine: {
        status: report,
        ledger: status.ledger(),
        queue: queue.status(),
        certificates: certificates.list(),
      },
      // Counting again reads every row: `edge-sync doctor` does that while no engine runs.
      inconsistencies: null,
      doctor: [],
    });
    audit.record({ action: 'diagnostics-made', actor, outcome: 'success' });
    return bundle;
  }
}

/** What callers may ask about uploads as a whole: pause, go on, wake up. */
import type { PauseRequest, ResumeRequest, UploadsState } from '../../shared/contract-upload.ts';
import { EdgeSyncError } from '../../shared/errors.ts';
import type { EngineParts } from './engine.ts';
import type { Actor } from './engine-service.ts';
import { holdUntilMs } from './upload/hold.ts';
import { tomorrowMs } from './upload/pacing.ts';

export interface UploadService {
  state(): UploadsState;
  pause(request: PauseRequest, actor: Actor): Promise<UploadsState>;
  resume(request: ResumeRequest, actor: Actor): Promise<UploadsState>;
  network(state: { readonly metered: boolean }): UploadsState;
  /** The PC woke up, or is on another network. */
  wake(reason: 'resume' | 'network'): { readonly woken: true };
}

export class UploadCalls implements UploadService {
  readonly #parts: Pick<EngineParts, 'options' | 'uploads' | 'queue' | 'audit'>;

  constructor(parts: Pick<EngineParts, 'options' | 'uploads' | 'queue' | 'audit'>) {
    this.#parts = parts;
  }

  state(): UploadsState {
    const { uploads, queue, options } = this.#parts;
    const hold = uploads.pacing.hold();
    const untilMs = hold === undefined ? undefined : holdUntilMs(hold);
    const counts = queue.status().destinations;
    return {
      hold: hold?.tag ?? 'none',
      until: isoOrNull(untilMs),
      metered: uploads.pacing.isMetered,
      bytesPerSecond: uploads.bytesPerSecond,
      destinations: options.settings.destinations.map(({ name }) => {
        const status = uploads.status(name);
        return {
          name,
          pausedUntil: isoOrNull(uploads.pacing.ownPauseUntilMs(name)),
          pending: counts.find((one) => one.name === name)?.pending ?? 0,
          active: status?.active ?? 0,
          width: status?.width ?? 0,
          bytesPerSecond: status?.bytesPerSecond ?? 0,
        };
      }),
    };
  }

  async pause(request: PauseRequest, actor: Actor): Promise<UploadsState> {
    const { uploads, audit, options } = this.#parts;
    const { destination } = request;
    this.#mustKnow(destination);
    const nowMs = options.clock.nowMs();
    const untilMs = request.tag === 'for' ? nowMs + request.minutes * 60_000 : tomorrowMs(nowMs);
    try {
      await uploads.pacing.pause(untilMs, destination);
      audit.record({ action: 'uploads-paused', actor, ...subjectOf(destination), outcome: 'success' });
    } catch (error) {
      audit.record({ action: 'uploads-paused', actor, ...subjectOf(destination), outcome: 'failure' });
      throw error;
    }
    return this.state();
  }

  async resume({ destination }: ResumeRequest, actor: Actor): Promise<UploadsState> {
    const { uploads, audit } = this.#parts;
    this.#mustKnow(destination);
    try {
      await uploads.pacing.resume(destination);
      audit.record({ action: 'uploads-resumed', actor, ...subjectOf(destination), outcome: 'success' });
    } catch (error) {
      audit.record({ action: 'uploads-resumed', actor, ...subjectOf(destination), outcome: 'failure' });
      throw error;
    }
    return this.state();
  }

  /** @throws EdgeSyncError usage */
  #mustKnow(destination: string | undefined): void {
    const { destinations } = this.#parts.options.settings;
    if (destination === undefined || destinations.some(({ name }) => name === destination)) return;
    throw new EdgeSyncError('usage', `no destination is named ${destination}`);
  }

  network(state: { readonly metered: boolean }): UploadsState {
    this.#parts.uploads.pacing.network(state);
    return this.state();
  }

  wake(reason: 'resume' | 'network'): { readonly woken: true } {
    const { uploads, options } = this.#parts;
    options.logger.info('upload.woken', { reason });
    uploads.wake();
    return { woken: true };
  }
}

/** The name that the settings give it: no PHI. */
function subjectOf(destination: string | undefined): { readonly subject?: string } {
  return destination === undefined ? {} : { subject: destination };
}

function isoOrNull(timeMs: number | undefined): string | null {
  return timeMs === undefined ? null : new Date(timeMs).toISOString();
}

/** One notification when something begins, one when it is over. Says what and the next step; never which patient. */
import { errorFacts, isErrorCode } from '../../../shared/errors.ts';
import type { Failure, StatusReport } from '../../../shared/status.ts';
import type { Cancel, Clock } from '../../engine/ports.ts';
import type { ShellTexts } from './texts.ts';

export interface Notice {
  readonly title: string;
  readonly body: string;
}

/** What is over before this is not worth interrupting anybody (the engine starting again takes about a second). */
const settleMs = 5_000;

/** Codes that say something is under way as it should be. */
const quiet: readonly string[] = ['engine-starting', 'engine-stopping'];

type Group =
  | { readonly tag: 'settling'; readonly timer: Cancel; readonly notice: Notice }
  | { readonly tag: 'told'; readonly notice: Notice };

/** Groups failures by cause and destination: a hundred failed images of one dead link are one incident. */
export class Incidents {
  readonly #clock: Clock;
  readonly #texts: ShellTexts;
  readonly #notify: (notice: Notice) => void;
  readonly #groups = new Map<string, Group>();

  constructor(parts: {
    readonly clock: Clock;
    readonly texts: ShellTexts;
    readonly notify: (notice: Notice) => void;
  }) {
    this.#clock = parts.clock;
    this.#texts = parts.texts;
    this.#notify = parts.notify;
  }

  take(status: StatusReport): void {
    const now = new Map(
      status.failures
        .filter(({ code }) => !quiet.includes(code))
        .map((failure) => [`${failure.code} ${failure.destination ?? ''}`, failure]),
    );
    for (const [key, group] of [...this.#groups]) {
      if (now.has(key)) continue;
      this.#groups.delete(key);
      if (group.tag === 'settling') group.timer.cancel();
      else
        this.#notify({
          title: this.#texts.headlines[status.headline],
          body: `${this.#texts.over} ${group.notice.title}`,
        });
    }
    for (const [key, failure] of now) {
      if (!this.#groups.has(key)) this.#begin(key, noticeFor(failure));
    }
  }

  /** Stops what waits; nothing more is told. */
  close(): void {
    for (const group of this.#groups.values()) if (group.tag === 'settling') group.timer.cancel();
    this.#groups.clear();
  }

  #begin(key: string, notice: Notice): void {
    const timer = this.#clock.after(settleMs, () => {
      this.#groups.set(key, { tag: 'told', notice });
      this.#notify(notice);
    });
    this.#groups.set(key, { tag: 'settling', timer, notice });
  }
}

/** The code's own text, without the detail: a notification is read by whoever passes the desk. */
function noticeFor(failure: Failure): Notice {
  if (!isErrorCode(failure.code)) return { title: failure.message, body: failure.nextStep };
  const { message, nextStep } = errorFacts[failure.code];
  return { title: message, body: nextStep };
}

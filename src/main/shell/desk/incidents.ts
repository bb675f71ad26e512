/**
 * One notification when something begins, one when it is over. Says what and the next step; never which patient. None
 * while somebody looks at the window, which says the same; what they have seen begin is not told to be over either.
 */
import { assertNever } from '../../../shared/assert-never.ts';
import { isErrorCode } from '../../../shared/errors.ts';
import type { Failure, StatusReport } from '../../../shared/status.ts';
import type { Cancel, Clock } from '../../engine/ports.ts';
import type { ShellTexts } from './texts.ts';

export interface Notice {
  /** Where a click leads: what is wrong, or simply the window. */
  readonly about: 'failure' | 'end';
  readonly title: string;
  readonly body: string;
}

/** What is over before this is not worth interrupting anybody (the engine starting again takes about a second). */
const settleMs = 5_000;

/** Codes that say something is under way as it should be. */
const quiet: readonly string[] = ['engine-starting', 'engine-stopping'];

type Group =
  | { readonly tag: 'settling'; readonly timer: Cancel }
  | { readonly tag: 'told'; readonly notice: Notice }
  | { readonly tag: 'seen' };

/** Groups failures by cause and destination: a hundred failed images of one dead link are one incident. */
export class Incidents {
  readonly #clock: Clock;
  readonly #texts: ShellTexts;
  readonly #notify: (notice: Notice) => void;
  readonly #isWatched: () => boolean;
  readonly #groups = new Map<string, Group>();

  constructor(parts: {
    readonly clock: Clock;
    readonly texts: ShellTexts;
    readonly notify: (notice: Notice) => void;
    /** Whether somebody looks at the window right now. */
    readonly isWatched: () => boolean;
  }) {
    this.#clock = parts.clock;
    this.#texts = parts.texts;
    this.#notify = parts.notify;
    this.#isWatched = parts.isWatched;
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
      this.#end(group, status);
    }
    for (const [key, failure] of now) {
      if (!this.#groups.has(key)) this.#begin(key, this.#noticeFor(failure));
    }
  }

  /** Stops what waits; nothing more is told. */
  close(): void {
    for (const group of this.#groups.values()) if (group.tag === 'settling') group.timer.cancel();
    this.#groups.clear();
  }

  #begin(key: string, notice: Notice): void {
    const timer = this.#clock.after(settleMs, () => {
      if (this.#isWatched()) {
        this.#groups.set(key, { tag: 'seen' });
        return;
      }
      this.#groups.set(key, { tag: 'told', notice });
      this.#notify(notice);
    });
    this.#groups.set(key, { tag: 'settling', timer });
  }

  #end(group: Group, status: StatusReport): void {
    switch (group.tag) {
      case 'settling':
        group.timer.cancel();
        break;
      case 'told':
        if (this.#isWatched()) break;
        this.#notify({
          about: 'end',
          title: this.#texts.headlines[status.headline],
          body: `${this.#texts.over} ${group.notice.title}`,
        });
        break;
      case 'seen':
        break;
      default:
        assertNever(group);
    }
  }

  /** The code's own text, without the detail: a notification is read by whoever passes the desk. */
  #noticeFor({ code }: Failure): Notice {
    // A newer engine's code: its words are not known to be free of names.
    if (!isErrorCode(code))
      return { about: 'failure', title: this.#texts.headlines.attention, body: this.#texts.open };
    const { message, nextStep } = this.#texts.failure(code);
    return { about: 'failure', title: message, body: nextStep };
  }
}

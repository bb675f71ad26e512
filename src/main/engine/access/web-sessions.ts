import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock, Random } from '../ports.ts';

/** A link that nobody opened is of no use after this. */
const linkLifeMs = 10 * 60_000;
/** An idle page must ask for a new link after this (HIPAA 164.312(a)(2)(iii), automatic logoff). */
const sessionIdleMs = 12 * 60 * 60_000;
/** More open pages than a front desk has; the oldest goes first. */
const sessionsKept = 32;
const linksKept = 32;

interface Issued {
  readonly digest: Buffer;
  usedAtMs: number;
}

/**
 * One-time links and the sessions they open, for the loopback page. Only digests are kept, comparison takes constant
 * time. The session travels in a header, never a cookie: cookies ignore ports.
 */
export class WebSessions {
  readonly #clock: Clock;
  readonly #random: Random;
  #links: Issued[] = [];
  #sessions: Issued[] = [];

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** A token for one opening of the page: 43 URL-safe characters (256 bits). */
  issueLink(): string {
    const token = this.#random.bytes(32).toString('base64url');
    this.#links = [...this.#links, this.#issued(token)].slice(-linksKept);
    return token;
  }

  /** Whether `token` could still be redeemed. Does not use it up. */
  isFreshLink(token: string): boolean {
    return this.#find(this.#links, token, linkLifeMs) !== undefined;
  }

  /** Redeems a link once; a second time, or too late, gives undefined. */
  openSession(token: string): string | undefined {
    const link = this.#find(this.#links, token, linkLifeMs);
    if (link === undefined) return undefined;
    this.#links = this.#links.filter((one) => one !== link);
    const session = this.#random.bytes(32).toString('base64url');
    this.#sessions = [...this.#sessions, this.#issued(session)].slice(-sessionsKept);
    return session;
  }

  /** True for a live session; counts as use. */
  touchSession(session: string): boolean {
    const found = this.#find(this.#sessions, session, sessionIdleMs);
    if (found === undefined) return false;
    found.usedAtMs = this.#clock.monotonicMs();
    return true;
  }

  #issued(token: string): Issued {
    return { digest: digestOf(token), usedAtMs: this.#clock.monotonicMs() };
  }

  #find(list: readonly Issued[], token: string, lifeMs: number): Issued | undefined {
    const digest = digestOf(token);
    const now = this.#clock.monotonicMs();
    let found: Issued | undefined;
    for (const one of list)
      if (timingSafeEqual(one.digest, digest) && now - one.usedAtMs <= lifeMs) found = one;
    return found;
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

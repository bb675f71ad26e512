/** The error type of the whole program, made from the one list in error-facts.ts. */
import { errorFacts, type Persistence } from './error-facts.ts';

export { errorFacts, type Persistence } from './error-facts.ts';

export type ErrorCode = keyof typeof errorFacts;

/** What a person is told: the same three fields in CLI, page and `status --json`. */
export interface ErrorReport {
  readonly code: ErrorCode;
  readonly message: string;
  readonly nextStep: string;
}

/** The text for a code; `detail` (no PHI) is put behind the message. */
export function reportFor(code: ErrorCode, detail?: string): ErrorReport {
  const facts = errorFacts[code];
  return {
    code,
    message: detail === undefined || detail === '' ? facts.message : `${facts.message}: ${detail}`,
    nextStep: facts.nextStep,
  };
}

/** The one error type that crosses a module boundary. */
export class EdgeSyncError extends Error {
  override readonly name = 'EdgeSyncError';
  readonly code: ErrorCode;
  /** No PHI. */
  readonly detail: string | undefined;
  /** Server-given delay before the next attempt (Retry-After), when there is one. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ErrorCode,
    detail?: string,
    options: { readonly cause?: unknown; readonly retryAfterMs?: number } = {},
  ) {
    super(
      reportFor(code, detail).message,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.detail = detail;
    this.retryAfterMs = options.retryAfterMs;
  }

  get persistence(): Persistence {
    return errorFacts[this.code].persistence;
  }

  get report(): ErrorReport {
    return reportFor(this.code, this.detail);
  }
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorFacts, value);
}

/** Turns anything caught into an EdgeSyncError; unknown things become `internal` with the cause kept for the log. */
export function toEdgeSyncError(error: unknown, fallback: ErrorCode = 'internal'): EdgeSyncError {
  return error instanceof EdgeSyncError ? error : new EdgeSyncError(fallback, undefined, { cause: error });
}

/** Exit codes, documented in docs/command-line.md. `status` gives 1, 2 and 3 its own meaning there. */
export const exitCode = {
  ok: 0,
  failed: 1,
  /** Done, but some items had problems that were listed. */
  partly: 2,
  engineNotRunning: 3,
  /** sysexits.h EX_USAGE. */
  usage: 64,
  /** Nobody read on: what a shell says of a program that SIGPIPE ended (128 + 13). */
  readerGone: 141,
} as const;

export const statusExitCode = { allSafe: 0, needsAttention: 1, working: 2, notRunning: 3 } as const;

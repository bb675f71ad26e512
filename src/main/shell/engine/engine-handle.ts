/** One life of the engine's process, whichever way it was started. */
export interface EngineHandle {
  /** undefined until the operating system has started it. */
  readonly pid: number | undefined;
  /** Whose it is: an engine of somebody else is never drained or ended with the app. */
  readonly owner: 'us' | 'somebody-else';
  /** Lines of its standard output, without their ends. */
  readonly lines: AsyncIterable<string>;
  /** Resolves once, when the process is gone (or could not be started). Never rejects. */
  readonly exited: Promise<EngineExit>;
  /** Asks it to end (SIGTERM); on Windows this ends it at once. */
  terminate(): void;
  /** Ends it at once. What it had answered with Success is on the disk already. */
  kill(): void;
}

export interface EngineExit {
  /** null when a signal ended it or it never started. */
  readonly code: number | null;
}

/** Starts a process; throws when it cannot even be tried (its file is missing). */
export type LaunchEngine = () => EngineHandle;

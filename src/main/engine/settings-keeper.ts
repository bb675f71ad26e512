/** Changes settings while the engine runs. A port: who started the engine knows its file and how to begin anew. */

/**
 * One setting, by its path in the file, and its new value; not yet checked. The value is made of what the file holds at
 * the moment of writing (undefined: nothing), which may be ahead of what the engine goes by.
 */
export interface SettingChange {
  readonly path: readonly string[];
  readonly value: (inFile: unknown) => unknown;
}

export interface SettingsKeeper {
  /**
   * Checks, writes the file, and goes on with the new settings; resolves when they are in force. When the engine cannot
   * begin with them, file and engine are as before.
   * `ready` runs when everything is checked and just before the engine begins anew.
   * @throws EdgeSyncError config-*, settings-by-environment, settings-busy, disk-*, and what the start throws.
   */
  change(changes: readonly SettingChange[], ready?: () => Promise<void>): Promise<void>;
  /**
   * Does `work`, which may write the file and go by it; a change or a new beginning of the engine waits until it has
   * ended, so that none of them loses what another has written.
   * @throws EdgeSyncError engine-reloading when such a thing is under way: `work` was not begun.
   */
  writing<Result>(work: () => Promise<Result>): Promise<Result>;
  /**
   * Begins anew with the file as it is now; with the settings of before when that cannot be. Runs under way are broken
   * off. Absent where nobody can.
   */
  readonly reload?: () => Promise<void>;
}

/** Changes settings while the engine runs. A port: who started the engine knows its file and how to begin anew. */

/** One setting, by its path in the file, and its new value; not yet checked. */
export interface SettingChange {
  readonly path: readonly string[];
  readonly value: unknown;
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
   * Begins anew with the file as it is now; with the settings of before when that cannot be. Runs under way are broken
   * off. Absent where nobody can.
   */
  readonly reload?: () => Promise<void>;
}

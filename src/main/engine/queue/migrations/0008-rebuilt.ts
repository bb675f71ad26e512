/**
 * What is known of the backups of settings, pairings and certificates, one row per destination. No PHI: a number, a
 * digest, times in epoch milliseconds. Images that were rebuilt from the cloud need no columns of their own.
 */
export const sql = `
CREATE TABLE backup_mark (
  destination TEXT PRIMARY KEY,
  -- the newest one that is stored there; 0 and NULL: none
  number INTEGER NOT NULL CHECK (number >= 0),
  content_sha256 BLOB CHECK (length(content_sha256) = 32),
  written_at INTEGER,
  -- since when something newer waits; NULL: nothing does
  owed_since INTEGER
) STRICT, WITHOUT ROWID;
`;

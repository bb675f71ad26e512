/** What people outside this PC were told about, and when each channel last gave a sign of life. No PHI: codes and names. */
export const sql = `
CREATE TABLE alert (
  channel     TEXT NOT NULL,
  problem     TEXT NOT NULL,
  code        TEXT NOT NULL,
  destination TEXT,
  since       INTEGER NOT NULL,
  told_at     INTEGER NOT NULL,
  PRIMARY KEY (channel, problem)
) STRICT, WITHOUT ROWID;

CREATE TABLE alert_heartbeat (
  channel TEXT PRIMARY KEY,
  sent_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;

/**
 * Each entry of the audit trail gets a chain value (audit-chain.ts); empty for those from before, which the first entry
 * with one states (audit-rows.ts, when the database is opened: the key is not here). And the newest number and chain value
 * that went into a list for each destination, as this PC remembers it. No PHI.
 */
export const sql = `
ALTER TABLE audit ADD COLUMN chain BLOB CHECK (length(chain) = 32);

CREATE TABLE audit_anchor (
  destination_id INTEGER PRIMARY KEY REFERENCES destination (id),
  number INTEGER NOT NULL CHECK (number >= 1),
  chain BLOB NOT NULL CHECK (length(chain) = 32),
  -- the manifest that carries it
  list INTEGER NOT NULL CHECK (list >= 1)
) STRICT;
`;

/**
 * Pairings, callers that were refused, and classes that devices proposed. What was typed or sent is sealed: nobody can
 * read it, and nobody who can only write the file can add a device or widen one.
 */
export const sql = `
CREATE TABLE device (
  id TEXT PRIMARY KEY,
  -- sealed JSON: the pairing
  pairing BLOB NOT NULL,
  paired_at INTEGER NOT NULL,
  last_seen_at INTEGER
) STRICT;

CREATE TABLE caller (
  id TEXT PRIMARY KEY,
  -- sealed JSON: titles, address, certificate, classes, reason
  facts BLOB NOT NULL,
  count INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  dismissed_at INTEGER
) STRICT;

CREATE TABLE observed_class (
  id TEXT PRIMARY KEY,
  -- sealed JSON: device, title, address, class
  facts BLOB NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('seen', 'allowed', 'dismissed')),
  count INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL
) STRICT;
`;

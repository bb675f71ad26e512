/**
 * Studies that were given out: which, to whom, until when, and everything that was done about it, by whom.
 *
 * Both tables only grow; what a share is now follows from its events. PHI (the study, the recipient's name, where it
 * lies) is in `content`, sealed; `study_lookup` is an HMAC. The secret of a link is in no table: it is shown once.
 */
export const sql = `
CREATE TABLE share (
  id INTEGER PRIMARY KEY,
  -- random: the folder in the cloud, and the key identifier of its objects
  share_id TEXT NOT NULL UNIQUE CHECK (length(share_id) = 32),
  kind TEXT NOT NULL CHECK (kind IN ('link', 'folder')),
  content BLOB NOT NULL,
  study_lookup BLOB NOT NULL CHECK (length(study_lookup) = 32),
  created_at INTEGER NOT NULL,
  -- NULL: it was handed out as files, which do not expire
  expires_at INTEGER
) STRICT;
CREATE INDEX share_study ON share (study_lookup);
CREATE TRIGGER share_no_update BEFORE UPDATE ON share BEGIN SELECT RAISE(ABORT, 'shares are append-only'); END;
CREATE TRIGGER share_no_delete BEFORE DELETE ON share BEGIN SELECT RAISE(ABORT, 'shares are append-only'); END;

CREATE TABLE share_event (
  id INTEGER PRIMARY KEY,
  share_id TEXT NOT NULL REFERENCES share (share_id),
  at INTEGER NOT NULL,
  -- begun: objects may lie in the cloud; deleted: it was seen that none does any more
  action TEXT NOT NULL CHECK (action IN ('begun', 'created', 'cancelled', 'revoked', 'expired', 'deleted')),
  actor TEXT NOT NULL,
  objects INTEGER,
  size_bytes INTEGER
) STRICT;
CREATE INDEX share_event_share ON share_event (share_id);
CREATE TRIGGER share_event_no_update BEFORE UPDATE ON share_event BEGIN SELECT RAISE(ABORT, 'shares are append-only'); END;
CREATE TRIGGER share_event_no_delete BEFORE DELETE ON share_event BEGIN SELECT RAISE(ABORT, 'shares are append-only'); END;
`;

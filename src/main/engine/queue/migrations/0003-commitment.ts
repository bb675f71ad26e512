/**
 * Storage commitment (PS3.4 annex J): what devices asked about, how each instance stands, and what they were told.
 *
 * PHI: UIDs are only in sealed columns (`uid`, `uids`) or HMACs (`uid_lookup`, `content_lookup`). AE titles and addresses
 * are those of devices. Times are epoch milliseconds; days are days of the clinic's calendar, YYYY-MM-DD.
 */
export const sql = `
CREATE TABLE commitment (
  id INTEGER PRIMARY KEY,
  -- of the Transaction UID and its caller: another device may use the same one
  uid_lookup BLOB NOT NULL,
  uid BLOB NOT NULL,
  -- of the instances named: the same request again is no new one
  content_lookup BLOB NOT NULL,
  ae_title TEXT NOT NULL,
  address TEXT NOT NULL,
  device_id TEXT,
  -- arriving: its references are being written, and it is nothing until they are whole
  state TEXT NOT NULL CHECK (state IN ('arriving', 'open', 'delivered', 'undelivered')),
  -- 1: its Transaction UID belongs to another open request; every instance is answered with 0131
  is_duplicate INTEGER NOT NULL CHECK (is_duplicate IN (0, 1)),
  total INTEGER NOT NULL CHECK (total > 0),
  -- references that are not looked at or not verified yet; unknown ones are counted apart
  unsettled INTEGER NOT NULL CHECK (unsettled >= 0),
  unknown INTEGER NOT NULL CHECK (unknown >= 0),
  refused INTEGER NOT NULL CHECK (refused >= 0),
  -- grows whenever one of its references stands otherwise than before
  revision INTEGER NOT NULL DEFAULT 0,
  requested_at INTEGER NOT NULL,
  day TEXT NOT NULL,
  -- since when its answer is due; NULL while it waits
  ready_at INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_attempt_at INTEGER,
  failure_told INTEGER NOT NULL DEFAULT 0 CHECK (failure_told IN (0, 1)),
  ended_at INTEGER
) STRICT;
CREATE UNIQUE INDEX commitment_open_uid ON commitment (uid_lookup) WHERE state = 'open' AND is_duplicate = 0;
CREATE INDEX commitment_state ON commitment (state, id);
CREATE INDEX commitment_ended ON commitment (ended_at) WHERE ended_at IS NOT NULL;

-- gone once the answer was delivered or given up
CREATE TABLE commitment_reference (
  commitment_id INTEGER NOT NULL REFERENCES commitment (id),
  position INTEGER NOT NULL,
  -- the same HMAC as instance.uid_lookup
  uid_lookup BLOB NOT NULL,
  uids BLOB NOT NULL,
  -- how it stands: new (not looked at), waits, verified, unknown, conflict, unsupported
  standing TEXT NOT NULL,
  -- 1: an instance of that UID came or changed since
  dirty INTEGER NOT NULL CHECK (dirty IN (0, 1)),
  PRIMARY KEY (commitment_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX commitment_reference_uid ON commitment_reference (uid_lookup);
CREATE INDEX commitment_reference_dirty ON commitment_reference (dirty) WHERE dirty = 1;

-- The last answer that an AE title took about each instance that is here: the base of "safe to erase". As many rows as
-- images at most for each title; titles are those of paired devices and of senders.
CREATE TABLE commitment_answer (
  uid_lookup BLOB NOT NULL,
  ae_title TEXT NOT NULL,
  -- of the request that was answered first
  day TEXT NOT NULL,
  committed INTEGER NOT NULL CHECK (committed IN (0, 1)),
  PRIMARY KEY (uid_lookup, ae_title)
) STRICT, WITHOUT ROWID;
CREATE INDEX commitment_answer_failed ON commitment_answer (day) WHERE committed = 0;

CREATE TABLE commitment_day (
  ae_title TEXT NOT NULL,
  day TEXT NOT NULL,
  named INTEGER NOT NULL CHECK (named >= 0),
  committed INTEGER NOT NULL CHECK (committed >= 0),
  PRIMARY KEY (day, ae_title)
) STRICT, WITHOUT ROWID;

CREATE TABLE commitment_source (
  ae_title TEXT PRIMARY KEY,
  committed INTEGER NOT NULL CHECK (committed >= 0)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER commitment_answer_insert AFTER INSERT ON commitment_answer BEGIN
  INSERT INTO commitment_day VALUES (NEW.ae_title, NEW.day, 1, NEW.committed)
    ON CONFLICT (day, ae_title) DO UPDATE SET named = named + 1, committed = committed + excluded.committed;
  INSERT INTO commitment_source VALUES (NEW.ae_title, NEW.committed)
    ON CONFLICT (ae_title) DO UPDATE SET committed = committed + excluded.committed;
END;
CREATE TRIGGER commitment_answer_change AFTER UPDATE OF committed ON commitment_answer WHEN OLD.committed <> NEW.committed BEGIN
  UPDATE commitment_day SET committed = committed - OLD.committed + NEW.committed
    WHERE day = NEW.day AND ae_title = NEW.ae_title;
  UPDATE commitment_source SET committed = committed - OLD.committed + NEW.committed WHERE ae_title = NEW.ae_title;
END;

CREATE TRIGGER commitment_standing AFTER UPDATE OF standing ON commitment_reference WHEN OLD.standing <> NEW.standing BEGIN
  UPDATE commitment SET
    revision = revision + 1,
    unsettled = unsettled - (OLD.standing IN ('new', 'waits')) + (NEW.standing IN ('new', 'waits')),
    unknown = unknown - (OLD.standing = 'unknown') + (NEW.standing = 'unknown'),
    refused = refused - (OLD.standing IN ('conflict', 'unsupported')) + (NEW.standing IN ('conflict', 'unsupported'))
  WHERE id = NEW.commitment_id;
END;

-- One probe of an index that is all but empty: what is asked about is found by its UID, never by looking through a list.
CREATE TRIGGER commitment_instance_insert AFTER INSERT ON instance BEGIN
  UPDATE commitment_reference SET dirty = 1 WHERE uid_lookup = NEW.uid_lookup AND dirty = 0;
END;
CREATE TRIGGER commitment_instance_state AFTER UPDATE OF state ON instance WHEN OLD.state <> NEW.state BEGIN
  UPDATE commitment_reference SET dirty = 1 WHERE uid_lookup = NEW.uid_lookup AND dirty = 0;
END;
`;

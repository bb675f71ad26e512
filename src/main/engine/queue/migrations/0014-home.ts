/**
 * What the home page tells: arrivals, proofs and waiting images per quarter of an hour; a keyed index for search; devices
 * whose silence nobody wants to hear of.
 *
 * A slot is 15 minutes since 1970-01-01 (UTC): every offset of a civil time zone is a multiple of it, so any zone's days
 * and hours are made of whole slots. At most 96 rows a day for each AE title that sends.
 *
 * PHI: `token` is an HMAC (docs/search.md says what it gives away). AE titles are device names.
 */

/** Answered with success to the very title that sent it, verified now, and the only content under its UID. */
const isCommitted = (row: string): string => `(
  ${row}.state = 'verified' AND instr(${row}.flags, 'uid-conflict') = 0 AND EXISTS (
    SELECT 1 FROM commitment_answer AS a
      WHERE a.uid_lookup = ${row}.uid_lookup AND a.ae_title = ${row}.source AND a.committed = 1))`;

/** At most one row: contents that share a UID are flagged, and count as committed never. */
const ofAnswer = (row: string): string => `
  SELECT i.received_at / 900000, i.source FROM instance AS i
    WHERE i.uid_lookup = ${row}.uid_lookup AND i.source = ${row}.ae_title AND i.state = 'verified'
      AND instr(i.flags, 'uid-conflict') = 0`;

export const sql = `
CREATE TABLE arrival (
  slot INTEGER NOT NULL,
  -- '' for files
  ae_title TEXT NOT NULL,
  images INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  -- not counted for files
  verified INTEGER NOT NULL,
  committed INTEGER NOT NULL,
  PRIMARY KEY (slot, ae_title)
) STRICT, WITHOUT ROWID;
INSERT INTO arrival
  SELECT received_at / 900000, coalesce(source, ''), count(*), sum(size_bytes),
      sum(source IS NOT NULL AND state = 'verified'), sum(source IS NOT NULL AND ${isCommitted('instance')})
    FROM instance WHERE source IS NOT NULL OR spool_id IS NOT NULL GROUP BY 1, 2;

-- Rows that come from the cloud have no source and bring no file with them.
CREATE TRIGGER arrival_insert AFTER INSERT ON instance WHEN NEW.source IS NOT NULL OR NEW.spool_id IS NOT NULL BEGIN
  INSERT INTO arrival VALUES (NEW.received_at / 900000, coalesce(NEW.source, ''), 1, NEW.size_bytes,
      NEW.source IS NOT NULL AND NEW.state = 'verified', NEW.source IS NOT NULL AND ${isCommitted('NEW')})
    ON CONFLICT (slot, ae_title) DO UPDATE SET images = images + 1, bytes = bytes + excluded.bytes,
      verified = verified + excluded.verified, committed = committed + excluded.committed;
END;
CREATE TRIGGER arrival_state AFTER UPDATE OF state, flags ON instance
WHEN NEW.source IS NOT NULL AND (OLD.state <> NEW.state OR OLD.flags <> NEW.flags)
  AND OLD.received_at = NEW.received_at BEGIN
  UPDATE arrival SET
    verified = verified - (OLD.state = 'verified') + (NEW.state = 'verified'),
    committed = committed - ${isCommitted('OLD')} + ${isCommitted('NEW')}
  WHERE slot = NEW.received_at / 900000 AND ae_title = NEW.source;
END;
-- A resend took the place of a copy that was lost or damaged.
CREATE TRIGGER arrival_move AFTER UPDATE OF received_at ON instance
WHEN NEW.source IS NOT NULL AND OLD.received_at <> NEW.received_at BEGIN
  UPDATE arrival SET images = images - 1, bytes = max(0, bytes - OLD.size_bytes),
    verified = verified - (OLD.state = 'verified'), committed = committed - ${isCommitted('OLD')}
  WHERE slot = OLD.received_at / 900000 AND ae_title = OLD.source;
  INSERT INTO arrival VALUES (NEW.received_at / 900000, NEW.source, 1, NEW.size_bytes,
      NEW.state = 'verified', ${isCommitted('NEW')})
    ON CONFLICT (slot, ae_title) DO UPDATE SET images = images + 1, bytes = bytes + excluded.bytes,
      verified = verified + excluded.verified, committed = committed + excluded.committed;
END;
CREATE TRIGGER arrival_answer AFTER INSERT ON commitment_answer WHEN NEW.committed = 1 BEGIN
  UPDATE arrival SET committed = committed + 1 WHERE (slot, ae_title) IN (${ofAnswer('NEW')});
END;
CREATE TRIGGER arrival_answer_change AFTER UPDATE OF committed ON commitment_answer
WHEN OLD.committed <> NEW.committed BEGIN
  UPDATE arrival SET committed = committed - OLD.committed + NEW.committed
    WHERE (slot, ae_title) IN (${ofAnswer('NEW')});
END;
CREATE TRIGGER arrival_answer_gone AFTER DELETE ON commitment_answer WHEN OLD.committed = 1 BEGIN
  UPDATE arrival SET committed = committed - 1 WHERE (slot, ae_title) IN (${ofAnswer('OLD')});
END;

-- Proven in a destination; what is proven once more counts once more.
CREATE TABLE proof_slot (
  slot INTEGER NOT NULL,
  destination_id INTEGER NOT NULL REFERENCES destination (id),
  images INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (slot, destination_id)
) STRICT, WITHOUT ROWID;
ALTER TABLE study ADD COLUMN proven_at INTEGER;
UPDATE study SET proven_at = (SELECT max(verified_at) FROM instance WHERE study_id = study.id) WHERE verified > 0;
CREATE TRIGGER proof_slot_verified AFTER UPDATE OF state ON delivery
WHEN NEW.state = 'verified' AND OLD.state <> 'verified' BEGIN
  INSERT INTO proof_slot
    SELECT NEW.changed_at / 900000, NEW.destination_id, 1, size_bytes FROM instance WHERE id = NEW.instance_id
    ON CONFLICT (slot, destination_id) DO UPDATE SET images = images + 1, bytes = bytes + excluded.bytes;
  UPDATE study SET proven_at = max(coalesce(proven_at, 0), NEW.changed_at)
    WHERE id = (SELECT study_id FROM instance WHERE id = NEW.instance_id);
END;

-- Images that are not safe yet: at the end of a slot, and the most in it. Written by the engine, now and then.
CREATE TABLE waiting_slot (
  slot INTEGER PRIMARY KEY,
  last INTEGER NOT NULL,
  most INTEGER NOT NULL
) STRICT;

CREATE TABLE search_token (
  token BLOB NOT NULL,
  study_id INTEGER NOT NULL REFERENCES study (id),
  PRIMARY KEY (token, study_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX search_token_study ON search_token (study_id);
-- 1: what can be searched for has changed since it was indexed
ALTER TABLE study ADD COLUMN unindexed INTEGER NOT NULL DEFAULT 1;
CREATE INDEX study_unindexed ON study (id) WHERE unindexed = 1;
CREATE TRIGGER study_reindex AFTER UPDATE OF details ON study WHEN OLD.details <> NEW.details BEGIN
  UPDATE study SET unindexed = 1 WHERE id = NEW.id;
END;

CREATE TABLE silenced_device (
  ae_title TEXT PRIMARY KEY,
  -- NULL: for good
  until INTEGER,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;

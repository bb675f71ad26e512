/**
 * What is known of each cloud copy since it was uploaded: when it was last looked at, and what was wrong with it.
 * One row per verified delivery, made by triggers, so that whoever verifies a delivery need not know of it.
 *
 * No PHI: numbers and times (epoch milliseconds) only.
 */
export const sql = `
-- NULL: under the object's own name; else the number of the repaired copy that was proven
ALTER TABLE delivery ADD COLUMN repair INTEGER;

CREATE TABLE verification (
  destination_id INTEGER NOT NULL REFERENCES destination (id),
  -- of instance; no reference, which would cost every new instance a look through this table
  instance_id INTEGER NOT NULL,
  -- the last proof of this copy: its upload, or a download
  proven_at INTEGER NOT NULL,
  -- the last download; NULL: never
  checked_at INTEGER,
  -- set until a good copy is verified again
  trouble TEXT CHECK (trouble IN ('missing', 'damaged')),
  PRIMARY KEY (destination_id, instance_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX verification_oldest ON verification (destination_id, proven_at, instance_id) WHERE trouble IS NULL;
CREATE INDEX verification_trouble ON verification (destination_id, instance_id) WHERE trouble IS NOT NULL;

-- Since the database was made; what is in trouble now is counted by its index.
CREATE TABLE verification_tally (
  destination_id INTEGER PRIMARY KEY REFERENCES destination (id),
  checked INTEGER NOT NULL DEFAULT 0,
  found_missing INTEGER NOT NULL DEFAULT 0,
  found_damaged INTEGER NOT NULL DEFAULT 0,
  mended INTEGER NOT NULL DEFAULT 0,
  last_checked_at INTEGER,
  last_result TEXT CHECK (last_result IN ('good', 'missing', 'damaged')),
  -- copies that were downloaded at least once
  ever_checked INTEGER NOT NULL DEFAULT 0,
  -- a look at everything that has not come to its end; NULL: none
  run_started_at INTEGER
) STRICT;

INSERT INTO verification (destination_id, instance_id, proven_at)
  SELECT destination_id, instance_id, coalesce(verified_at, changed_at) FROM delivery WHERE state = 'verified';

CREATE TRIGGER verification_begin AFTER UPDATE OF state ON delivery WHEN NEW.state = 'verified' AND OLD.state <> 'verified' BEGIN
  INSERT INTO verification (destination_id, instance_id, proven_at)
    VALUES (NEW.destination_id, NEW.instance_id, coalesce(NEW.verified_at, NEW.changed_at))
    ON CONFLICT (destination_id, instance_id) DO UPDATE SET proven_at = excluded.proven_at;
END;
CREATE TRIGGER verification_known AFTER INSERT ON delivery WHEN NEW.state = 'verified' BEGIN
  INSERT INTO verification (destination_id, instance_id, proven_at)
    VALUES (NEW.destination_id, NEW.instance_id, coalesce(NEW.verified_at, NEW.changed_at))
    ON CONFLICT (destination_id, instance_id) DO NOTHING;
END;
`;

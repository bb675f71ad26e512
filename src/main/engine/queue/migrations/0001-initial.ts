/**
 * The first schema. Counters are kept by triggers, so that whatever statement changes a row, status stays right and
 * costs the same at 1,000 and at 1,000,000 rows.
 *
 * PHI: names, dates and UIDs are only inside sealed columns (`details`, `path`, `subject`); keys are HMACs
 * (`object_name`, `uid_lookup`, `study_key`, `subject_lookup`, `path_lookup`). AE titles are device names.
 * Times are epoch milliseconds.
 */

/** Over the active required destinations; `instance` is the row it is for. A missing delivery counts as pending. */
const instanceState = `(
  SELECT CASE
    WHEN count(*) > 0 AND count(*) = coalesce(sum(d.state = 'verified'), 0) THEN 'verified'
    WHEN instance.lost = 1 OR coalesce(sum(d.state = 'parked'), 0) > 0 THEN 'parked'
    WHEN coalesce(sum(d.state = 'failed'), 0) > 0 THEN 'failed'
    ELSE 'pending' END
  FROM destination AS t LEFT JOIN delivery AS d ON d.instance_id = instance.id AND d.destination_id = t.id
  WHERE t.active = 1 AND t.required = 1)`;

/** 1 when every active destination, best-effort ones too, has it verified: only then may the local copy go. */
const instanceComplete = `(
  SELECT count(*) > 0 AND count(*) = coalesce(sum(d.state = 'verified'), 0)
  FROM destination AS t LEFT JOIN delivery AS d ON d.instance_id = instance.id AND d.destination_id = t.id
  WHERE t.active = 1)`;

export const aggregateInstance = `state = ${instanceState}, complete = ${instanceComplete}`;

export const sql = `
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE destination (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  active INTEGER NOT NULL CHECK (active IN (0, 1)),
  required INTEGER NOT NULL CHECK (required IN (0, 1)),
  queued INTEGER NOT NULL DEFAULT 0 CHECK (queued >= 0),
  uploaded INTEGER NOT NULL DEFAULT 0 CHECK (uploaded >= 0),
  verified INTEGER NOT NULL DEFAULT 0 CHECK (verified >= 0),
  failed INTEGER NOT NULL DEFAULT 0 CHECK (failed >= 0),
  parked INTEGER NOT NULL DEFAULT 0 CHECK (parked >= 0),
  last_verified_at INTEGER,
  last_probe_at INTEGER,
  -- head of the manifest chain that is stored, and the entry being written (0 and NULL: none)
  manifest_sequence INTEGER NOT NULL DEFAULT 0,
  manifest_sha256 BLOB,
  open_sequence INTEGER,
  open_sealed BLOB
) STRICT;

CREATE TABLE study (
  id INTEGER PRIMARY KEY,
  study_key BLOB NOT NULL UNIQUE,
  public_id TEXT NOT NULL UNIQUE,
  details BLOB NOT NULL,
  source TEXT,
  first_received_at INTEGER NOT NULL,
  last_received_at INTEGER NOT NULL,
  instances INTEGER NOT NULL DEFAULT 0 CHECK (instances >= 0),
  verified INTEGER NOT NULL DEFAULT 0 CHECK (verified >= 0),
  failed INTEGER NOT NULL DEFAULT 0 CHECK (failed >= 0),
  parked INTEGER NOT NULL DEFAULT 0 CHECK (parked >= 0),
  size_bytes INTEGER NOT NULL DEFAULT 0 CHECK (size_bytes >= 0),
  verified_bytes INTEGER NOT NULL DEFAULT 0 CHECK (verified_bytes >= 0)
) STRICT;
CREATE INDEX study_recent ON study (last_received_at DESC, id DESC);

CREATE TABLE instance (
  id INTEGER PRIMARY KEY,
  object_name BLOB NOT NULL CHECK (length(object_name) = 32),
  uid_lookup BLOB NOT NULL,
  study_id INTEGER NOT NULL REFERENCES study (id),
  -- NULL: no local copy (evicted after verification, or lost)
  spool_id BLOB CHECK (length(spool_id) = 16),
  size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
  details BLOB NOT NULL,
  source TEXT,
  flags TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  recovery_fingerprint TEXT,
  lost INTEGER NOT NULL DEFAULT 0 CHECK (lost IN (0, 1)),
  state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'verified', 'failed', 'parked')),
  complete INTEGER NOT NULL DEFAULT 0 CHECK (complete IN (0, 1)),
  verified_at INTEGER,
  -- One index for "the same object" and for "the same UID": an object name follows from a UID and more. Keys are random,
  -- so each such index costs a page per row when there are many.
  UNIQUE (uid_lookup, object_name)
) STRICT;
CREATE INDEX instance_study ON instance (study_id);
CREATE UNIQUE INDEX instance_spool ON instance (spool_id) WHERE spool_id IS NOT NULL;
CREATE INDEX instance_pending ON instance (received_at) WHERE state = 'pending';
CREATE INDEX instance_cache ON instance (verified_at) WHERE complete = 1 AND spool_id IS NOT NULL;

CREATE TABLE delivery (
  instance_id INTEGER NOT NULL REFERENCES instance (id),
  destination_id INTEGER NOT NULL REFERENCES destination (id),
  state TEXT NOT NULL CHECK (state IN ('queued', 'uploaded', 'verified', 'failed', 'parked')),
  -- the study's first arrival: the order of sending; never changes, so that a growing study moves no rows
  rank INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  changed_at INTEGER NOT NULL,
  next_attempt_at INTEGER,
  error_code TEXT,
  error_detail TEXT,
  etag TEXT,
  object_sha256 BLOB,
  object_size_bytes INTEGER,
  verified_at INTEGER,
  manifest_sequence INTEGER,
  PRIMARY KEY (instance_id, destination_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_queued ON delivery (destination_id, rank DESC, instance_id) WHERE state = 'queued';
CREATE INDEX delivery_retry ON delivery (destination_id, next_attempt_at) WHERE state = 'failed';
CREATE INDEX delivery_uploaded ON delivery (destination_id, manifest_sequence, changed_at) WHERE state = 'uploaded';
CREATE INDEX delivery_trouble ON delivery (destination_id, state, error_code, instance_id) WHERE state IN ('failed', 'parked');

-- deliveries that stand still, counted per cause
CREATE TABLE failure (
  destination_id INTEGER NOT NULL REFERENCES destination (id),
  state TEXT NOT NULL,
  code TEXT NOT NULL,
  count INTEGER NOT NULL CHECK (count >= 0),
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (destination_id, state, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE tally (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  studies INTEGER NOT NULL CHECK (studies >= 0),
  received INTEGER NOT NULL CHECK (received >= 0),
  pending INTEGER NOT NULL CHECK (pending >= 0),
  verified INTEGER NOT NULL CHECK (verified >= 0),
  failed INTEGER NOT NULL CHECK (failed >= 0),
  parked INTEGER NOT NULL CHECK (parked >= 0),
  spool_bytes INTEGER NOT NULL CHECK (spool_bytes >= 0)
) STRICT;
INSERT INTO tally VALUES (1, 0, 0, 0, 0, 0, 0, 0);

CREATE TABLE source (
  ae_title TEXT PRIMARY KEY,
  received INTEGER NOT NULL CHECK (received >= 0),
  verified INTEGER NOT NULL CHECK (verified >= 0),
  last_received_at INTEGER
) STRICT, WITHOUT ROWID;

-- files to delete once their image is verified in every required destination
CREATE TABLE source_file (
  id INTEGER PRIMARY KEY,
  instance_id INTEGER NOT NULL REFERENCES instance (id),
  path BLOB NOT NULL,
  path_lookup BLOB NOT NULL,
  ready INTEGER NOT NULL CHECK (ready IN (0, 1)),
  UNIQUE (instance_id, path_lookup)
) STRICT;
CREATE INDEX source_file_ready ON source_file (id) WHERE ready = 1;

CREATE TABLE incident (
  id INTEGER PRIMARY KEY,
  code TEXT NOT NULL,
  subject BLOB NOT NULL,
  subject_lookup BLOB NOT NULL,
  -- grows with every report of any incident: an answer closes what is not newer than what was shown
  sequence INTEGER NOT NULL,
  detail TEXT,
  count INTEGER NOT NULL CHECK (count > 0),
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  answered_at INTEGER,
  resolved_at INTEGER
) STRICT;
CREATE UNIQUE INDEX incident_sequence ON incident (sequence);
CREATE UNIQUE INDEX incident_open ON incident (code, subject_lookup) WHERE answered_at IS NULL AND resolved_at IS NULL;

CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  action TEXT NOT NULL,
  actor TEXT NOT NULL,
  subject TEXT,
  outcome TEXT NOT NULL CHECK (outcome IN ('success', 'failure'))
) STRICT;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;

CREATE TRIGGER study_insert AFTER INSERT ON study BEGIN
  UPDATE tally SET studies = studies + 1 WHERE id = 1;
END;

CREATE TRIGGER instance_insert AFTER INSERT ON instance BEGIN
  UPDATE tally SET
    received = received + 1,
    pending = pending + (NEW.state = 'pending'),
    verified = verified + (NEW.state = 'verified'),
    failed = failed + (NEW.state = 'failed'),
    parked = parked + (NEW.state = 'parked'),
    spool_bytes = spool_bytes + iif(NEW.spool_id IS NULL, 0, NEW.size_bytes)
  WHERE id = 1;
  UPDATE study SET
    instances = instances + 1,
    size_bytes = size_bytes + NEW.size_bytes,
    last_received_at = max(last_received_at, NEW.received_at),
    source = coalesce(NEW.source, source)
  WHERE id = NEW.study_id;
  INSERT INTO source (ae_title, received, verified, last_received_at)
    SELECT NEW.source, 1, 0, NEW.received_at WHERE NEW.source IS NOT NULL
    ON CONFLICT (ae_title) DO UPDATE SET received = received + 1, last_received_at = max(last_received_at, excluded.last_received_at);
END;

CREATE TRIGGER instance_state AFTER UPDATE OF state ON instance WHEN OLD.state <> NEW.state BEGIN
  UPDATE tally SET
    pending = pending - (OLD.state = 'pending') + (NEW.state = 'pending'),
    verified = verified - (OLD.state = 'verified') + (NEW.state = 'verified'),
    failed = failed - (OLD.state = 'failed') + (NEW.state = 'failed'),
    parked = parked - (OLD.state = 'parked') + (NEW.state = 'parked')
  WHERE id = 1;
  UPDATE study SET
    verified = verified - (OLD.state = 'verified') + (NEW.state = 'verified'),
    failed = failed - (OLD.state = 'failed') + (NEW.state = 'failed'),
    parked = parked - (OLD.state = 'parked') + (NEW.state = 'parked'),
    verified_bytes = verified_bytes - iif(OLD.state = 'verified', NEW.size_bytes, 0) + iif(NEW.state = 'verified', NEW.size_bytes, 0)
  WHERE id = NEW.study_id;
  UPDATE source SET verified = verified - (OLD.state = 'verified') + (NEW.state = 'verified') WHERE ae_title = NEW.source;
  UPDATE source_file SET ready = (NEW.state = 'verified') WHERE instance_id = NEW.id;
END;

CREATE TRIGGER instance_spool AFTER UPDATE OF spool_id, size_bytes ON instance BEGIN
  UPDATE tally SET spool_bytes = spool_bytes
    - iif(OLD.spool_id IS NULL, 0, OLD.size_bytes) + iif(NEW.spool_id IS NULL, 0, NEW.size_bytes)
  WHERE id = 1;
  UPDATE study SET
    size_bytes = size_bytes - OLD.size_bytes + NEW.size_bytes,
    verified_bytes = verified_bytes + iif(NEW.state = 'verified', NEW.size_bytes - OLD.size_bytes, 0)
  WHERE id = NEW.study_id;
END;

CREATE TRIGGER delivery_insert AFTER INSERT ON delivery BEGIN
  UPDATE destination SET
    queued = queued + (NEW.state = 'queued'),
    uploaded = uploaded + (NEW.state = 'uploaded'),
    verified = verified + (NEW.state = 'verified'),
    failed = failed + (NEW.state = 'failed'),
    parked = parked + (NEW.state = 'parked')
  WHERE id = NEW.destination_id;
  INSERT INTO failure (destination_id, state, code, count, first_at, last_at)
    SELECT NEW.destination_id, NEW.state, coalesce(NEW.error_code, 'internal'), 1, NEW.changed_at, NEW.changed_at WHERE NEW.state IN ('failed', 'parked')
    ON CONFLICT (destination_id, state, code) DO UPDATE SET
      first_at = iif(count = 0, excluded.first_at, first_at), count = count + 1, last_at = excluded.last_at;
END;

CREATE TRIGGER delivery_change AFTER UPDATE OF state, error_code, changed_at ON delivery BEGIN
  UPDATE destination SET
    queued = queued - (OLD.state = 'queued') + (NEW.state = 'queued'),
    uploaded = uploaded - (OLD.state = 'uploaded') + (NEW.state = 'uploaded'),
    verified = verified - (OLD.state = 'verified') + (NEW.state = 'verified'),
    failed = failed - (OLD.state = 'failed') + (NEW.state = 'failed'),
    parked = parked - (OLD.state = 'parked') + (NEW.state = 'parked'),
    last_verified_at = iif(NEW.state = 'verified', coalesce(NEW.verified_at, last_verified_at), last_verified_at)
  WHERE id = NEW.destination_id AND OLD.state <> NEW.state;
  -- the new group first: a repeated failure must not start its group afresh
  INSERT INTO failure (destination_id, state, code, count, first_at, last_at)
    SELECT NEW.destination_id, NEW.state, coalesce(NEW.error_code, 'internal'), 1, NEW.changed_at, NEW.changed_at WHERE NEW.state IN ('failed', 'parked')
    ON CONFLICT (destination_id, state, code) DO UPDATE SET
      first_at = iif(count = 0, excluded.first_at, first_at), count = count + 1, last_at = excluded.last_at;
  UPDATE failure SET count = count - 1
    WHERE destination_id = OLD.destination_id AND state = OLD.state AND code = coalesce(OLD.error_code, 'internal') AND OLD.state IN ('failed', 'parked');
END;

CREATE TRIGGER delivery_aggregate AFTER UPDATE OF state ON delivery WHEN OLD.state <> NEW.state BEGIN
  UPDATE instance SET ${aggregateInstance} WHERE id = NEW.instance_id;
  UPDATE instance SET verified_at = NEW.changed_at
    WHERE id = NEW.instance_id AND NEW.state = 'verified' AND complete = 1;
END;
`;

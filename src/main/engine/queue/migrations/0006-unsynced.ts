/**
 * A row is committed while its sealed file is still being flushed (both are done before Success). `unsynced` names the
 * rows whose flush is not known to be over: after a power loss these, and only these, may name a broken file without
 * anybody having been told Success. Taking such a row back needs the counters to follow deletes too.
 */
export const sql = `
CREATE TABLE unsynced (
  instance_id INTEGER PRIMARY KEY REFERENCES instance (id),
  -- 0: it took the place of a copy that was missing, damaged or parked, so the row itself is older
  is_new INTEGER NOT NULL CHECK (is_new IN (0, 1))
) STRICT;

CREATE TRIGGER study_delete AFTER DELETE ON study BEGIN
  UPDATE tally SET studies = studies - 1 WHERE id = 1;
END;

CREATE TRIGGER instance_delete AFTER DELETE ON instance BEGIN
  UPDATE tally SET
    received = received - 1,
    pending = pending - (OLD.state = 'pending'),
    verified = verified - (OLD.state = 'verified'),
    failed = failed - (OLD.state = 'failed'),
    parked = parked - (OLD.state = 'parked'),
    spool_bytes = spool_bytes - iif(OLD.spool_id IS NULL, 0, OLD.size_bytes)
  WHERE id = 1;
  UPDATE study SET
    instances = instances - 1,
    verified = verified - (OLD.state = 'verified'),
    failed = failed - (OLD.state = 'failed'),
    parked = parked - (OLD.state = 'parked'),
    size_bytes = size_bytes - OLD.size_bytes,
    verified_bytes = verified_bytes - iif(OLD.state = 'verified', OLD.size_bytes, 0)
  WHERE id = OLD.study_id;
  UPDATE source SET received = received - 1, verified = verified - (OLD.state = 'verified') WHERE ae_title = OLD.source;
END;

CREATE TRIGGER delivery_delete AFTER DELETE ON delivery BEGIN
  UPDATE destination SET
    queued = queued - (OLD.state = 'queued'),
    uploaded = uploaded - (OLD.state = 'uploaded'),
    verified = verified - (OLD.state = 'verified'),
    failed = failed - (OLD.state = 'failed'),
    parked = parked - (OLD.state = 'parked')
  WHERE id = OLD.destination_id;
  UPDATE failure SET count = count - 1
    WHERE destination_id = OLD.destination_id AND state = OLD.state AND code = coalesce(OLD.error_code, 'internal') AND OLD.state IN ('failed', 'parked');
END;
`;

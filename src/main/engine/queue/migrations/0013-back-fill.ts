/**
 * Deliveries whose object has left this PC and comes from another destination that has it. They are no part of the lists
 * that new images are taken from: whatever is here goes first, and a large back-fill costs it nothing.
 *
 * No PHI: numbers only.
 */
export const sql = `
-- 1: there is no copy on this PC; the object is copied from another destination
ALTER TABLE delivery ADD COLUMN away INTEGER NOT NULL DEFAULT 0;

DROP INDEX delivery_small;
DROP INDEX delivery_big;
DROP INDEX delivery_retry;
CREATE INDEX delivery_small ON delivery (destination_id, rank DESC, instance_id)
  WHERE state = 'queued' AND large = 0 AND away = 0;
CREATE INDEX delivery_big ON delivery (destination_id, rank DESC, instance_id)
  WHERE state = 'queued' AND large = 1 AND away = 0;
CREATE INDEX delivery_retry ON delivery (destination_id, next_attempt_at) WHERE state = 'failed' AND away = 0;
CREATE INDEX delivery_away ON delivery (destination_id, rank DESC, instance_id) WHERE state = 'queued' AND away = 1;
CREATE INDEX delivery_away_retry ON delivery (destination_id, next_attempt_at) WHERE state = 'failed' AND away = 1;

-- how far the copying is; total counts from when there was nothing to copy
CREATE TABLE back_fill (
  destination_id INTEGER PRIMARY KEY REFERENCES destination (id),
  waiting INTEGER NOT NULL CHECK (waiting >= 0),
  total INTEGER NOT NULL CHECK (total >= 0)
) STRICT;

-- a copy is here again (sent once more, brought back): it goes the usual way
CREATE TRIGGER delivery_home AFTER UPDATE OF spool_id ON instance WHEN OLD.spool_id IS NULL AND NEW.spool_id IS NOT NULL BEGIN
  UPDATE delivery SET away = 0 WHERE instance_id = NEW.id AND away = 1;
END;

CREATE TRIGGER back_fill_begin AFTER INSERT ON delivery WHEN NEW.away = 1 AND NEW.state IN ('queued', 'failed') BEGIN
  INSERT INTO back_fill (destination_id, waiting, total) VALUES (NEW.destination_id, 1, 1)
    ON CONFLICT (destination_id) DO UPDATE SET total = iif(waiting = 0, 1, total + 1), waiting = waiting + 1;
END;
CREATE TRIGGER back_fill_again AFTER UPDATE OF state, away ON delivery
WHEN NEW.away = 1 AND NEW.state IN ('queued', 'failed') AND NOT (OLD.away = 1 AND OLD.state IN ('queued', 'failed')) BEGIN
  INSERT INTO back_fill (destination_id, waiting, total) VALUES (NEW.destination_id, 1, 1)
    ON CONFLICT (destination_id) DO UPDATE SET total = iif(waiting = 0, 1, total + 1), waiting = waiting + 1;
END;
CREATE TRIGGER back_fill_end AFTER UPDATE OF state, away ON delivery
WHEN OLD.away = 1 AND OLD.state IN ('queued', 'failed') AND NOT (NEW.away = 1 AND NEW.state IN ('queued', 'failed')) BEGIN
  UPDATE back_fill SET waiting = waiting - 1 WHERE destination_id = NEW.destination_id;
END;
`;

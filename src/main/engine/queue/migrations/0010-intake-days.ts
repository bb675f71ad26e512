/**
 * How much was received on each day (UTC): how long the disk will last, and the charts. The index of verified local
 * copies carries their sizes, so that what could be evicted is summed without reading a row.
 */
export const sql = `
CREATE TABLE intake_day (
  -- days since 1970-01-01
  day INTEGER PRIMARY KEY,
  images INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) STRICT;

INSERT INTO intake_day (day, images, bytes)
  SELECT received_at / 86400000, count(*), sum(size_bytes) FROM instance WHERE spool_id IS NOT NULL GROUP BY 1;

-- Rows that come from the cloud bring no file with them.
CREATE TRIGGER instance_intake_day AFTER INSERT ON instance WHEN NEW.spool_id IS NOT NULL BEGIN
  INSERT INTO intake_day (day, images, bytes) VALUES (NEW.received_at / 86400000, 1, NEW.size_bytes)
    ON CONFLICT (day) DO UPDATE SET images = images + 1, bytes = bytes + excluded.bytes;
END;

DROP INDEX instance_cache;
CREATE INDEX instance_cache ON instance (verified_at, size_bytes) WHERE complete = 1 AND spool_id IS NOT NULL;
`;

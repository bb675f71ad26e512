/**
 * Which deliveries are of large objects: small ones are found without walking past a backlog of large ones. A row stands
 * in one of the two indexes, so that receiving costs no more than before.
 */

/** As large-objects.ts has it. */
const largeObjectBytes = 33_554_432;

export const sql = `
ALTER TABLE delivery ADD COLUMN large INTEGER NOT NULL DEFAULT 0;

UPDATE delivery SET large = 1 WHERE instance_id IN (SELECT id FROM instance WHERE size_bytes > ${largeObjectBytes});

CREATE TRIGGER delivery_large AFTER INSERT ON delivery
WHEN (SELECT size_bytes FROM instance WHERE id = NEW.instance_id) > ${largeObjectBytes} BEGIN
  UPDATE delivery SET large = 1 WHERE instance_id = NEW.instance_id AND destination_id = NEW.destination_id;
END;

DROP INDEX delivery_queued;
CREATE INDEX delivery_small ON delivery (destination_id, rank DESC, instance_id) WHERE state = 'queued' AND large = 0;
CREATE INDEX delivery_big ON delivery (destination_id, rank DESC, instance_id) WHERE state = 'queued' AND large = 1;
`;

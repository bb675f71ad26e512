/**
 * For destinations that must read the images (a PACS): which of two proofs made each delivery verified, and at which
 * address. A proof goes with the state it is for. Addresses are those of the settings, not PHI.
 */
export const sql = `
CREATE TABLE dataset_proof (
  destination_id INTEGER NOT NULL REFERENCES destination (id),
  instance_id INTEGER NOT NULL REFERENCES instance (id),
  -- identical: fetched back and compared bit for bit. listed: a search found it
  proof TEXT NOT NULL CHECK (proof IN ('identical', 'listed')),
  proven_at INTEGER NOT NULL,
  PRIMARY KEY (destination_id, instance_id)
) STRICT, WITHOUT ROWID;
-- what an image leaves behind is found by the image alone: the reference above is checked by it
CREATE INDEX dataset_proof_instance ON dataset_proof (instance_id);

CREATE TABLE dataset_place (
  destination_id INTEGER PRIMARY KEY REFERENCES destination (id),
  url TEXT NOT NULL,
  identical INTEGER NOT NULL DEFAULT 0 CHECK (identical >= 0),
  listed INTEGER NOT NULL DEFAULT 0 CHECK (listed >= 0)
) STRICT;

CREATE TRIGGER dataset_proof_insert AFTER INSERT ON dataset_proof BEGIN
  UPDATE dataset_place SET identical = identical + (NEW.proof = 'identical'), listed = listed + (NEW.proof = 'listed')
    WHERE destination_id = NEW.destination_id;
END;
CREATE TRIGGER dataset_proof_delete AFTER DELETE ON dataset_proof BEGIN
  UPDATE dataset_place SET identical = identical - (OLD.proof = 'identical'), listed = listed - (OLD.proof = 'listed')
    WHERE destination_id = OLD.destination_id;
END;
CREATE TRIGGER dataset_proof_gone AFTER UPDATE OF state ON delivery
WHEN OLD.state = 'verified' AND NEW.state <> 'verified' BEGIN
  DELETE FROM dataset_proof WHERE destination_id = NEW.destination_id AND instance_id = NEW.instance_id;
END;
`;

/**
 * What is remembered of the files of watched folders: those that are taken, so that a restart does not read everything
 * again, and those that need somebody's attention.
 *
 * PHI: paths are HMACs (`path_lookup`, 16 bytes) and, of files that need attention, sealed (`path`). `version` is size,
 * time and inode number; `object_name` is the HMAC that names the image.
 */
export const sql = `
CREATE TABLE watched_folder (
  id INTEGER PRIMARY KEY,
  path_lookup BLOB NOT NULL UNIQUE,
  -- another setting means other tickets: everything is looked at anew
  after_import TEXT NOT NULL CHECK (after_import IN ('keep', 'delete')),
  -- device and inode: an empty folder that is another one than before is a drive that is not connected
  identity TEXT
) STRICT;

CREATE TABLE watched_file (
  id INTEGER PRIMARY KEY,
  folder_id INTEGER NOT NULL REFERENCES watched_folder (id),
  path_lookup BLOB NOT NULL CHECK (length(path_lookup) = 16),
  version TEXT NOT NULL,
  -- the image it holds; NULL: none (a directory of a medium, a file of the operating system)
  object_name BLOB CHECK (length(object_name) = 32),
  -- why it needs attention; NULL: it does not
  code TEXT,
  detail TEXT,
  -- NULL with a code: counted, but the list was full
  path BLOB,
  -- grows with every file that comes to need attention: an answer closes what is not newer than what was shown
  sequence INTEGER,
  first_at INTEGER,
  last_at INTEGER,
  dismissed_at INTEGER,
  UNIQUE (folder_id, path_lookup)
) STRICT;
CREATE INDEX watched_file_folder ON watched_file (folder_id);
CREATE INDEX watched_file_object ON watched_file (object_name) WHERE object_name IS NOT NULL;
CREATE INDEX watched_file_bad ON watched_file (sequence) WHERE code IS NOT NULL;
CREATE INDEX watched_file_open ON watched_file (sequence) WHERE code IS NOT NULL AND dismissed_at IS NULL;

-- An image whose only copy is lost is taken again from a folder that still has it.
CREATE TRIGGER watched_file_lost AFTER UPDATE OF lost ON instance WHEN NEW.lost = 1 AND OLD.lost = 0 BEGIN
  DELETE FROM watched_file WHERE object_name = NEW.object_name AND object_name IS NOT NULL;
END;
`;

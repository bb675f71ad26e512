/**
 * Certificates of the TLS listener: issuers (with their private keys), trusted anchors, this node's own, and those
 * handed to devices. `content` (name, certificate, chain) is sealed because it decides who is trusted: a row that was
 * not written by this program does not open. Private keys are sealed under a place of their own. No PHI.
 * Times are epoch milliseconds.
 */
export const sql = `
CREATE TABLE certificate (
  id INTEGER PRIMARY KEY,
  public_id TEXT NOT NULL UNIQUE CHECK (length(public_id) = 32),
  role TEXT NOT NULL CHECK (role IN ('issuer', 'anchor', 'server', 'device')),
  sha256 BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
  content BLOB NOT NULL,
  private_key BLOB CHECK (private_key IS NULL OR role IN ('issuer', 'server')),
  created_at INTEGER NOT NULL,
  -- public_id of the one that took its place
  replaced_by TEXT,
  -- of the steps of the countdown, the last one that was told
  warned_days INTEGER
) STRICT;

-- by the certificate alone, because one that was issued elsewhere can be revoked here too
CREATE TABLE certificate_revocation (
  sha256 BLOB PRIMARY KEY CHECK (length(sha256) = 32),
  reason TEXT NOT NULL,
  revoked_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- the newest list of each CA, by the CA's certificate
CREATE TABLE certificate_revocation_list (
  issuer_sha256 BLOB PRIMARY KEY CHECK (length(issuer_sha256) = 32),
  content BLOB NOT NULL
) STRICT, WITHOUT ROWID;
`;

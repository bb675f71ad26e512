/** Addresses of this PC that devices were told: one that changed is told to staff, for devices hold on to the old one. */
export const sql = `
CREATE TABLE listen_address (
  address  TEXT PRIMARY KEY,
  first_at INTEGER NOT NULL,
  last_at  INTEGER NOT NULL
) STRICT;
`;

/**
 * What was done with one study is asked of the audit trail by its subject (own ids only: no PHI); without an index that
 * would read the whole trail.
 */
export const sql = `
CREATE INDEX audit_subject ON audit (subject, id) WHERE subject IS NOT NULL;
`;

/** What every procedure of the contract starts from: errors travel as `EDGE_SYNC` with an ErrorReport (no PHI). */
import { oc } from '@orpc/contract';
import { errorReportSchema } from './status.ts';

export const base = oc.errors({ EDGE_SYNC: { data: errorReportSchema } });

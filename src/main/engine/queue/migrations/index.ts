/**
 * The numbered migrations, in order: `version` is the database's user_version after it ran. Modules rather than .sql
 * files, so that they survive bundling. One that was released is never edited; the next number mends it.
 */
import * as initial from './0001-initial.ts';
import * as devices from './0002-devices.ts';
import * as commitment from './0003-commitment.ts';
import * as certificates from './0004-certificates.ts';
import * as attentionFiles from './0005-attention-files.ts';
import * as verification from './0006-verification.ts';
import * as shares from './0007-shares.ts';
import * as rebuilt from './0008-rebuilt.ts';
import * as intakeDays from './0010-intake-days.ts';
import * as largeObjects from './0011-large-objects.ts';
import * as datasetProofs from './0012-dataset-proofs.ts';
import * as backFill from './0013-back-fill.ts';
import * as home from './0014-home.ts';
import * as studyDetail from './0015-study-detail.ts';
import * as listenAddresses from './0017-listen-addresses.ts';
import * as alerts from './0018-alerts.ts';
import * as auditChain from './0019-audit-chain.ts';

export interface Migration {
  readonly version: number;
  readonly sql: string;
}

export const migrations: readonly Migration[] = [
  { version: 1, sql: initial.sql },
  { version: 2, sql: devices.sql },
  { version: 3, sql: commitment.sql },
  { version: 4, sql: certificates.sql },
  { version: 5, sql: attentionFiles.sql },
  { version: 6, sql: verification.sql },
  { version: 7, sql: shares.sql },
  { version: 8, sql: rebuilt.sql },
  { version: 10, sql: intakeDays.sql },
  { version: 11, sql: largeObjects.sql },
  { version: 12, sql: datasetProofs.sql },
  { version: 13, sql: backFill.sql },
  { version: 14, sql: home.sql },
  { version: 15, sql: studyDetail.sql },
  { version: 17, sql: listenAddresses.sql },
  { version: 18, sql: alerts.sql },
  { version: 19, sql: auditChain.sql },
];

/** `send --commit`: after sending, asks the node whether it answers for the images (storage commitment). */
import { EdgeSyncError } from '../../../shared/errors.ts';
import { failureReason } from '../../engine/dicom/commitment-dataset.ts';
import type { Clock, Random } from '../../engine/ports.ts';
import { requestCommitment } from '../../engine/send/commit.ts';
import type { OpenConnection, Peer } from '../../engine/send/requestor.ts';
import type { FileResult } from '../../engine/send/send-files.ts';
import { exitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';

export interface CommitSentOptions {
  readonly peer: Peer;
  readonly results: readonly FileResult[];
  readonly waitSeconds: number;
  readonly openConnection: OpenConnection | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
}

const defaultWaitSeconds = 60;
const longestWaitSeconds = 24 * 3600;

const reasons: Readonly<Record<number, string>> = {
  [failureReason.processingFailure]: 'it could not make sure of it',
  [failureReason.noSuchInstance]: 'it does not have it',
  [failureReason.classInstanceConflict]: 'it has it as another kind of image',
  [failureReason.sopClassNotSupported]: 'it does not store this kind of image',
  [failureReason.duplicateTransaction]: 'it took the request for another one',
  [failureReason.resourceLimitation]: 'it has no room for it',
};

/** `--commit [seconds]`: undefined when it is not given. Throws usage. */
export function commitWait(given: string | true | undefined): number | undefined {
  if (given === undefined) return undefined;
  const seconds = given === true ? defaultWaitSeconds : Number(given);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > longestWaitSeconds)
    throw new EdgeSyncError('usage', `--commit takes 1 to ${longestWaitSeconds} seconds`);
  return seconds;
}

/** Exit 0 when the node answers for every image sent, else 2. Throws peer-refused, peer-unreachable, cancelled. */
export async function commitSent(options: CommitSentOptions, output: Output): Promise<number> {
  const { results, waitSeconds, ...rest } = options;
  const sent = results.filter((result) => result.tag === 'sent');
  if (sent.length === 0) return exitCode.ok;
  const report = await requestCommitment({ ...rest, references: sent, waitMs: waitSeconds * 1000 });
  if (report.tag === 'unanswered') {
    output.out(`commitment: asked, and no answer within ${waitSeconds} s`);
    return exitCode.partly;
  }
  const paths = new Map(sent.map(({ sopInstanceUid, path }) => [sopInstanceUid, path]));
  for (const { sopInstanceUid, failureReason: code } of report.failed) {
    const why = reasons[code] ?? `failure reason ${code.toString(16).padStart(4, '0').toUpperCase()}`;
    output.err(`edge-sync: ${paths.get(sopInstanceUid) ?? 'an image'}: not committed, ${why}`);
  }
  output.out(`committed ${report.committed.length}, not committed ${report.failed.length}`);
  return report.failed.length === 0 ? exitCode.ok : exitCode.partly;
}

/** The status tables of the conformance statement, by asking the code what it answers. */
import type { CommitmentCaller, CommitmentScp } from '../src/main/engine/commitment/commitment-port.ts';
import { refusalOf } from '../src/main/engine/commitment/commitment-request.ts';
import { type Stage, verdictOf } from '../src/main/engine/commitment/commitment-result.ts';
import type { CommitmentProblem } from '../src/main/engine/dicom/commitment-dataset.ts';
import { failureReason } from '../src/main/engine/dicom/commitment-dataset.ts';
import { status } from '../src/main/engine/dicom/dimse.ts';
import {
  storageCommitmentPushSopClass,
  storageCommitmentPushSopInstance,
  verificationSopClass,
} from '../src/main/engine/dicom/sop-classes.ts';
import { implicitVrLittleEndian } from '../src/main/engine/dicom/transfer-syntaxes.ts';
import type { Standing } from '../src/main/engine/queue/commitments.ts';
import { ActionInProgress, type ActionRequest } from '../src/main/engine/receive/action-service.ts';
import { answerFor } from '../src/main/engine/receive/store-service.ts';
import { EdgeSyncError, type ErrorCode, errorFacts } from '../src/shared/errors.ts';
import { mark, table } from './markdown-table.ts';

type StatusName = keyof typeof status;

export function hex(code: number): string {
  return code.toString(16).toUpperCase().padStart(4, '0');
}

/** Words of PS3.7 annex C and PS3.4 table B.2-1. */
const words: Readonly<Record<StatusName, { readonly service: string; readonly meaning: string }>> = {
  success: { service: 'Success', meaning: 'Success' },
  processingFailure: { service: 'Failure', meaning: 'Processing failure' },
  noSuchSopInstance: { service: 'Failure', meaning: 'No such SOP Instance' },
  invalidArgumentValue: { service: 'Failure', meaning: 'Invalid argument value' },
  noSuchSopClass: { service: 'Failure', meaning: 'No such SOP Class' },
  missingAttribute: { service: 'Failure', meaning: 'Missing attribute' },
  missingAttributeValue: { service: 'Failure', meaning: 'Missing attribute value' },
  sopClassNotSupported: { service: 'Refused', meaning: 'SOP Class not supported' },
  noSuchAction: { service: 'Failure', meaning: 'No such action' },
  notAuthorised: { service: 'Refused', meaning: 'Not authorized' },
  unrecognisedOperation: { service: 'Failure', meaning: 'Unrecognized operation' },
  resourceLimitation: { service: 'Failure', meaning: 'Resource limitation' },
  outOfResources: { service: 'Refused', meaning: 'Out of resources' },
  datasetDoesNotMatchSopClass: { service: 'Error', meaning: 'Data set does not match SOP Class' },
  cannotUnderstand: { service: 'Error', meaning: 'Cannot understand' },
};

function wordsOf(code: number): { readonly service: string; readonly meaning: string } {
  const name = (Object.keys(status) as StatusName[]).find((one) => status[one] === code);
  if (name === undefined) throw new Error(`a status without words: ${hex(code)}`);
  return words[name];
}

/** When each is answered; what the error codes do not say. */
const storeWhen: Partial<Record<StatusName, string>> = {
  success:
    'The image is sealed and flushed to the disk, and its row is committed and flushed. Also for an image that is held already',
  outOfResources: 'It cannot be written now, or cannot be sealed',
  datasetDoesNotMatchSopClass: 'SOP Class or SOP Instance UID of the data set is not that of the command',
  cannotUnderstand:
    'The data set cannot be read, or its UIDs are missing; there is no data set; the SOP Instance UID is missing or unusable',
  sopClassNotSupported: 'The SOP Class of the command is not that of its presentation context',
  notAuthorised: 'The pairing leaves the class out, or was changed or ended since the association began',
  processingFailure: 'Anything else',
  unrecognisedOperation: 'Any DIMSE request but C-STORE, C-ECHO and N-ACTION, on any context',
};

/** C-STORE: every error code is put to the service. */
export function storeStatuses(): string {
  const codes = new Map<number, ErrorCode[]>();
  for (const code of Object.keys(errorFacts) as ErrorCode[]) {
    const answer = answerFor(new EdgeSyncError(code)).status;
    codes.set(answer, [...(codes.get(answer) ?? []), code]);
  }
  const rows = (Object.entries(storeWhen) as [StatusName, string][]).map(([name, when]) => {
    const code = status[name];
    const { service, meaning } = words[name];
    const errors = name === 'processingFailure' ? [] : (codes.get(code) ?? []);
    return [mark(hex(code)), service, meaning, when, errors.map(mark).join(', ')];
  });
  const told = new Set(Object.keys(storeWhen).map((name) => status[name as StatusName] as number));
  for (const code of codes.keys())
    if (!told.has(code)) throw new Error(`a C-STORE status that is not described: ${hex(code)}`);
  return table(['Status', 'Service status', 'Further meaning', 'When', 'Shown to staff as'], rows);
}

const problems: Readonly<Record<CommitmentProblem, string>> = {
  malformed: 'the data set cannot be read',
  cut: 'it ends in the middle of an element',
  'too-large': 'it is larger than allowed',
  'too-many': 'it names more instances than allowed',
  'missing-attribute': 'no data set, no Transaction UID, or no Referenced SOP Sequence',
  'empty-value': 'a UID is empty',
  'invalid-value': 'a UID is none',
  'empty-sequence': 'the Referenced SOP Sequence has no item',
};

const unused: CommitmentScp = {
  begin: () => {
    throw new Error('a request that had to be refused went through');
  },
  channelOpened: () => undefined,
  channelClosed: () => undefined,
};
const caller: CommitmentCaller = { callingAeTitle: 'ANY', remoteAddress: '127.0.0.1', deviceId: null };
const right: ActionRequest = {
  tag: 'n-action-rq',
  messageId: 1,
  sopClassUid: storageCommitmentPushSopClass,
  sopInstanceUid: storageCommitmentPushSopInstance,
  actionTypeId: 1,
  dataset: 'follows',
};

/** N-ACTION: wrong requests of each kind are put to the service, and every problem of a data set. */
export async function actionStatuses(): Promise<string> {
  const when = new Map<number, string[]>();
  const add = (code: number, text: string): void => {
    when.set(code, [...(when.get(code) ?? []), text]);
  };
  const refused = async (change: Partial<ActionRequest>, abstractSyntax: string): Promise<number> => {
    const context = { abstractSyntax, transferSyntax: implicitVrLittleEndian };
    return (await ActionInProgress.begin({ ...right, ...change }, context, caller, unused).finish()).status;
  };
  const commitment = storageCommitmentPushSopClass;
  add(status.success, 'the request is on stable storage; it says nothing about the images yet');
  add(
    await refused({ sopInstanceUid: '1.2' }, commitment),
    'the SOP Instance is not the well-known one (PS3.4 J.3.5)',
  );
  add(
    await refused({ sopClassUid: verificationSopClass }, commitment),
    'the SOP Class is not Storage Commitment Push Model, or the context is another one',
  );
  add(await refused({ actionTypeId: 2 }, commitment), 'another Action Type ID than 1');
  for (const [problem, text] of Object.entries(problems) as [CommitmentProblem, string][])
    add(refusalOf(problem).status, text);
  add(status.resourceLimitation, 'too many requests are open; the disk is full');
  add(
    (await ActionInProgress.notAuthorised().finish()).status,
    'the pairing was changed or ended since the association began',
  );
  add(status.processingFailure, 'the request could not be recorded');
  const rows = [...when]
    .sort(([a], [b]) => a - b)
    .map(([code, texts]) => {
      const { service, meaning } = wordsOf(code);
      return [mark(hex(code)), service, meaning, texts.join('; ')];
    });
  return table(['Status', 'Service status', 'Further meaning', 'When'], rows);
}

const standings: Readonly<Record<Standing, string>> = {
  new: 'not looked at within the time',
  waits: 'here, but not verified in every required destination within the time',
  verified: 'verified in every required destination',
  unknown: 'no image of that UID is here',
  conflict: 'only images of another SOP Class have that UID',
  unsupported: 'no image of that UID is here, and its class is not stored',
  duplicate: 'the Transaction UID is in use by another open request of the same caller',
};
const stages: readonly Stage[] = ['arriving', 'waiting', 'over'];

/** Of N-EVENT-REPORT: what is said of an instance in each standing, whenever it is said. */
export function failureReasons(): string {
  const when = new Map<number, string[]>();
  for (const [standing, text] of Object.entries(standings) as [Standing, string][]) {
    const reasons = stages.flatMap((stage) => {
      const verdict = verdictOf(standing, stage);
      return verdict.tag === 'failed' ? [verdict.reason] : [];
    });
    for (const reason of new Set(reasons)) when.set(reason, [...(when.get(reason) ?? []), text]);
  }
  const rows = Object.values(failureReason)
    .sort((a, b) => a - b)
    .map((reason) => [
      mark(hex(reason)),
      wordsOfReason(reason),
      when.get(reason)?.join('; ') ?? 'never said of an instance: the whole request is refused with it',
    ]);
  return table(['Failure Reason', 'Meaning', 'When'], rows);
}

function wordsOfReason(reason: number): string {
  const meanings: Readonly<Record<number, string>> = {
    [failureReason.processingFailure]: 'Processing failure',
    [failureReason.noSuchInstance]: 'No such object instance',
    [failureReason.classInstanceConflict]: 'Class / instance conflict',
    [failureReason.sopClassNotSupported]: 'Referenced SOP Class not supported',
    [failureReason.duplicateTransaction]: 'Duplicate Transaction UID',
    [failureReason.resourceLimitation]: 'Resource limitation',
  };
  const meaning = meanings[reason];
  if (meaning === undefined) throw new Error(`a failure reason without words: ${hex(reason)}`);
  return meaning;
}

/**
 * The parts of docs/conformance-statement.md that the code's own tables give, as Markdown, by name of their block. Where a
 * table cannot be read, the code is asked: which syntax it prefers, which status it answers. Nothing is typed twice.
 */
import { artimMs } from '../src/main/engine/dicom/association.ts';
import { decodedTerms } from '../src/main/engine/dicom/character-set.ts';
import { commitmentLayout } from '../src/main/engine/dicom/commitment-dataset.ts';
import { longestDirectoryBytes } from '../src/main/engine/dicom/dicomdir.ts';
import {
  implementationClassUid,
  implementationVersionName,
} from '../src/main/engine/dicom/implementation.ts';
import { maxPresentationContexts } from '../src/main/engine/dicom/pdu-associate.ts';
import {
  type AbortReason,
  encodeAbort,
  maxAssociatePduBytes,
  maxPduBytes,
  rejections,
} from '../src/main/engine/dicom/pdu.ts';
import {
  storageCommitmentPushSopClass,
  type StorageSopClass,
  storageSopClasses,
  verificationSopClass,
} from '../src/main/engine/dicom/sop-classes.ts';
import { tlsCurves, tlsSuites } from '../src/main/engine/dicom/tls-profile.ts';
import {
  preferTransferSyntax,
  type TransferSyntax,
  transferSyntaxes,
} from '../src/main/engine/dicom/transfer-syntaxes.ts';
import { pairedIdleMs } from '../src/main/engine/devices/pairing-list.ts';
import { requestLimits } from '../src/main/engine/commitment/commitment-request.ts';
import { mostInMemory } from '../src/main/engine/commitment/reference-room.ts';
import { unknownGraceMs, waitMs } from '../src/main/engine/commitment/commitment-result.ts';
import {
  deliverMs,
  firstRetryMs,
  longestRetryMs,
  mostOpen,
  mostOpenReferences,
} from '../src/main/engine/commitment/commitment-service.ts';
import {
  answerMs as reportAnswerMs,
  longestWaitMs,
  pauseMs,
} from '../src/main/engine/receive/event-reports.ts';
import { followMs } from '../src/main/engine/receive/listener.ts';
import { maxWaiting, maxWaitingPerPeer, peerShare } from '../src/main/engine/receive/places.ts';
import { defaultIdleMs, rateWindowBytes, rateWindowMs } from '../src/main/engine/receive/progress-watch.ts';
import { drainMs } from '../src/main/engine/receive/storage-scp.ts';
import { handshakeMs } from '../src/main/engine/receive/tls-door.ts';
import { answerMs, openMs, releaseMs } from '../src/main/engine/send/requestor.ts';
import { version } from '../src/main/version.ts';
import { pairingSchema } from '../src/shared/devices.ts';
import { settingsSchema } from '../src/shared/settings.ts';
import { actionStatuses, failureReasons, storeStatuses } from './conformance-statuses.ts';
import { count, duration, mark, settingRows, size, table } from './markdown-table.ts';

/** Every block by its name. */
export async function conformanceBlocks(): Promise<ReadonlyMap<string, string>> {
  const defaults = settingsSchema.parse({});
  return new Map([
    ['services', services()],
    ['identity', identity(defaults.dicom.aeTitle)],
    ['association limits', associationLimits(defaults.dicom.maxAssociations)],
    ['storage classes', sopClassTable('current')],
    ['retired storage classes', sopClassTable('retired')],
    ['transfer syntaxes', syntaxTable()],
    ['commitment transfer syntaxes', commitmentSyntaxTable()],
    ['rejections', rejectionTable()],
    ['aborts', abortTable()],
    ['store statuses', storeStatuses()],
    ['action statuses', await actionStatuses()],
    ['failure reasons', failureReasons()],
    ['commitment limits', commitmentLimitTable()],
    ['timeouts', timeoutTable()],
    ['settings', settingRows(settingsSchema, settingMeanings, ['dicom', 'folders', 'disk.refuseBelowBytes'])],
    ['pairing', settingRows(pairingSchema, pairingMeanings)],
    ['tls', tlsTable()],
    ['character sets', characterSetTable()],
    [
      'media limits',
      table(['What', 'Limit'], [['DICOMDIR that is looked into', size(longestDirectoryBytes)]]),
    ],
  ]);
}

const settingMeanings = {
  'dicom.aeTitle': 'AE title of RECEIVER, called and calling',
  'dicom.maxAssociations': 'Associations at a time',
  folders: 'Watched folders, each with what happens to a file that is verified',
};

const pairingMeanings = {
  aeTitle: 'The calling AE title of the device',
  addresses: 'Addresses or ranges it calls from; without TLS at least one',
  channel: 'With mutual TLS, or without',
  certificates: 'SHA-256 of certificates it may show; with TLS at least one',
  classes: 'SOP Classes it may send; `standard`: all of section 4.2.1.4.3',
  privateClasses: 'Further SOP Classes that were observed and allowed',
  commitment: 'Where results of storage commitment go; null: only on associations of the device',
};

function services(): string {
  const classes = (status: StorageSopClass['status']): number =>
    storageSopClasses.filter((one) => one.status === status).length;
  return table(
    ['Network service', 'User of service (SCU)', 'Provider of service (SCP)'],
    [
      ['Verification (C-ECHO)', 'Yes, on request', 'Yes'],
      [
        `Storage (C-STORE): ${classes('current')} SOP Classes, ${classes('retired')} retired ones; private ones that were allowed`,
        'Yes, on request, of any SOP Class that a file has',
        'Yes',
      ],
      ['Storage Commitment Push Model (N-ACTION, N-EVENT-REPORT)', 'Yes, on request', 'Yes'],
      ['Query/Retrieve (C-FIND, C-MOVE, C-GET)', 'No', 'No'],
      ['Modality Worklist, Modality Performed Procedure Step, Unified Procedure Step', 'No', 'No'],
      ['Instance Availability Notification, Media Creation, Print', 'No', 'No'],
      ['DICOMweb (PS3.18)', 'No', 'No'],
    ],
  );
}

function identity(aeTitle: string): string {
  return table(
    ['What', 'Value'],
    [
      ['Software version', version],
      ['Implementation Class UID', mark(implementationClassUid)],
      ['Implementation Version Name', mark(implementationVersionName)],
      ['AE title unless set otherwise', mark(aeTitle)],
    ],
  );
}

function associationLimits(maxAssociations: number): string {
  return table(
    ['What', 'Limit'],
    [
      ['Associations at a time, all callers together, unless set otherwise', count(maxAssociations)],
      ['Of these, for one address that is not this PC', `${peerShare * 100} % (rounded up)`],
      ['Connections without an association at a time', count(maxWaiting)],
      ['Of these, for one address that is not this PC', count(maxWaitingPerPeer)],
      ['Presentation contexts per association', count(maxPresentationContexts)],
      ['Maximum length received, P-DATA-TF', `${count(maxPduBytes)} bytes`],
      ['Longest A-ASSOCIATE-RQ and -AC', `${count(maxAssociatePduBytes)} bytes`],
    ],
  );
}

function sopClassTable(status: StorageSopClass['status']): string {
  return table(
    ['SOP Class (keyword)', 'UID', 'Role'],
    storageSopClasses
      .filter((one) => one.status === status)
      .map(({ keyword, uid }) => [keyword, mark(uid), 'SCP']),
  );
}

/** The group a syntax is chosen in, from 1: asked of the choice itself, by offering every pair in both orders. */
export function choiceGroups(syntaxes: readonly TransferSyntax[]): ReadonlyMap<string, number> {
  const isBetter = (one: string, other: string): boolean =>
    preferTransferSyntax([one, other]) === one && preferTransferSyntax([other, one]) === one;
  const worseThan = new Map(
    syntaxes.map(({ uid }) => [uid, syntaxes.filter((other) => isBetter(other.uid, uid)).length]),
  );
  const steps = [...new Set(worseThan.values())].sort((a, b) => a - b);
  return new Map([...worseThan].map(([uid, better]) => [uid, steps.indexOf(better) + 1]));
}

function syntaxTable(): string {
  const groups = choiceGroups(transferSyntaxes);
  const groupOf = (uid: string): number => groups.get(uid) ?? 0;
  return table(
    ['Group', 'Transfer Syntax (keyword)', 'UID', 'May lose image quality'],
    [...transferSyntaxes]
      .sort((a, b) => groupOf(a.uid) - groupOf(b.uid))
      .map(({ uid, keyword, compression }) => [
        String(groupOf(uid)),
        keyword,
        mark(uid),
        compression === 'lossy' ? 'Yes' : 'No',
      ]),
  );
}

function commitmentSyntaxTable(): string {
  const groups = choiceGroups(transferSyntaxes);
  return table(
    ['Transfer Syntax (keyword)', 'UID'],
    transferSyntaxes
      .filter(({ uid }) => commitmentLayout(uid) !== undefined)
      .sort((a, b) => (groups.get(a.uid) ?? 0) - (groups.get(b.uid) ?? 0))
      .map(({ keyword, uid }) => [keyword, mark(uid)]),
  );
}

const rejectionText: Readonly<
  Record<keyof typeof rejections, { readonly words: string; readonly when: string } | undefined>
> = {
  // Never sent: there is always a reason.
  noReason: undefined,
  applicationContextNotSupported: {
    words: 'permanent / service-user / application-context-name-not-supported',
    when: 'Another application context name than that of PS3.7 annex A',
  },
  callingAeTitleNotRecognized: {
    words: 'permanent / service-user / calling-AE-title-not-recognized',
    when: 'Nobody paired fits title, address and certificate; or the title has characters that VR AE forbids',
  },
  calledAeTitleNotRecognized: {
    words: 'permanent / service-user / called-AE-title-not-recognized',
    when: 'Another AE title than ours was called (upper and lower case count)',
  },
  protocolVersionNotSupported: {
    words: 'permanent / service-provider (ACSE) / protocol-version-not-supported',
    when: 'Bit 0 of the protocol version is not set',
  },
  temporaryCongestion: {
    words: 'transient / service-provider (presentation) / temporary-congestion',
    when: 'The node is being stopped',
  },
  localLimitExceeded: {
    words: 'transient / service-provider (presentation) / local-limit-exceeded',
    when: 'As many associations as there may be, of all callers or of this address',
  },
};

function rejectionTable(): string {
  const rows = (Object.keys(rejections) as (keyof typeof rejections)[]).flatMap((name) => {
    const text = rejectionText[name];
    if (text === undefined) return [];
    const { result, source, reason } = rejections[name];
    return [[String(result), String(source), String(reason), text.words, text.when]];
  });
  return table(['Result', 'Source', 'Reason', 'In words', 'When'], rows);
}

const abortWhen: Readonly<Record<AbortReason, string>> = {
  'not-specified': 'A fault of our own',
  'unrecognized-pdu': 'A PDU of an unknown type',
  'unexpected-pdu': 'A PDU that PS3.8 table 9-10 has no place for in the state of the association',
  'unrecognized-parameter': 'Not sent: unknown items are ignored (PS3.8 9.3.1)',
  'unexpected-parameter':
    'An item that may stand once stands twice; a fragment out of its place; an answer to nothing that was asked',
  'invalid-parameter':
    'A length, count or value that cannot be: items longer than what holds them, even or repeated context ids, P-DATA on a context that was not accepted, a malformed command set',
};

function abortTable(): string {
  const rows = (Object.keys(abortWhen) as AbortReason[]).map((reason) => {
    const bytes = encodeAbort({ source: 'service-provider', reason });
    return [String(bytes.readUInt8(8)), String(bytes.readUInt8(9)), reason, abortWhen[reason]];
  });
  const own = encodeAbort({ source: 'service-user', reason: 'not-specified' });
  const ownRow = [
    String(own.readUInt8(8)),
    String(own.readUInt8(9)),
    'service-user',
    'The peer stands still or is too slow; the node is being stopped',
  ];
  return table(['Source', 'Reason', 'In words', 'When'], [ownRow, ...rows]);
}

function commitmentLimitTable(): string {
  return table(
    ['What', 'Limit'],
    [
      ['Instances in one request', count(requestLimits.maxReferences)],
      ['Dataset of one request', size(requestLimits.maxBytes)],
      ['Instances of all requests on their way in', count(mostInMemory)],
      ['Requests without a delivered result', count(mostOpen)],
      ['Instances in these', count(mostOpenReferences)],
      ['Of the last three: for each caller', 'a quarter; for all that are not paired, together, half'],
      ['Waiting for an instance that is not here yet', duration(unknownGraceMs)],
      ['Waiting for instances to be verified', duration(waitMs)],
      [
        'Trying to deliver a result',
        `${duration(deliverMs)}, once in each window: ${duration(firstRetryMs)}, doubling up to ${duration(longestRetryMs)}`,
      ],
    ],
  );
}

function timeoutTable(): string {
  return table(
    ['Side', 'Waits for', 'At most', 'Then'],
    [
      ['acceptor', 'TLS handshake', duration(handshakeMs), 'connection closed'],
      [
        'acceptor',
        'A-ASSOCIATE-RQ; closing of the connection (ARTIM)',
        duration(artimMs),
        'connection closed',
      ],
      ['acceptor', 'the next message, caller that is not paired', duration(defaultIdleMs), 'A-ABORT'],
      ['acceptor', 'the next message, paired device', duration(pairedIdleMs), 'A-ABORT'],
      [
        'acceptor',
        `${count(rateWindowBytes)} bytes of a message under way`,
        duration(rateWindowMs),
        'A-ABORT',
      ],
      ['acceptor', 'stores under way when the node is stopped', duration(drainMs), 'A-ABORT'],
      [
        'acceptor',
        'a pause before a result on the association of the device',
        `${duration(pauseMs)} of silence, for ${duration(longestWaitMs)}`,
        'told another time',
      ],
      ['acceptor', 'N-EVENT-REPORT response there', duration(reportAnswerMs), 'told another time'],
      [
        'acceptor',
        'a changed address of the interface to be noticed',
        duration(followMs),
        'listens on the new one',
      ],
      ['requestor', 'TCP, and TLS where used', duration(openMs), 'failed'],
      ['requestor', 'A-ASSOCIATE-AC or -RJ', duration(openMs), 'A-ABORT'],
      ['requestor', 'a response, from the last byte of its request', duration(answerMs), 'A-ABORT'],
      ['requestor', 'A-RELEASE-RP', duration(releaseMs), 'A-ABORT'],
    ],
  );
}

function tlsTable(): string {
  return table(
    ['What', 'Value'],
    [
      ['Versions', 'TLS 1.3, TLS 1.2'],
      ['Cipher suites, the first in common is taken', tlsSuites.split(':').map(mark).join(', ')],
      ['Groups', tlsCurves.split(':').map(mark).join(', ')],
    ],
  );
}

function characterSetTable(): string {
  const terms = (list: readonly string[]): string => list.map(mark).join(', ');
  return table(
    ['Table of PS3.3', 'Defined Terms'],
    [
      ['C.12-2, without code extensions', `none (ISO-IR 6), ${terms(decodedTerms.single)}`],
      ['C.12-3 and C.12-4, with code extensions', terms(decodedTerms.extended)],
      ['C.12-5, multi-byte without code extensions', terms(decodedTerms.whole)],
    ],
  );
}

/** Abstract syntaxes that are served beside storage. */
export const otherAbstractSyntaxes = [verificationSopClass, storageCommitmentPushSopClass] as const;

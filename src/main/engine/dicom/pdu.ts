/**
 * The small PDUs of PS3.8 9.3: header, A-ASSOCIATE-RJ, P-DATA-TF headers, A-RELEASE-RQ/RP, A-ABORT.
 * A-ASSOCIATE-RQ and -AC are in pdu-associate.ts. All integers are big-endian.
 */

export const pduType = {
  associateRq: 0x01,
  associateAc: 0x02,
  associateRj: 0x03,
  pData: 0x04,
  releaseRq: 0x05,
  releaseRp: 0x06,
  abort: 0x07,
} as const;

/** Type (1 byte), reserved (1), length of what follows (4). */
export const pduHeaderBytes = 6;
/** Length of what follows (4 bytes), context id (1), message control header (1): PS3.8 9.3.5.1 and E.2. */
export const pdvHeaderBytes = 6;

/** Largest P-DATA-TF we take and say so (PS3.8 D.1): fewer, larger reads than the usual 16 KiB. */
export const maxPduBytes = 131_072;

/**
 * Largest A-ASSOCIATE PDU we take. 128 contexts (the most an association can have) with 20 syntaxes each of 64
 * characters stay below it.
 */
export const maxAssociatePduBytes = 262_144;

/** PS3.8 table 9-26: 0 service-user, 2 service-provider. */
export type AbortSource = 'service-user' | 'service-provider';

/** PS3.8 table 9-26; the reason means something only from the service-provider. */
export type AbortReason =
  | 'not-specified'
  | 'unrecognized-pdu'
  | 'unexpected-pdu'
  | 'unrecognized-parameter'
  | 'unexpected-parameter'
  | 'invalid-parameter';

const abortReasons: Readonly<Record<AbortReason, number>> = {
  'not-specified': 0,
  'unrecognized-pdu': 1,
  'unexpected-pdu': 2,
  'unrecognized-parameter': 4,
  'unexpected-parameter': 5,
  'invalid-parameter': 6,
};

/** A peer broke the protocol: the association ends with this A-ABORT reason. Messages name no value of the peer's. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly reason: AbortReason;

  constructor(reason: AbortReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** No mistake of a device's, but an attack: nothing more of it is read, not even to be dropped. */
export class FloodError extends ProtocolError {}

export interface Abort {
  readonly source: AbortSource;
  readonly reason: AbortReason;
}

/** PS3.8 table 9-21. `result`, `source` and `reason` as they stand in the PDU. */
export interface AssociateReject {
  readonly result: number;
  readonly source: number;
  readonly reason: number;
}

/** The rejections this node sends: PS3.8 table 9-21. */
export const rejections = {
  noReason: { result: 1, source: 1, reason: 1 },
  applicationContextNotSupported: { result: 1, source: 1, reason: 2 },
  callingAeTitleNotRecognized: { result: 1, source: 1, reason: 3 },
  calledAeTitleNotRecognized: { result: 1, source: 1, reason: 7 },
  protocolVersionNotSupported: { result: 1, source: 2, reason: 2 },
  temporaryCongestion: { result: 2, source: 3, reason: 1 },
  localLimitExceeded: { result: 2, source: 3, reason: 2 },
} as const satisfies Record<string, AssociateReject>;

/** A whole PDU of 10 bytes with the four given bytes after its header. */
function shortPdu(type: number, ...rest: readonly [number, number, number, number]): Buffer {
  return Buffer.from([type, 0, 0, 0, 0, 4, ...rest]);
}

export function encodeAssociateReject(reject: AssociateReject): Buffer {
  return shortPdu(pduType.associateRj, 0, reject.result, reject.source, reject.reason);
}

export function encodeReleaseRequest(): Buffer {
  return shortPdu(pduType.releaseRq, 0, 0, 0, 0);
}

export function encodeReleaseResponse(): Buffer {
  return shortPdu(pduType.releaseRp, 0, 0, 0, 0);
}

export function encodeAbort(abort: Abort): Buffer {
  const fromUser = abort.source === 'service-user';
  return shortPdu(pduType.abort, 0, 0, fromUser ? 0 : 2, fromUser ? 0 : abortReasons[abort.reason]);
}

/** `body` is what follows the PDU header. Throws ProtocolError. */
export function decodeAssociateReject(body: Buffer): AssociateReject {
  requireFour(body);
  return { result: body.readUInt8(1), source: body.readUInt8(2), reason: body.readUInt8(3) };
}

/** `body` is what follows the PDU header. Unknown sources and reasons are read as not specified. Throws ProtocolError. */
export function decodeAbort(body: Buffer): Abort {
  requireFour(body);
  const code = body.readUInt8(3);
  const reason = Object.entries(abortReasons).find(([, value]) => value === code)?.[0] as
    AbortReason | undefined;
  return body.readUInt8(2) === 2
    ? { source: 'service-provider', reason: reason ?? 'not-specified' }
    : { source: 'service-user', reason: 'not-specified' };
}

function requireFour(body: Buffer): void {
  if (body.length !== 4) throw new ProtocolError('invalid-parameter', 'PDU of a wrong length');
}

/** What a PDV carries (PS3.8 E.2). */
export type FragmentKind = 'command' | 'dataset';
/** Whether more fragments of the same command or dataset follow. */
export type FragmentPosition = 'more' | 'last';

/** Header of a P-DATA-TF with one PDV of `dataBytes`; the data follows it on the wire. */
export function encodePDataHeader(
  contextId: number,
  kind: FragmentKind,
  position: FragmentPosition,
  dataBytes: number,
): Buffer {
  const header = Buffer.allocUnsafe(pduHeaderBytes + pdvHeaderBytes);
  header.writeUInt8(pduType.pData, 0);
  header.writeUInt8(0, 1);
  header.writeUInt32BE(dataBytes + pdvHeaderBytes, 2);
  header.writeUInt32BE(dataBytes + 2, 6);
  header.writeUInt8(contextId, 10);
  header.writeUInt8((kind === 'command' ? 1 : 0) | (position === 'last' ? 2 : 0), 11);
  return header;
}

/**
 * Most data bytes in one PDV for a peer that takes `peerMaxPduBytes` (0: no limit), never more than we take ourselves;
 * even, as every fragment but the last has to be. Throws ProtocolError when the peer leaves no room for data.
 */
export function fragmentBytes(peerMaxPduBytes: number): number {
  const most = peerMaxPduBytes === 0 ? maxPduBytes : Math.min(peerMaxPduBytes, maxPduBytes);
  const room = (most - pdvHeaderBytes) & ~1;
  if (room < 2) throw new ProtocolError('invalid-parameter', 'maximum PDU length without room for data');
  return room;
}

/**
 * DIMSE command sets (PS3.7 6.3.1, 9.3, 10.3, annex E): group 0000 elements in Implicit VR Little Endian. C-ECHO,
 * C-STORE, N-ACTION and N-EVENT-REPORT have shapes of their own; any other command is read far enough to refuse it.
 */
import { ProtocolError } from './pdu.ts';

/** PS3.7 table E.1-1. A response is its request with the high bit set. */
export const commandField = {
  cStoreRq: 0x0001,
  cEchoRq: 0x0030,
  cCancelRq: 0x0fff,
  nEventReportRq: 0x0100,
  nActionRq: 0x0130,
} as const;
export const responseBit = 0x8000;

/** PS3.7 annex C, PS3.4 table B.2-1 and GG.4-2. */
export const status = {
  success: 0x0000,
  processingFailure: 0x0110,
  noSuchSopInstance: 0x0112,
  invalidArgumentValue: 0x0115,
  noSuchSopClass: 0x0118,
  missingAttribute: 0x0120,
  missingAttributeValue: 0x0121,
  sopClassNotSupported: 0x0122,
  noSuchAction: 0x0123,
  notAuthorised: 0x0124,
  unrecognisedOperation: 0x0211,
  resourceLimitation: 0x0213,
  outOfResources: 0xa700,
  datasetDoesNotMatchSopClass: 0xa900,
  cannotUnderstand: 0xc000,
} as const;

/** No command here comes near it: two UIDs, a few numbers, a comment of 64 characters. */
export const maxCommandBytes = 16_384;
const maxElements = 64;
/** Command data set type for "no dataset follows" (PS3.7 E.1); any other value says one does. */
const noDataset = 0x0101;
const someDataset = 0x0000;
/** VR LO: PS3.5 table 6.2-1. */
const maxCommentCharacters = 64;

const element = {
  groupLength: 0x0000,
  affectedSopClass: 0x0002,
  requestedSopClass: 0x0003,
  commandField: 0x0100,
  messageId: 0x0110,
  respondedTo: 0x0120,
  priority: 0x0700,
  datasetType: 0x0800,
  status: 0x0900,
  errorComment: 0x0902,
  affectedSopInstance: 0x1000,
  requestedSopInstance: 0x1001,
  eventType: 0x1002,
  actionType: 0x1008,
  moveOriginator: 0x1030,
  moveOriginatorMessageId: 0x1031,
} as const;

interface Message {
  readonly messageId: number;
  /** Empty when the peer sent none: the service decides what that costs. */
  readonly sopClassUid: string;
}

interface Instance {
  readonly sopInstanceUid: string;
}

/** Whether a dataset follows the command on the same presentation context. */
interface Dataset {
  readonly dataset: 'follows' | 'none';
}

interface Response extends Message {
  readonly status: number;
  /** (0000,0902), at most 64 characters. */
  readonly errorComment?: string;
}

export type DimseCommand =
  | ({ readonly tag: 'c-echo-rq' } & Message)
  | ({ readonly tag: 'c-echo-rsp' } & Response)
  | ({
      readonly tag: 'c-store-rq';
      /** PS3.7 9.1.1.1: 0 medium, 1 high, 2 low. */
      readonly priority: number;
      readonly moveOriginatorAeTitle?: string;
      readonly moveOriginatorMessageId?: number;
    } & Message &
      Instance &
      Dataset)
  | ({ readonly tag: 'c-store-rsp' } & Response & Instance)
  /** Requested SOP class and instance (PS3.7 10.3.5). */
  | ({ readonly tag: 'n-action-rq'; readonly actionTypeId: number } & Message & Instance & Dataset)
  | ({ readonly tag: 'n-action-rsp'; readonly actionTypeId?: number } & Response & Instance & Dataset)
  /** Affected SOP class and instance (PS3.7 10.3.1). */
  | ({ readonly tag: 'n-event-report-rq'; readonly eventTypeId: number } & Message & Instance & Dataset)
  | ({ readonly tag: 'n-event-report-rsp'; readonly eventTypeId?: number } & Response & Instance & Dataset)
  | ({ readonly tag: 'c-cancel-rq'; readonly messageId: number } & Dataset)
  | ({ readonly tag: 'other-rq'; readonly commandField: number } & Message & Dataset)
  | ({ readonly tag: 'other-rsp'; readonly commandField: number } & Response & Dataset);

/** Whether a dataset follows. */
export function datasetOf(command: DimseCommand): Dataset['dataset'] {
  return 'dataset' in command ? command.dataset : 'none';
}

// ---- encoding

/** A whole command set with its group length. */
export function encodeCommand(command: DimseCommand): Buffer {
  const parts: Buffer[] = [];
  switch (command.tag) {
    case 'c-echo-rq':
      parts.push(text(element.affectedSopClass, command.sopClassUid, '\0'));
      parts.push(field(commandField.cEchoRq), us(element.messageId, command.messageId), follows('none'));
      break;
    case 'c-echo-rsp':
      parts.push(...response(commandField.cEchoRq, command, 'none'));
      break;
    case 'c-store-rq':
      parts.push(text(element.affectedSopClass, command.sopClassUid, '\0'), field(commandField.cStoreRq));
      parts.push(us(element.messageId, command.messageId), us(element.priority, command.priority));
      parts.push(follows(command.dataset), text(element.affectedSopInstance, command.sopInstanceUid, '\0'));
      if (command.moveOriginatorAeTitle !== undefined)
        parts.push(text(element.moveOriginator, command.moveOriginatorAeTitle, ' '));
      if (command.moveOriginatorMessageId !== undefined)
        parts.push(us(element.moveOriginatorMessageId, command.moveOriginatorMessageId));
      break;
    case 'c-store-rsp':
      parts.push(...response(commandField.cStoreRq, command, 'none'), affectedInstance(command));
      break;
    case 'n-action-rq':
      parts.push(text(element.requestedSopClass, command.sopClassUid, '\0'), field(commandField.nActionRq));
      parts.push(us(element.messageId, command.messageId), follows(command.dataset));
      parts.push(text(element.requestedSopInstance, command.sopInstanceUid, '\0'));
      parts.push(us(element.actionType, command.actionTypeId));
      break;
    case 'n-action-rsp':
      parts.push(...response(commandField.nActionRq, command, command.dataset), affectedInstance(command));
      if (command.actionTypeId !== undefined) parts.push(us(element.actionType, command.actionTypeId));
      break;
    case 'n-event-report-rq':
      parts.push(text(element.affectedSopClass, command.sopClassUid, '\0'));
      parts.push(field(commandField.nEventReportRq), us(element.messageId, command.messageId));
      parts.push(follows(command.dataset), affectedInstance(command));
      parts.push(us(element.eventType, command.eventTypeId));
      break;
    case 'n-event-report-rsp':
      parts.push(
        ...response(commandField.nEventReportRq, command, command.dataset),
        affectedInstance(command),
      );
      if (command.eventTypeId !== undefined) parts.push(us(element.eventType, command.eventTypeId));
      break;
    case 'c-cancel-rq':
      parts.push(field(commandField.cCancelRq), us(element.respondedTo, command.messageId));
      parts.push(follows(command.dataset));
      break;
    case 'other-rq':
      parts.push(text(element.affectedSopClass, command.sopClassUid, '\0'), field(command.commandField));
      parts.push(us(element.messageId, command.messageId), follows(command.dataset));
      break;
    case 'other-rsp':
      parts.push(...response(command.commandField & ~responseBit, command, command.dataset));
      break;
  }
  const body = Buffer.concat(parts);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length, 0);
  return Buffer.concat([encodeElement(element.groupLength, length), body]);
}

/** The elements every response begins with, in ascending order. */
function response(requestField: number, from: Response, dataset: Dataset['dataset']): Buffer[] {
  const parts = [
    text(element.affectedSopClass, from.sopClassUid, '\0'),
    field(requestField | responseBit),
    us(element.respondedTo, from.messageId),
    follows(dataset),
    us(element.status, from.status),
  ];
  if (from.errorComment !== undefined)
    parts.push(text(element.errorComment, from.errorComment.slice(0, maxCommentCharacters), ' '));
  return parts;
}

function affectedInstance(from: Instance): Buffer {
  return text(element.affectedSopInstance, from.sopInstanceUid, '\0');
}

function field(value: number): Buffer {
  return us(element.commandField, value);
}

function follows(dataset: Dataset['dataset']): Buffer {
  return us(element.datasetType, dataset === 'follows' ? someDataset : noDataset);
}

function us(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value, 0);
  return encodeElement(number, bytes);
}

/** Padded to even length; nothing at all for an empty value. */
function text(number: number, value: string, padding: '\0' | ' '): Buffer {
  if (value === '') return Buffer.alloc(0);
  return encodeElement(number, Buffer.from(value.length % 2 === 0 ? value : value + padding, 'latin1'));
}

function encodeElement(number: number, value: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16LE(number, 2);
  header.writeUInt32LE(value.length, 4);
  return Buffer.concat([header, value]);
}

// ---- decoding

/** Throws ProtocolError when the bytes are no command set, or one without field, message id or dataset type. */
export function decodeCommand(bytes: Buffer): DimseCommand {
  const elements = readElements(bytes);
  const code = requiredUs(elements, element.commandField);
  const dataset = requiredUs(elements, element.datasetType) === noDataset ? 'none' : 'follows';
  if (code === commandField.cCancelRq)
    return { tag: 'c-cancel-rq', messageId: requiredUs(elements, element.respondedTo), dataset };
  return (code & responseBit) === 0
    ? decodeRequest(elements, code, dataset)
    : decodeResponse(elements, code, dataset);
}

type Elements = ReadonlyMap<number, Buffer>;

function decodeRequest(elements: Elements, code: number, dataset: Dataset['dataset']): DimseCommand {
  const message = {
    messageId: requiredUs(elements, element.messageId),
    sopClassUid: readText(elements, element.affectedSopClass),
  };
  const affected = { ...message, sopInstanceUid: readText(elements, element.affectedSopInstance), dataset };
  switch (code) {
    case commandField.cEchoRq:
      if (dataset === 'follows') throw malformed('C-ECHO with a dataset');
      return { tag: 'c-echo-rq', ...message };
    case commandField.cStoreRq: {
      const mover = readText(elements, element.moveOriginator);
      const moverMessageId = optionalUs(elements, element.moveOriginatorMessageId);
      return {
        tag: 'c-store-rq',
        ...affected,
        priority: optionalUs(elements, element.priority) ?? 0,
        ...(mover === '' ? {} : { moveOriginatorAeTitle: mover }),
        ...(moverMessageId === undefined ? {} : { moveOriginatorMessageId: moverMessageId }),
      };
    }
    case commandField.nActionRq:
      return {
        tag: 'n-action-rq',
        messageId: message.messageId,
        sopClassUid: readText(elements, element.requestedSopClass),
        sopInstanceUid: readText(elements, element.requestedSopInstance),
        actionTypeId: requiredUs(elements, element.actionType),
        dataset,
      };
    case commandField.nEventReportRq:
      return { tag: 'n-event-report-rq', ...affected, eventTypeId: requiredUs(elements, element.eventType) };
    default:
      return {
        tag: 'other-rq',
        commandField: code,
        messageId: message.messageId,
        sopClassUid: message.sopClassUid || readText(elements, element.requestedSopClass),
        dataset,
      };
  }
}

function decodeResponse(elements: Elements, code: number, dataset: Dataset['dataset']): DimseCommand {
  const comment = readText(elements, element.errorComment);
  const base = {
    messageId: requiredUs(elements, element.respondedTo),
    sopClassUid: readText(elements, element.affectedSopClass),
    status: requiredUs(elements, element.status),
    ...(comment === '' ? {} : { errorComment: comment.slice(0, maxCommentCharacters) }),
  };
  const affected = { ...base, sopInstanceUid: readText(elements, element.affectedSopInstance) };
  switch (code & ~responseBit) {
    case commandField.cEchoRq:
      if (dataset === 'follows') throw malformed('C-ECHO with a dataset');
      return { tag: 'c-echo-rsp', ...base };
    case commandField.cStoreRq:
      if (dataset === 'follows') throw malformed('C-STORE response with a dataset');
      return { tag: 'c-store-rsp', ...affected };
    case commandField.nActionRq: {
      const actionTypeId = optionalUs(elements, element.actionType);
      return {
        tag: 'n-action-rsp',
        ...affected,
        dataset,
        ...(actionTypeId === undefined ? {} : { actionTypeId }),
      };
    }
    case commandField.nEventReportRq: {
      const eventTypeId = optionalUs(elements, element.eventType);
      return {
        tag: 'n-event-report-rsp',
        ...affected,
        dataset,
        ...(eventTypeId === undefined ? {} : { eventTypeId }),
      };
    }
    default:
      return { tag: 'other-rsp', commandField: code, ...base, dataset };
  }
}

/** Values are views of `bytes`. The group length is not relied on: the fragments say where the command ends. */
function readElements(bytes: Buffer): Elements {
  if (bytes.length > maxCommandBytes) throw malformed('command set longer than allowed');
  const elements = new Map<number, Buffer>();
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < 8) throw malformed('command element cut short');
    if (bytes.readUInt16LE(at) !== 0) throw malformed('command set with an element outside group 0000');
    const number = bytes.readUInt16LE(at + 2);
    const length = bytes.readUInt32LE(at + 4);
    const start = at + 8;
    if (length > bytes.length - start) throw malformed('command element longer than its command set');
    if (elements.has(number)) throw malformed('command element given twice');
    if (elements.size === maxElements) throw malformed('command set with too many elements');
    elements.set(number, bytes.subarray(start, start + length));
    at = start + length;
  }
  return elements;
}

function optionalUs(elements: Elements, number: number): number | undefined {
  const value = elements.get(number);
  if (value === undefined || value.length === 0) return undefined;
  if (value.length !== 2) throw malformed('command element of a wrong length');
  return value.readUInt16LE(0);
}

function requiredUs(elements: Elements, number: number): number {
  const value = optionalUs(elements, number);
  if (value === undefined) throw malformed('command set without a required element');
  return value;
}

/** Without the padding at its end (NUL or space). Empty when absent. */
function readText(elements: Elements, number: number): string {
  const value = elements.get(number);
  if (value === undefined) return '';
  let end = value.length;
  while (end > 0 && (value[end - 1] === 0 || value[end - 1] === 0x20)) end -= 1;
  return value.toString('latin1', 0, end);
}

function malformed(message: string): ProtocolError {
  return new ProtocolError('invalid-parameter', message);
}

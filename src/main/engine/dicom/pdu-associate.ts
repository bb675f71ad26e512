/**
 * A-ASSOCIATE-RQ and A-ASSOCIATE-AC (PS3.8 9.3.2, 9.3.3; user information: PS3.8 annex D and PS3.7 annex D.3.3).
 * Every length is checked against what is there and every count has a ceiling; nothing is allocated by a length alone.
 */
import { maxAssociatePduBytes, maxPduBytes, pduHeaderBytes, pduType, ProtocolError } from './pdu.ts';

/** Context ids are the odd numbers up to 255. */
export const maxPresentationContexts = 128;
/** Far above the 40 syntaxes PS3.6 has. */
const maxTransferSyntaxesPerContext = 128;
/** Role selections and the like: one per SOP class at most makes sense. */
const maxUserItems = 1024;
const maxUidCharacters = 64;

const item = {
  applicationContext: 0x10,
  contextRq: 0x20,
  contextAc: 0x21,
  abstractSyntax: 0x30,
  transferSyntax: 0x40,
  userInformation: 0x50,
  maxLength: 0x51,
  implementationClass: 0x52,
  asyncOperations: 0x53,
  roleSelection: 0x54,
  implementationVersion: 0x55,
  extendedNegotiation: 0x56,
  commonExtendedNegotiation: 0x57,
  userIdentityRq: 0x58,
  userIdentityAc: 0x59,
} as const;

export interface ProposedContext {
  readonly id: number;
  readonly abstractSyntax: string;
  readonly transferSyntaxes: readonly string[];
}

/** PS3.8 table 9-18. */
export type ContextResult =
  | 'accepted'
  | 'user-rejection'
  | 'no-reason'
  | 'abstract-syntax-not-supported'
  | 'transfer-syntaxes-not-supported';

const contextResults: readonly ContextResult[] = [
  'accepted',
  'user-rejection',
  'no-reason',
  'abstract-syntax-not-supported',
  'transfer-syntaxes-not-supported',
];

export interface AnsweredContext {
  readonly id: number;
  readonly result: ContextResult;
  /** Means something only when accepted; an empty one is legal otherwise. */
  readonly transferSyntax: string;
}

/** PS3.7 D.3.3.4. */
export interface RoleSelection {
  readonly sopClass: string;
  readonly scu: 'supported' | 'not-supported';
  readonly scp: 'supported' | 'not-supported';
}

export interface UserInformation {
  /** PS3.8 D.1; 0 says no limit, undefined that the peer said nothing. */
  readonly maxPduBytes: number | undefined;
  readonly implementationClassUid: string | undefined;
  readonly implementationVersionName: string | undefined;
  readonly roles: readonly RoleSelection[];
  /**
   * PS3.7 D.3.3.7. In a request: was an identity sent, and is an answer wanted. In an answer: `answered`.
   * The identity itself is not kept: nothing here decides by it.
   */
  readonly identity: 'none' | 'sent' | 'answer-wanted' | 'answered';
}

export interface AssociateRequest {
  /** Bit 0 is version 1, the only one there is. */
  readonly protocolVersion: number;
  /** Titles without padding; `oddAeTitle` for what may not be one. */
  readonly calledAeTitle: string;
  readonly callingAeTitle: string;
  readonly applicationContext: string;
  readonly contexts: readonly ProposedContext[];
  readonly user: UserInformation;
  /** Titles and reserved bytes as sent (bytes 11 to 74 of the PDU), which the answer repeats: PS3.8 table 9-17. */
  readonly titleBlock: Buffer;
}

export interface AssociateAccept {
  readonly protocolVersion: number;
  readonly applicationContext: string;
  readonly contexts: readonly AnsweredContext[];
  readonly user: UserInformation;
  readonly titleBlock: Buffer;
}

/** Version (2), reserved (2), called title (16), calling title (16), reserved (32). */
const fixedBytes = 68;
const titleBlockStart = 4;

/**
 * Stands for a title with characters that PS3.5 6.2 (AE) forbids: nothing of what was sent is kept, so that it reaches
 * no log and no screen. Longer than a title can be, so it is mistaken for none.
 */
export const oddAeTitle = 'unreadable AE title';

/** The 64 bytes of titles and reserved bytes. Titles are at most 16 ASCII characters. */
export function encodeTitleBlock(calledAeTitle: string, callingAeTitle: string): Buffer {
  const block = Buffer.alloc(64);
  block.fill(0x20, 0, 32);
  block.write(calledAeTitle.slice(0, 16), 0, 'latin1');
  block.write(callingAeTitle.slice(0, 16), 16, 'latin1');
  return block;
}

export function encodeAssociateRequest(request: AssociateRequest): Buffer {
  const contexts = request.contexts.map((context) =>
    encodeItem(item.contextRq, [
      Buffer.from([context.id, 0, 0, 0]),
      encodeItem(item.abstractSyntax, [ascii(context.abstractSyntax)]),
      ...context.transferSyntaxes.map((uid) => encodeItem(item.transferSyntax, [ascii(uid)])),
    ]),
  );
  return encodeAssociate(pduType.associateRq, request, contexts);
}

export function encodeAssociateAccept(accept: AssociateAccept): Buffer {
  const contexts = accept.contexts.map((context) =>
    encodeItem(item.contextAc, [
      Buffer.from([context.id, 0, contextResults.indexOf(context.result), 0]),
      encodeItem(item.transferSyntax, [ascii(context.transferSyntax)]),
    ]),
  );
  return encodeAssociate(pduType.associateAc, accept, contexts);
}

/** `body` is what follows the PDU header. Throws ProtocolError. */
export function decodeAssociateRequest(body: Buffer): AssociateRequest {
  const { applicationContext, contextItems, user } = decodeVariable(body, item.contextRq);
  const seen = new Set<number>();
  const contexts = contextItems.map((value) => decodeProposedContext(value, seen));
  if (contexts.length === 0) throw invalid('no presentation context');
  return {
    protocolVersion: body.readUInt16BE(0),
    calledAeTitle: title(body, titleBlockStart),
    callingAeTitle: title(body, titleBlockStart + 16),
    applicationContext,
    contexts,
    user,
    titleBlock: Buffer.from(body.subarray(titleBlockStart, fixedBytes)),
  };
}

/** `body` is what follows the PDU header. Throws ProtocolError. */
export function decodeAssociateAccept(body: Buffer): AssociateAccept {
  const { applicationContext, contextItems, user } = decodeVariable(body, item.contextAc);
  const seen = new Set<number>();
  return {
    protocolVersion: body.readUInt16BE(0),
    applicationContext,
    contexts: contextItems.map((value) => decodeAnsweredContext(value, seen)),
    user,
    titleBlock: Buffer.from(body.subarray(titleBlockStart, fixedBytes)),
  };
}

function encodeAssociate(
  type: number,
  head: Pick<AssociateRequest, 'protocolVersion' | 'titleBlock' | 'applicationContext' | 'user'>,
  contexts: readonly Buffer[],
): Buffer {
  const variable = Buffer.concat([
    encodeItem(item.applicationContext, [ascii(head.applicationContext)]),
    ...contexts,
    encodeItem(item.userInformation, encodeUserInformation(head.user)),
  ]);
  const fixed = Buffer.alloc(pduHeaderBytes + titleBlockStart);
  fixed.writeUInt8(type, 0);
  fixed.writeUInt32BE(fixedBytes + variable.length, 2);
  fixed.writeUInt16BE(head.protocolVersion, 6);
  return Buffer.concat([fixed, head.titleBlock, variable]);
}

function encodeUserInformation(user: UserInformation): Buffer[] {
  const parts: Buffer[] = [];
  if (user.maxPduBytes !== undefined) parts.push(encodeItem(item.maxLength, [uint32(user.maxPduBytes)]));
  if (user.implementationClassUid !== undefined)
    parts.push(encodeItem(item.implementationClass, [ascii(user.implementationClassUid)]));
  // PS3.8 asks for ascending item types.
  for (const role of user.roles) {
    parts.push(
      encodeItem(item.roleSelection, [
        uint16(role.sopClass.length),
        ascii(role.sopClass),
        Buffer.from([role.scu === 'supported' ? 1 : 0, role.scp === 'supported' ? 1 : 0]),
      ]),
    );
  }
  if (user.implementationVersionName !== undefined)
    parts.push(encodeItem(item.implementationVersion, [ascii(user.implementationVersionName)]));
  // An empty server response: right for user names (PS3.7 D.3.3.7.2), and says nothing where we cannot vouch.
  if (user.identity === 'answered') parts.push(encodeItem(item.userIdentityAc, [uint16(0)]));
  return parts;
}

function decodeVariable(
  body: Buffer,
  contextType: number,
): { applicationContext: string; contextItems: Buffer[]; user: UserInformation } {
  if (body.length < fixedBytes) throw invalid('A-ASSOCIATE shorter than its fixed part');
  if (body.length > maxAssociatePduBytes) throw invalid('A-ASSOCIATE longer than allowed');
  let applicationContext: string | undefined;
  let user: UserInformation | undefined;
  const contextItems: Buffer[] = [];
  for (const { type, value } of items(body.subarray(fixedBytes), maxPresentationContexts + 16)) {
    switch (type) {
      case item.applicationContext:
        if (applicationContext !== undefined) throw unexpected('two application contexts');
        applicationContext = uid(value);
        break;
      case contextType:
        if (contextItems.length === maxPresentationContexts) throw invalid('too many presentation contexts');
        contextItems.push(value);
        break;
      case item.userInformation:
        if (user !== undefined) throw unexpected('two user information items');
        user = decodeUserInformation(value);
        break;
      default:
        // PS3.8 9.3.1: unrecognised items are ignored.
        break;
    }
  }
  if (applicationContext === undefined) throw invalid('no application context');
  if (user === undefined) throw invalid('no user information');
  return { applicationContext, contextItems, user };
}

function decodeProposedContext(value: Buffer, seen: Set<number>): ProposedContext {
  const id = contextId(value, seen);
  let abstractSyntax: string | undefined;
  const transferSyntaxes: string[] = [];
  for (const part of items(value.subarray(4), maxTransferSyntaxesPerContext + 8)) {
    if (part.type === item.abstractSyntax) {
      if (abstractSyntax !== undefined) throw unexpected('two abstract syntaxes in one context');
      abstractSyntax = uid(part.value);
    } else if (part.type === item.transferSyntax) {
      if (transferSyntaxes.length === maxTransferSyntaxesPerContext)
        throw invalid('too many transfer syntaxes');
      transferSyntaxes.push(uid(part.value));
    }
  }
  if (abstractSyntax === undefined) throw invalid('presentation context without abstract syntax');
  if (transferSyntaxes.length === 0) throw invalid('presentation context without transfer syntax');
  return { id, abstractSyntax, transferSyntaxes };
}

function decodeAnsweredContext(value: Buffer, seen: Set<number>): AnsweredContext {
  const id = contextId(value, seen);
  const result = contextResults[value.readUInt8(2)];
  if (result === undefined) throw invalid('unknown presentation context result');
  let transferSyntax = '';
  for (const part of items(value.subarray(4), 8)) {
    // Not significant for a context that was not accepted, where some peers send nonsense.
    if (part.type === item.transferSyntax && result === 'accepted') transferSyntax = uid(part.value);
  }
  if (result === 'accepted' && transferSyntax === '')
    throw invalid('accepted context without transfer syntax');
  return { id, result, transferSyntax };
}

function contextId(value: Buffer, seen: Set<number>): number {
  if (value.length < 4) throw invalid('presentation context shorter than its header');
  const id = value.readUInt8(0);
  if (id % 2 === 0) throw invalid('even presentation context id');
  if (seen.has(id)) throw invalid('presentation context id used twice');
  seen.add(id);
  return id;
}

function decodeUserInformation(value: Buffer): UserInformation {
  let maxLength: number | undefined;
  let classUid: string | undefined;
  let versionName: string | undefined;
  let identity: UserInformation['identity'] = 'none';
  const roles: RoleSelection[] = [];
  for (const part of items(value, maxUserItems)) {
    switch (part.type) {
      case item.maxLength:
        if (part.value.length !== 4) throw invalid('maximum length item of a wrong length');
        maxLength = part.value.readUInt32BE(0);
        break;
      case item.implementationClass:
        classUid = uid(part.value);
        break;
      case item.implementationVersion:
        versionName = part.value.toString('latin1', 0, Math.min(part.value.length, 16)).trim();
        break;
      case item.roleSelection:
        roles.push(decodeRole(part.value));
        break;
      case item.userIdentityRq:
        identity = decodeIdentityRequest(part.value);
        break;
      case item.userIdentityAc:
        identity = 'answered';
        break;
      default:
        // Asynchronous operations are declined by not answering; extended negotiations are not used here.
        break;
    }
  }
  return {
    maxPduBytes: maxLength,
    implementationClassUid: classUid,
    implementationVersionName: versionName,
    roles,
    identity,
  };
}

function decodeRole(value: Buffer): RoleSelection {
  if (value.length < 4) throw invalid('role selection shorter than its header');
  const uidBytes = value.readUInt16BE(0);
  if (value.length !== uidBytes + 4) throw invalid('role selection of a wrong length');
  return {
    sopClass: uid(value.subarray(2, 2 + uidBytes)),
    scu: value.readUInt8(2 + uidBytes) === 1 ? 'supported' : 'not-supported',
    scp: value.readUInt8(3 + uidBytes) === 1 ? 'supported' : 'not-supported',
  };
}

function decodeIdentityRequest(value: Buffer): 'sent' | 'answer-wanted' {
  if (value.length < 6) throw invalid('user identity shorter than its header');
  const primaryBytes = value.readUInt16BE(2);
  if (value.length < 6 + primaryBytes) throw invalid('user identity of a wrong length');
  if (value.length !== 6 + primaryBytes + value.readUInt16BE(4 + primaryBytes))
    throw invalid('user identity of a wrong length');
  return value.readUInt8(1) === 1 ? 'answer-wanted' : 'sent';
}

/** Walks items (type, reserved, 2-byte length, value); values are views, nothing is copied. */
function* items(bytes: Buffer, most: number): Generator<{ readonly type: number; readonly value: Buffer }> {
  let at = 0;
  let count = 0;
  while (at < bytes.length) {
    if (bytes.length - at < 4) throw invalid('item header cut short');
    const length = bytes.readUInt16BE(at + 2);
    const start = at + 4;
    if (length > bytes.length - start) throw invalid('item longer than what holds it');
    count += 1;
    if (count > most) throw invalid('too many items');
    yield { type: bytes.readUInt8(at), value: bytes.subarray(start, start + length) };
    at = start + length;
  }
}

/**
 * PS3.8 annex F: no padding; some peers pad with NUL or space all the same. What is not a UID stays as it is and
 * matches nothing: one odd context is then rejected, not the whole association.
 */
function uid(value: Buffer): string {
  let end = value.length;
  while (end > 0 && (value[end - 1] === 0 || value[end - 1] === 0x20)) end -= 1;
  if (end > maxUidCharacters) throw invalid('UID longer than 64 characters');
  return value.toString('latin1', 0, end);
}

/**
 * Leading and trailing spaces are not significant (PS3.8 table 9-11); NULs at the end are what some peers pad with.
 * Printable ASCII without the backslash is what VR AE allows (PS3.5 6.2).
 */
function title(body: Buffer, at: number): string {
  const text = body.toString('latin1', at, at + 16).replace(/[\0 ]+$/, '');
  return /^[\x20-\x5b\x5d-\x7e]*$/.test(text) ? text.trimStart() : oddAeTitle;
}

function encodeItem(type: number, parts: readonly Buffer[]): Buffer {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  const header = Buffer.alloc(4);
  header.writeUInt8(type, 0);
  header.writeUInt16BE(bytes, 2);
  return Buffer.concat([header, ...parts], bytes + 4);
}

function ascii(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value, 0);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value, 0);
  return bytes;
}

function invalid(message: string): ProtocolError {
  return new ProtocolError('invalid-parameter', message);
}

function unexpected(message: string): ProtocolError {
  return new ProtocolError('unexpected-parameter', message);
}

/** What we say of ourselves in both directions. */
export function ownUserInformation(
  names: { readonly implementationClassUid: string; readonly implementationVersionName: string },
  more: { readonly roles: readonly RoleSelection[]; readonly identity: 'none' | 'answered' },
): UserInformation {
  return { ...names, ...more, maxPduBytes };
}

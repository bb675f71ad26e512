/** Bytes of the upper layer, right and wrong, for peers that are played byte by byte. */
import { encodeCommand } from '../../src/main/engine/dicom/dimse.ts';
import {
  encodeAssociateRequest,
  encodeTitleBlock,
  ownUserInformation,
  type ProposedContext,
  type UserInformation,
} from '../../src/main/engine/dicom/pdu-associate.ts';
import { encodePDataHeader } from '../../src/main/engine/dicom/pdu.ts';
import { BytePeer } from './dicom-peers.ts';
import { secondaryCapture } from './dicom-files.ts';

export const applicationContext = '1.2.840.10008.3.1.1.1';
export const verification = '1.2.840.10008.1.1';
export const explicitLe = '1.2.840.10008.1.2.1';
export const implicitLe = '1.2.840.10008.1.2';
export const deflated = '1.2.840.10008.1.2.1.99';
/** A query: a class that is known and not served. */
export const studyRootFind = '1.2.840.10008.5.1.4.1.2.2.1';

/** Context 1: secondary capture, 3: a query (refused), 5: verification, 7: secondary capture, deflated. */
export const usualContexts: readonly ProposedContext[] = [
  { id: 1, abstractSyntax: secondaryCapture, transferSyntaxes: [explicitLe] },
  { id: 3, abstractSyntax: studyRootFind, transferSyntaxes: [explicitLe] },
  { id: 5, abstractSyntax: verification, transferSyntaxes: [implicitLe] },
  { id: 7, abstractSyntax: secondaryCapture, transferSyntaxes: [deflated] },
];

export interface RequestChange {
  readonly protocolVersion?: number;
  readonly calledAe?: string;
  readonly callingAe?: string;
  readonly applicationContext?: string;
  readonly contexts?: readonly ProposedContext[];
  readonly user?: Partial<UserInformation>;
}

/** A whole A-ASSOCIATE-RQ to EDGESYNC, right unless changed. */
export function associateRq(change: RequestChange = {}): Buffer {
  const { calledAe = 'EDGESYNC', callingAe = 'HOSTILE' } = change;
  return encodeAssociateRequest({
    protocolVersion: change.protocolVersion ?? 1,
    calledAeTitle: calledAe,
    callingAeTitle: callingAe,
    applicationContext: change.applicationContext ?? applicationContext,
    contexts: change.contexts ?? usualContexts,
    user: {
      ...ownUserInformation(
        { implementationClassUid: '1.2', implementationVersionName: 'HOSTILE' },
        { roles: [], identity: 'none' },
      ),
      ...change.user,
    },
    titleBlock: encodeTitleBlock(calledAe, callingAe),
  });
}

/** A PDU with any length in its header. */
export function pdu(type: number, body: Buffer, declaredBytes = body.length): Buffer {
  const header = Buffer.from([type, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(declaredBytes, 2);
  return Buffer.concat([header, body]);
}

/** An item of an A-ASSOCIATE with any length in its header. */
export function item(type: number, value: Buffer | string, declaredBytes = value.length): Buffer {
  const header = Buffer.from([type, 0, 0, 0]);
  header.writeUInt16BE(declaredBytes, 2);
  return Buffer.concat([header, Buffer.from(value as string, 'latin1')]);
}

/** An A-ASSOCIATE-RQ with these items behind its fixed part, and nothing checked. */
export function rawAssociateRq(...items: readonly Buffer[]): Buffer {
  const fixed = Buffer.alloc(4);
  fixed.writeUInt16BE(1, 0);
  return pdu(1, Buffer.concat([fixed, encodeTitleBlock('EDGESYNC', 'HOSTILE'), ...items]));
}

export const contextItem = item(0x10, applicationContext);

/** A presentation context item. */
export function presentationContext(id: number, abstractSyntax: string, ...syntaxes: string[]): Buffer {
  const parts = [item(0x30, abstractSyntax), ...syntaxes.map((uid) => item(0x40, uid))];
  return item(0x20, Buffer.concat([Buffer.from([id, 0, 0, 0]), ...parts]));
}

export const userItem = item(
  0x50,
  Buffer.concat([item(0x51, Buffer.from([0, 0, 0x40, 0])), item(0x52, '1.2.3')]),
);

/** A P-DATA-TF with one PDV. */
export function pdv(
  contextId: number,
  kind: 'command' | 'dataset',
  data: Buffer,
  position: 'more' | 'last' = 'last',
): Buffer {
  return Buffer.concat([encodePDataHeader(contextId, kind, position, data.length), data]);
}

export interface StoreChange {
  readonly sopClassUid?: string;
  readonly sopInstanceUid?: string;
  readonly messageId?: number;
  readonly dataset?: 'follows' | 'none';
}

export function storeCommand(change: StoreChange = {}): Buffer {
  return encodeCommand({
    tag: 'c-store-rq',
    messageId: change.messageId ?? 1,
    sopClassUid: change.sopClassUid ?? secondaryCapture,
    sopInstanceUid: change.sopInstanceUid ?? '1.2.3',
    priority: 0,
    dataset: change.dataset ?? 'follows',
  });
}

export const echoCommand = encodeCommand({ tag: 'c-echo-rq', messageId: 1, sopClassUid: verification });

/** A whole C-STORE: command and dataset, in one PDV each. */
export function storeMessage(
  dataset: Buffer,
  change: StoreChange & { readonly contextId?: number } = {},
): Buffer {
  const contextId = change.contextId ?? 1;
  const pieces: Buffer[] = [pdv(contextId, 'command', storeCommand(change))];
  const most = 65_536;
  for (let at = 0; at < dataset.length; at += most)
    pieces.push(
      pdv(
        contextId,
        'dataset',
        dataset.subarray(at, at + most),
        at + most < dataset.length ? 'more' : 'last',
      ),
    );
  return Buffer.concat(pieces);
}

/** (0000,0900) as it stands in a response. */
export function statusElement(status: number): Buffer {
  return Buffer.from([0, 0, 0, 9, 2, 0, 0, 0, status & 0xff, status >> 8]);
}

/** (0000,0900) of the response in a P-DATA-TF's body, or undefined. */
export function statusIn(body: Buffer): number | undefined {
  const at = body.indexOf(Buffer.from([0, 0, 0, 9, 2, 0, 0, 0]));
  return at < 0 ? undefined : body.readUInt16LE(at + 8);
}

/** A peer with an association. */
export async function associated(port: number, change: RequestChange = {}): Promise<BytePeer> {
  const peer = await BytePeer.connect(port);
  peer.send(associateRq(change));
  const { type } = await peer.pdu(0);
  if (type !== 2) throw new Error(`PDU type ${type} instead of an acceptance`);
  return peer;
}

/** Source and reason of an A-ABORT; undefined for another PDU. */
export function abortIn(answer: {
  readonly type: number;
  readonly body: Buffer;
}): readonly [number, number] | undefined {
  return answer.type === 7 ? [answer.body.readUInt8(2), answer.body.readUInt8(3)] : undefined;
}

/** An association request and its acceptance, as small as they can be: what tests of the upper layer start from. */
import {
  type AssociateRequest,
  encodeTitleBlock,
  ownUserInformation,
} from '../../src/main/engine/dicom/pdu-associate.ts';

const user = ownUserInformation(
  { implementationClassUid: '1.2', implementationVersionName: 'TEST' },
  { roles: [], identity: 'none' },
);

export const smallRequest: AssociateRequest = {
  protocolVersion: 1,
  calledAeTitle: 'B',
  callingAeTitle: 'A',
  applicationContext: '1.2.840.10008.3.1.1.1',
  contexts: [{ id: 1, abstractSyntax: '1.2.840.10008.1.1', transferSyntaxes: ['1.2.840.10008.1.2'] }],
  user,
  titleBlock: encodeTitleBlock('B', 'A'),
};

export const smallAccept = {
  protocolVersion: 1,
  applicationContext: smallRequest.applicationContext,
  contexts: [{ id: 1, result: 'accepted', transferSyntax: '1.2.840.10008.1.2' }],
  user,
  titleBlock: smallRequest.titleBlock,
} as const;

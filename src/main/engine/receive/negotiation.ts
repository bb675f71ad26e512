/** Which presentation contexts are accepted and with which transfer syntax: PS3.8 7.1.1.13, PS3.7 annex D. */
import { commitmentLayout } from '../dicom/commitment-dataset.ts';
import { implementationClassUid, implementationVersionName } from '../dicom/implementation.ts';
import {
  type AnsweredContext,
  type AssociateAccept,
  type AssociateRequest,
  ownUserInformation,
  type ProposedContext,
  type RoleSelection,
} from '../dicom/pdu-associate.ts';
import {
  dicomApplicationContext,
  storageCommitmentPushSopClass,
  verificationSopClass,
} from '../dicom/sop-classes.ts';
import { implicitVrLittleEndian, preferTransferSyntax } from '../dicom/transfer-syntaxes.ts';
import type { Authorized } from './authorize.ts';
import { isStorageLike } from './refused-classes.ts';

export interface AcceptedContext {
  readonly abstractSyntax: string;
  readonly transferSyntax: string;
}

export interface Negotiated {
  readonly accept: AssociateAccept;
  /** By context id. */
  readonly contexts: ReadonlyMap<number, AcceptedContext>;
}

/** Whether this node serves the SOP class for a caller. Whoever may come in may ask what became of its images. */
export function isServed(sopClassUid: string, allowsClass: Authorized['allowsClass']): boolean {
  if (sopClassUid === verificationSopClass || sopClassUid === storageCommitmentPushSopClass) return true;
  return isStorageLike(sopClassUid) && allowsClass(sopClassUid);
}

/**
 * Answers every context; an association without any accepted context is legal and is accepted. Asynchronous operations
 * are declined by silence, a wanted answer to a user identity is given, extended negotiations are ignored.
 */
export function negotiate(request: AssociateRequest, allowsClass: Authorized['allowsClass']): Negotiated {
  const contexts = new Map<number, AcceptedContext>();
  const answered = request.contexts.map((proposed) => {
    const answer = answerContext(proposed, allowsClass);
    if (answer.result === 'accepted')
      contexts.set(proposed.id, {
        abstractSyntax: proposed.abstractSyntax,
        transferSyntax: answer.transferSyntax,
      });
    return answer;
  });
  return {
    contexts,
    accept: {
      protocolVersion: 1,
      applicationContext: dicomApplicationContext,
      contexts: answered,
      titleBlock: request.titleBlock,
      user: ownUserInformation(
        { implementationClassUid, implementationVersionName },
        {
          roles: request.user.roles.filter((role) => isServed(role.sopClass, allowsClass)).map(asScpOnly),
          identity: request.user.identity === 'answer-wanted' ? 'answered' : 'none',
        },
      ),
    },
  };
}

function answerContext(proposed: ProposedContext, allowsClass: Authorized['allowsClass']): AnsweredContext {
  // Not significant in a rejection (PS3.8 table 9-18), but a valid UID there upsets nobody.
  const rejection = { id: proposed.id, transferSyntax: implicitVrLittleEndian };
  if (!isServed(proposed.abstractSyntax, allowsClass))
    return { ...rejection, result: 'abstract-syntax-not-supported' };
  const transferSyntax = preferTransferSyntax(
    proposed.abstractSyntax === storageCommitmentPushSopClass
      ? proposed.transferSyntaxes.filter((uid) => commitmentLayout(uid) !== undefined)
      : proposed.transferSyntaxes,
  );
  if (transferSyntax === undefined) return { ...rejection, result: 'transfer-syntaxes-not-supported' };
  return { id: proposed.id, result: 'accepted', transferSyntax };
}

/**
 * The peer stays the user of every service (PS3.7 D.3.3.4). N-EVENT-REPORT comes from us all the same: reporting is what
 * the provider of storage commitment does.
 */
function asScpOnly(role: RoleSelection): RoleSelection {
  return { sopClass: role.sopClass, scu: role.scu, scp: 'not-supported' };
}

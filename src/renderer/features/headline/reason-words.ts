import { useTranslation } from 'react-i18next';
import type { AgentState } from '../../../shared/agent-state.ts';
import { assertNever } from '../../../shared/assert-never.ts';
import { errorText } from '../../i18n/error-text.ts';
import { useFormat } from '../../i18n/format.ts';
import type { Reason } from '../../state/headline-view.ts';
import { useNowMs } from '../../state/now.ts';

export interface ReasonWords {
  /** One sentence. */
  readonly why: string;
  readonly also?: string | undefined;
  /** The one next step. */
  readonly step: string | undefined;
}

/** The reason in words. */
export function useReasonWords(reason: Reason, agent: AgentState | undefined): ReasonWords {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const counted = (count: number) => ({ count, formatted: format.count(count) });

  switch (reason.tag) {
    case 'connecting':
      return { why: t('reason.connecting'), step: undefined };
    case 'lost':
      return { why: t('reason.lost'), step: t('step.lost') };
    case 'silent':
      return { why: t('reason.silent'), step: t('step.silent') };
    case 'all-verified': {
      const { lastVerifiedAt } = reason;
      return {
        why: t('reason.allVerified', counted(reason.count)),
        also:
          lastVerifiedAt === null
            ? undefined
            : t('reason.lastProof', { when: format.ago(lastVerifiedAt, nowMs) }),
        // Green says it: there is nothing to do.
        step: undefined,
      };
    }
    case 'nothing-yet': {
      const { aeTitle, host, port } = agent?.status.listener ?? { aeTitle: '', host: '', port: 0 };
      return { why: t('reason.nothingYet'), step: t('step.nothingYet', { aeTitle, host, port }) };
    }
    case 'on-the-way': {
      const { bytesPerSecond } = reason;
      return {
        why: reason.count === 0 ? t('reason.receiving') : t('reason.onTheWay', counted(reason.count)),
        also: bytesPerSecond > 0 ? t('counts.rate', { rate: format.size(bytesPerSecond) }) : undefined,
        step: t('step.onTheWay'),
      };
    }
    case 'listener-down':
      return { why: t('reason.listenerDown'), step: t('step.listenerDown') };
    case 'failure': {
      const words = errorText(reason.failure, format.language);
      return {
        why: asSentence(words.message),
        also: reason.others > 0 ? t('reason.failureOthers', counted(reason.others)) : undefined,
        step: words.nextStep,
      };
    }
    case 'destination': {
      const { error, name } = reason.destination;
      if (error === null) return { why: t('reason.unexplained'), step: t('step.unexplained') };
      const words = errorText(error, format.language);
      return { why: asSentence(`${name}: ${words.message}`), step: words.nextStep };
    }
    case 'recovery':
      return reason.state === 'none'
        ? { why: t('reason.recoveryNone'), step: t('step.recoveryNone') }
        : { why: t('reason.recoveryCreated'), step: t('step.recoveryCreated') };
    case 'no-destination':
      return { why: t('reason.noDestination'), step: t('step.noDestination') };
    case 'stuck':
      return {
        why:
          reason.failed > 0
            ? t('reason.stuckFailed', counted(reason.failed))
            : t('reason.stuckParked', counted(reason.parked)),
        also:
          reason.failed > 0 && reason.parked > 0
            ? t('reason.stuckParked', counted(reason.parked))
            : undefined,
        step: t('step.stuck'),
      };
    case 'unexplained':
      return { why: t('reason.unexplained'), step: t('step.unexplained') };
    default:
      return assertNever(reason);
  }
}

function asSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

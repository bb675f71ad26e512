import { memo } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { FailureLedger } from '../../../shared/contract-failures.ts';
import type { StudySummary } from '../../../shared/agent-state.ts';
import { assertNever } from '../../../shared/assert-never.ts';
import type { Failure } from '../../../shared/status.ts';
import { errorText } from '../../i18n/error-text.ts';
import { useFormat } from '../../i18n/format.ts';
import { usePreferences } from '../../preferences/preferences.ts';
import { useAction, useIsLive } from '../../state/engine-context.ts';
import { useNowMs } from '../../state/now.ts';
import { useAsked } from '../../state/asked.ts';
import { Button } from '../../ui/button.tsx';
import { BellIcon, CheckCircle, OctagonStop, TriangleAlert } from '../../ui/icons.tsx';
import { ActionError } from '../../ui/error-note.tsx';
import { useNotice } from '../../ui/notice.tsx';
import { Panel } from '../../ui/panel.tsx';
import { failuresPlace } from '../page-place.ts';
import { useShownInitials } from '../studies/initials.ts';
import { inOrder } from './failure-order.ts';
import { OverList } from './over-list.tsx';
import { StepButton } from './step-button.tsx';

/** More would not help anybody; the rest is counted. */
const failuresShown = 50;

/** What was told by mail changes without a failure that comes or goes. */
const ledgerEveryMs = 60_000;
const noLedger: FailureLedger = { over: [], told: [] };

interface FailuresProps {
  readonly failures: readonly Failure[];
  readonly studies: readonly StudySummary[];
}

/** Each says what, which study, whether the images are safe, and has one button that does the next step. */
export const Failures = memo(function Failures({ failures, studies }: FailuresProps): ReactElement | null {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const keys = failures.map(({ code, destination }) => `${code} ${destination ?? ''}`).join(',');
  const { asked } = useAsked(`${keys} ${Math.floor(nowMs / ledgerEveryMs)}`, (client) =>
    client.failures.ledger(),
  );
  // Without an answer the failures stand as they are: what is over or was told comes on top.
  const ledger = asked.tag === 'ready' ? asked.answer : noLedger;
  // The status is newer than what was asked beside it: what stands in it is not over.
  const over = ledger.over.filter(
    ({ failure }) => !keys.split(',').includes(`${failure.code} ${failure.destination ?? ''}`),
  );
  if (failures.length === 0 && over.length === 0) return null;
  const byId = new Map(studies.map((study) => [study.id, study]));
  const worstFirst = inOrder(failures);
  const hidden = failures.length - failuresShown;
  const retriable = failures.filter((one) => one.action === 'retry').length;

  return (
    <Panel
      title={t('failures.title')}
      icon={<BellIcon />}
      className="failures"
      id={failuresPlace}
      aside={retriable > 1 ? <RetryAll /> : undefined}
    >
      <ul className="failure-list">
        {worstFirst.slice(0, failuresShown).map((failure) => (
          <FailureRow
            key={failure.id}
            failure={failure}
            study={failure.studyId === null ? undefined : byId.get(failure.studyId)}
            told={ledger.told}
          />
        ))}
      </ul>
      {hidden > 0 ? (
        <p className="muted">{t('failures.more', { count: hidden, formatted: format.count(hidden) })}</p>
      ) : null}
      <OverList over={over} />
    </Panel>
  );
});

/** That it was told outside this PC, and when last. */
function Told({
  failure,
  told,
}: {
  readonly failure: Failure;
  readonly told: FailureLedger['told'];
}): ReactElement | null {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const about = told.filter((one) => one.code === failure.code && one.destination === failure.destination);
  if (about.length === 0) return null;
  const parts = about.map(({ channel, at }) =>
    t(channel === 'email' ? 'failureSteps.toldEmail' : 'failureSteps.toldWebhook', {
      time: format.moment(at, nowMs),
    }),
  );
  return <p className="failure-where">{parts.join(' · ')}</p>;
}

const FailureRow = memo(function FailureRow({
  failure,
  study,
  told,
}: {
  readonly failure: Failure;
  readonly study: StudySummary | undefined;
  readonly told: FailureLedger['told'];
}): ReactElement {
  const { t } = useTranslation();
  const [{ language }] = usePreferences();
  const words = errorText(failure, language);
  const where = useWhere(failure, study);
  const safe = failure.imagesSafe;

  return (
    <li className="failure" data-tone={safe ? 'attention' : 'not-receiving'}>
      {safe ? <TriangleAlert className="failure-icon" /> : <OctagonStop className="failure-icon" />}
      <div className="failure-words">
        <p className="failure-message">{words.message}</p>
        <p className="failure-where">{where}</p>
        <p className="failure-step">{words.nextStep}</p>
        <p className="failure-safe" data-safe={safe}>
          {safe ? <CheckCircle /> : <OctagonStop />}
          {safe ? t('failures.imagesSafe') : t('failures.imagesAtRisk')}
        </p>
        <Told failure={failure} told={told} />
      </div>
      <FailureButton failure={failure} />
    </li>
  );
});

/** Which study, which destination, how often. */
function useWhere(failure: Failure, study: StudySummary | undefined): string {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const initials = useShownInitials(study?.initials ?? '');
  const parts: string[] = [];
  if (study !== undefined) {
    const time = format.moment(study.lastReceivedAt, nowMs);
    parts.push(t('failures.study', { initials, modality: study.modality, time }));
  }
  if (failure.destination !== null) parts.push(t('failures.destination', { name: failure.destination }));
  parts.push(
    t('failures.times', {
      count: failure.count,
      formatted: format.count(failure.count),
      first: format.moment(failure.firstAt, nowMs),
      last: format.ago(failure.lastAt, nowMs),
    }),
  );
  return parts.join(' · ');
}

function FailureButton({ failure }: { readonly failure: Failure }): ReactElement | null {
  const offered = (look: 'primary' | 'secondary'): ReactElement | null => {
    switch (failure.action) {
      case 'retry':
        return <RetryButton id={failure.id} look={look} />;
      case 'answer':
        // Seeing mends nothing: it never looks like the thing to do.
        return <AnswerButton id={failure.id} />;
      case 'none':
        return null;
      default:
        return assertNever(failure.action);
    }
  };
  return <StepButton failure={failure} offered={offered} />;
}

function RetryAll(): ReactElement {
  const { t } = useTranslation();
  return <RetryButton id={null} text={t('failures.retryAll')} look="quiet" />;
}

function RetryButton({
  id,
  text,
  look = 'primary',
}: {
  readonly id: string | null;
  readonly text?: string;
  readonly look?: 'primary' | 'secondary' | 'quiet';
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const say = useNotice();
  const isLive = useIsLive();
  const retry = useAction(async (client) => {
    const { retried } = await client.failures.retry({ id });
    say(t('retried', { count: retried, formatted: format.count(retried) }));
  });
  return (
    <div className="failure-action">
      <Button look={look} isDisabled={!isLive} isPending={retry.state.tag === 'busy'} onPress={retry.run}>
        {text ?? t('failures.retry')}
      </Button>
      <ActionError state={retry.state} />
    </div>
  );
}

function AnswerButton({ id }: { readonly id: string }): ReactElement {
  const { t } = useTranslation();
  const say = useNotice();
  const isLive = useIsLive();
  const answer = useAction(async (client) => {
    await client.failures.answer({ id });
    say(t('answered'));
  });
  return (
    <div className="failure-action">
      <Button isDisabled={!isLive} isPending={answer.state.tag === 'busy'} onPress={answer.run}>
        {t('failures.answer')}
      </Button>
      <ActionError state={answer.state} />
    </div>
  );
}

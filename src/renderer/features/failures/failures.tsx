import { memo } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { StudySummary } from '../../../shared/agent-state.ts';
import { assertNever } from '../../../shared/assert-never.ts';
import type { Failure } from '../../../shared/status.ts';
import { errorText } from '../../i18n/error-text.ts';
import { useFormat } from '../../i18n/format.ts';
import { usePreferences } from '../../preferences/preferences.ts';
import { useAction, useIsLive } from '../../state/engine-context.ts';
import { useNowMs } from '../../state/now.ts';
import { Button } from '../../ui/button.tsx';
import { BellIcon, CheckCircle, OctagonStop, TriangleAlert } from '../../ui/icons.tsx';
import { ActionError } from '../../ui/error-note.tsx';
import { useNotice } from '../../ui/notice.tsx';
import { Panel } from '../../ui/panel.tsx';
import { AttentionButton } from '../attention/attention-button.tsx';
import { panelIds } from '../devices/access-context.ts';
import { failuresPlace } from '../page-place.ts';
import { useViews } from '../view-context.ts';
import { CredentialButton, wantsCredential } from '../destinations/credential.tsx';
import { RecoveryButton } from '../recovery/recovery-button.tsx';
import { useShownInitials } from '../studies/initials.ts';

/** More would not help anybody; the rest is counted. */
const failuresShown = 50;

interface FailuresProps {
  readonly failures: readonly Failure[];
  readonly studies: readonly StudySummary[];
}

/** Each says what, which study, whether the images are safe, and has one button that does the next step. */
export function Failures({ failures, studies }: FailuresProps): ReactElement | null {
  const { t } = useTranslation();
  const format = useFormat();
  if (failures.length === 0) return null;
  const byId = new Map(studies.map((study) => [study.id, study]));
  // What may cost images comes first; the sort keeps the engine's order otherwise.
  const worstFirst = [...failures].sort((a, b) => Number(a.imagesSafe) - Number(b.imagesSafe));
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
          />
        ))}
      </ul>
      {hidden > 0 ? (
        <p className="muted">{t('failures.more', { count: hidden, formatted: format.count(hidden) })}</p>
      ) : null}
    </Panel>
  );
}

const FailureRow = memo(function FailureRow({
  failure,
  study,
}: {
  readonly failure: Failure;
  readonly study: StudySummary | undefined;
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
  if (failure.code === 'recovery-missing') return <RecoveryButton dialog="create" look="primary" />;
  if (failure.code === 'recovery-not-proven' || failure.code === 'recovery-check-due')
    return <RecoveryButton dialog="check" look="primary" />;
  if (wantsCredential(failure.code) && failure.destination !== null) {
    return <CredentialButton name={failure.destination} look="primary" />;
  }
  if (failure.code === 'file-needs-attention') return <AttentionButton look="primary" />;
  const panelId = panelFor(failure.code);
  if (panelId !== undefined) return <LookButton failure={failure} panelId={panelId} />;
  switch (failure.action) {
    case 'retry':
      return <RetryButton id={failure.id} />;
    case 'answer':
      return <AnswerButton id={failure.id} />;
    case 'none':
      return null;
    default:
      return assertNever(failure.action);
  }
}

/** Where on the devices screen it is decided about. */
function panelFor(code: string): string | undefined {
  switch (code) {
    case 'association-refused':
      return panelIds.callers;
    case 'dicom-class-unknown':
    case 'dicom-class-not-allowed':
      return panelIds.classes;
    case 'certificate-expires-soon':
    case 'certificate-expired':
      return panelIds.certificates;
    default:
      return undefined;
  }
}

/** Leads there; what can only be noted as seen keeps its button for that. */
function LookButton({
  failure,
  panelId,
}: {
  readonly failure: Failure;
  readonly panelId: string;
}): ReactElement {
  const { t } = useTranslation();
  const { show } = useViews();
  return (
    <div className="failure-action">
      <Button look="primary" onPress={() => show('devices', panelId)}>
        {t('devices.look')}
      </Button>
      {failure.action === 'answer' ? <AnswerButton id={failure.id} look="secondary" /> : null}
    </div>
  );
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
  readonly look?: 'primary' | 'quiet';
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

function AnswerButton({
  id,
  look = 'primary',
}: {
  readonly id: string;
  readonly look?: 'primary' | 'secondary';
}): ReactElement {
  const { t } = useTranslation();
  const say = useNotice();
  const isLive = useIsLive();
  const answer = useAction(async (client) => {
    await client.failures.answer({ id });
    say(t('answered'));
  });
  return (
    <div className="failure-action">
      <Button look={look} isDisabled={!isLive} isPending={answer.state.tag === 'busy'} onPress={answer.run}>
        {t('failures.answer')}
      </Button>
      <ActionError state={answer.state} />
    </div>
  );
}

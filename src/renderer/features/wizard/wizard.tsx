import { useEffect, useRef, useState } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { assertNever } from '../../../shared/assert-never.ts';
import type { AgentState } from '../../../shared/agent-state.ts';
import { useAgentView, useIsLive } from '../../state/engine-context.ts';
import { headlineView } from '../../state/headline-view.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { CheckCircle, HollowCircle, TriangleAlert } from '../../ui/icons.tsx';
import { showInTab } from '../headline/tab.ts';
import { useViews } from '../view-context.ts';
import { CloudStep } from './cloud-step.tsx';
import { DoneStep } from './done-step.tsx';
import { ModalityStep } from './modality-step.tsx';
import { RecoveryStep } from './recovery-step.tsx';
import { keep, wantedPage } from './wizard-context.ts';
import { isBroken, isStepDone, nextPage, pageAfter, pageBefore, setupSteps } from './wizard-state.ts';
import type { SetupPage, SetupStatus, SetupStep } from './wizard-state.ts';

/**
 * First-run set-up in place of the views. It begins at the first thing that is not done, as the engine says; nothing of
 * it is kept here, so it can be left and gone on with at any time, from any window.
 */
export function Wizard({ agent }: { readonly agent: AgentState }): ReactElement {
  const { t } = useTranslation();
  const view = useAgentView();
  const isLive = useIsLive();
  const { show } = useViews();
  const { status } = agent;
  const [page, setPage] = useState<SetupPage>(() => {
    const { value } = wantedPage;
    wantedPage.value = undefined;
    return value ?? nextPage(status);
  });
  const heading = useRef<HTMLHeadingElement>(null);
  const { tone } = headlineView(view);

  useEffect(() => keep('open'), []);
  useEffect(() => {
    showInTab(t('pageTitle', { headline: t('wizard.title') }), tone);
  }, [t, tone]);

  const go = (next: SetupPage) => {
    setPage(next);
    // Reading begins at the title of the new step.
    requestAnimationFrame(() => heading.current?.focus());
  };
  const leave = () => {
    keep('left');
    show('overview', 'state');
  };
  const before = pageBefore(page);

  return (
    <section className="wizard" id="state" tabIndex={-1} aria-label={t('wizard.title')}>
      <div className="wizard-head">
        <p className="wizard-title">{t('wizard.title')}</p>
        <Button look="quiet" onPress={leave}>
          {t('wizard.leave')}
        </Button>
      </div>
      <Steps page={page} status={status} onGo={go} />
      <div className="wizard-page panel">
        {page === 'done' ? null : (
          <p className="muted">{t('wizard.step', { number: setupSteps.indexOf(page) + 1 })}</p>
        )}
        <h1 id="setup-title" tabIndex={-1} ref={heading}>
          {page === 'done'
            ? t(
                setupSteps.every((step) => isStepDone(step, status))
                  ? 'wizard.done.title'
                  : 'wizard.done.titleOpen',
              )
            : t(`wizard.${page}.title`)}
        </h1>
        {isLive && !status.listener.up && status.failures[0] !== undefined ? (
          <ErrorNote report={status.failures[0]} />
        ) : null}
        {isLive ? null : (
          <div className="note" data-tone="unknown" role="status">
            <HollowCircle />
            <p>{t('wizard.notLive')}</p>
          </div>
        )}
        <PageBody page={page} agent={agent} onGo={go} onLeave={leave} />
        {page === 'done' ? null : (
          <Foot
            step={page}
            isDone={isStepDone(page, status)}
            onBack={before === undefined ? undefined : () => go(before)}
            onNext={() => go(pageAfter(page))}
          />
        )}
      </div>
    </section>
  );
}

function PageBody({
  page,
  agent,
  onGo,
  onLeave,
}: {
  readonly page: SetupPage;
  readonly agent: AgentState;
  readonly onGo: (page: SetupPage) => void;
  readonly onLeave: () => void;
}): ReactNode {
  switch (page) {
    case 'recovery':
      return <RecoveryStep status={agent.status} />;
    case 'cloud':
      return <CloudStep status={agent.status} />;
    case 'modality':
      return <ModalityStep status={agent.status} />;
    case 'done':
      return <DoneStep onGo={onGo} onLeave={onLeave} />;
    default:
      return assertNever(page);
  }
}

/** Which steps there are, how they stand, and the way to each: nothing forces an order. */
function Steps({
  page,
  status,
  onGo,
}: {
  readonly page: SetupPage;
  readonly status: SetupStatus;
  readonly onGo: (page: SetupPage) => void;
}): ReactElement {
  const { t } = useTranslation();
  return (
    <nav aria-label={t('wizard.steps')}>
      <ol className="wizard-steps">
        {setupSteps.map((step, index) => {
          const mark = markOf(step, status);
          return (
            <li key={step}>
              <button
                type="button"
                className="wizard-step"
                data-mark={mark}
                {...(page === step ? { 'aria-current': 'step' as const } : {})}
                onClick={() => onGo(step)}
              >
                <Mark mark={mark} number={index + 1} />
                <span>{t(`wizard.names.${step}`)}</span>
                <span className="wizard-mark-text">{t(`wizard.marks.${mark}`)}</span>
              </button>
            </li>
          );
        })}
      </ol>
    </nav>
  );
}

type StepMark = 'done' | 'open' | 'problem';

function markOf(step: SetupStep, status: SetupStatus): StepMark {
  if (isStepDone(step, status)) return 'done';
  return step === 'cloud' && status.destinations.some(isBroken) ? 'problem' : 'open';
}

function Mark({ mark, number }: { readonly mark: StepMark; readonly number: number }): ReactElement {
  switch (mark) {
    case 'done':
      return <CheckCircle />;
    case 'open':
      return (
        <span className="wizard-number" aria-hidden="true">
          {number}
        </span>
      );
    case 'problem':
      return <TriangleAlert />;
  }
}

/** Back, and next; while the step is not done, what it means to skip it. */
function Foot({
  step,
  isDone,
  onBack,
  onNext,
}: {
  readonly step: SetupStep;
  readonly isDone: boolean;
  readonly onBack: (() => void) | undefined;
  readonly onNext: () => void;
}): ReactElement {
  const { t } = useTranslation();
  return (
    <div className="wizard-foot">
      {isDone ? null : (
        <p className="muted" id="wizard-skip">
          <strong>{t('wizard.skipTitle')}:</strong> {t(`wizard.${step}.skip`)}
        </p>
      )}
      <div className="wizard-buttons">
        {onBack === undefined ? null : <Button onPress={onBack}>{t('wizard.back')}</Button>}
        <span className="spacer" />
        {isDone ? (
          <Button key="next" look="primary" onPress={onNext}>
            {t('wizard.next')}
          </Button>
        ) : (
          <Button key="skip" look="quiet" onPress={onNext}>
            {t('wizard.skip')}
          </Button>
        )}
      </div>
    </div>
  );
}

import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useAgentView } from '../../state/engine-context.ts';
import { headlineView } from '../../state/headline-view.ts';
import { Button } from '../../ui/button.tsx';
import { ToneIcon } from '../../ui/icons.tsx';
import { useReasonWords } from '../headline/reason-words.ts';
import { isStepDone, setupSteps } from './wizard-state.ts';
import type { SetupPage } from './wizard-state.ts';

/** How things stand, what is still open, and what to do from here. */
export function DoneStep({
  onGo,
  onLeave,
}: {
  readonly onGo: (page: SetupPage) => void;
  readonly onLeave: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const view = useAgentView();
  const { tone, reason } = headlineView(view);
  const { why } = useReasonWords(reason, view.agent);
  const status = view.agent?.status;
  const open = setupSteps.filter((step) => status === undefined || !isStepDone(step, status));
  return (
    <>
      <p>{t(open.length === 0 ? 'wizard.done.intro' : 'wizard.done.introOpen')}</p>
      {open.length === 0 ? null : (
        <ul className="wizard-open">
          {open.map((step) => (
            <li key={step}>
              <strong>{t(`wizard.names.${step}`)}</strong>
              <span>{t(`wizard.${step}.skip`)}</span>
              <Button
                onPress={() => onGo(step)}
                label={`${t('wizard.done.go')}: ${t(`wizard.names.${step}`)}`}
              >
                {t('wizard.done.go')}
              </Button>
            </li>
          ))}
        </ul>
      )}
      <div className="wizard-state" data-tone={tone} role="status">
        <ToneIcon tone={tone} />
        <div>
          <p className="muted">{t('wizard.done.state')}</p>
          <p className="wizard-state-title">
            {reason.tag === 'connecting' ? t('headline.connecting') : t(`headline.${tone}`)}
          </p>
          <p>{why}</p>
        </div>
      </div>
      <h2>{t('wizard.done.nowTitle')}</h2>
      <ul className="points">
        <li>{t('wizard.done.send')}</li>
        <li>{t('wizard.done.compare')}</li>
        <li>{t('wizard.done.kit')}</li>
        <li>{t('wizard.done.more')}</li>
        <li>{t('wizard.done.leaveOn')}</li>
      </ul>
      <div className="panel-actions">
        <Button look="primary" onPress={onLeave}>
          {t('wizard.done.open')}
        </Button>
      </div>
    </>
  );
}

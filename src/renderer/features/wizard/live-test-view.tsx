import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { liveTestSteps } from '../../../shared/contract-setup.ts';
import type { LiveTestStep } from '../../../shared/contract-setup.ts';
import { ToneIcon } from '../../ui/icons.tsx';
import type { Tone } from '../../state/headline-view.ts';
import { enFindings, findingText } from '../../../shared/credential-findings.ts';
import { esFindings } from '../../i18n/es-findings.ts';
import { usePreferences } from '../../preferences/preferences.ts';
import type { LiveTestSeen } from './use-live-test.ts';

type StepState = 'waiting' | 'running' | 'passed' | 'failed' | 'stopped';

const tones: Readonly<Record<StepState, Tone>> = {
  waiting: 'unknown',
  running: 'working',
  passed: 'all-safe',
  failed: 'not-receiving',
  stopped: 'unknown',
};

/** Each step of the live test as it goes, and what it found. */
export function LiveTestView({ seen }: { readonly seen: LiveTestSeen }): ReactElement {
  const { t } = useTranslation();
  return (
    <section className="live-test" aria-label={t('wizard.live.title')}>
      <h2>{t('wizard.live.title')}</h2>
      <ol className="live-steps">
        {liveTestSteps.map((step) => {
          const state: StepState = seen.steps.get(step) ?? 'waiting';
          return (
            <li key={step} data-tone={tones[state]} data-state={state}>
              <ToneIcon tone={tones[state]} />
              <span>
                {t(`wizard.live.steps.${step}`)}
                <Detail step={step} seen={seen} />
              </span>
              <span className="live-state">{t(`wizard.live.states.${state}`)}</span>
            </li>
          );
        })}
      </ol>
      <Findings seen={seen} />
    </section>
  );
}

function Detail({
  step,
  seen,
}: {
  readonly step: LiveTestStep;
  readonly seen: LiveTestSeen;
}): ReactElement | null {
  const { t } = useTranslation();
  if (step !== 'route' || seen.proxy === undefined) return null;
  return (
    <span className="muted live-detail">
      {seen.proxy === null ? t('wizard.live.direct') : t('wizard.live.proxy', { address: seen.proxy })}
    </span>
  );
}

/** In the reader's language; what an engine newer than the page tells, in English. */
function Findings({ seen }: { readonly seen: LiveTestSeen }): ReactElement | null {
  const { t } = useTranslation();
  const [{ language }] = usePreferences();
  if (seen.findings.length === 0) return null;
  return (
    <>
      <h3>{t('wizard.live.findings')}</h3>
      <ul className="live-findings">
        {seen.findings.map(({ level, text, about, fact }) => (
          <li key={text} data-tone={level === 'warning' ? 'attention' : 'unknown'}>
            {level === 'warning' ? (
              <ToneIcon tone="attention" />
            ) : (
              <span className="live-dot" aria-hidden="true" />
            )}
            <span>
              {level === 'warning' ? <strong>{t('wizard.live.warning')}: </strong> : null}
              {about === 'other-archive' ? (
                t('wizard.live.otherArchive')
              ) : fact === undefined ? (
                <span lang="en">{text}</span>
              ) : (
                findingText(fact, language === 'es' ? esFindings : enFindings)
              )}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

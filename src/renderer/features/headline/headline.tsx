import { useEffect } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { AgentView } from '../../state/agent-store.ts';
import { useStore } from '../../state/engine-context.ts';
import { headlineView } from '../../state/headline-view.ts';
import type { Reason } from '../../state/headline-view.ts';
import { useFormat } from '../../i18n/format.ts';
import { useNowMs } from '../../state/now.ts';
import { Button } from '../../ui/button.tsx';
import { ToneIcon } from '../../ui/icons.tsx';
import { RecoveryButton } from '../recovery/recovery-button.tsx';
import { showInTab } from './tab.ts';
import { useReasonWords } from './reason-words.ts';

/** The one glance: shape, colour, words; one sentence why; the one next step. */
export function Headline({ view }: { readonly view: AgentView }): ReactElement {
  const { t } = useTranslation();
  const { tone, reason } = headlineView(view);
  const words = useReasonWords(reason, view.agent);
  const title = reason.tag === 'connecting' ? t('headline.connecting') : t(`headline.${tone}`);

  useEffect(() => {
    showInTab(t('pageTitle', { headline: title }), tone);
  }, [t, title, tone]);

  return (
    <section className="headline" data-tone={tone} id="state" tabIndex={-1} aria-labelledby="headline-title">
      <ToneIcon tone={tone} className="headline-icon" />
      <div className="headline-words">
        <div role="status">
          <h1 id="headline-title">{title}</h1>
          <p className="headline-why">{words.why}</p>
        </div>
        {words.also === undefined ? null : <p className="headline-also">{words.also}</p>}
        <OldFigures view={view} />
        {words.step === undefined ? null : (
          <p className="headline-step">
            <strong>{t('step.label')}:</strong> {words.step}
          </p>
        )}
        <HeadlineButton reason={reason} />
      </div>
    </section>
  );
}

/** While disconnected: how old what stands below is. */
function OldFigures({ view }: { readonly view: AgentView }): ReactElement | null {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  if (view.connection.tag === 'live' || view.heardAtMs === undefined) return null;
  const when = format.moment(new Date(view.heardAtMs).toISOString(), nowMs);
  return <p className="headline-also">{t('reason.asOf', { when })}</p>;
}

function HeadlineButton({ reason }: { readonly reason: Reason }): ReactElement | null {
  const { t } = useTranslation();
  const store = useStore();
  if (reason.tag === 'lost' || reason.tag === 'silent') {
    return (
      <Button look="primary" onPress={store.retryNow}>
        {t('connection.retry')}
      </Button>
    );
  }
  const kit = kitStep(reason);
  return kit === undefined ? null : <RecoveryButton dialog={kit} look="primary" />;
}

/** The recovery dialog that is the next step, whether the engine tells it as a state or as a failure. */
function kitStep(reason: Reason): 'create' | 'check' | undefined {
  if (reason.tag === 'recovery') return reason.state === 'none' ? 'create' : 'check';
  if (reason.tag !== 'failure') return undefined;
  if (reason.failure.code === 'recovery-missing') return 'create';
  const { code } = reason.failure;
  return code === 'recovery-not-proven' || code === 'recovery-check-due' ? 'check' : undefined;
}

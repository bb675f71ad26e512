import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format.ts';
import { useIsLive } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { ActionError } from '../../ui/error-note.tsx';
import { LockIcon, LookIcon } from '../../ui/icons.tsx';
import { personName } from '../studies/person-name.ts';
import { shownDate } from '../studies/shown-date.ts';
import type { Reveal } from './use-reveal.ts';

/**
 * Who the study is of, for a time; hidden otherwise. `look`: of the button that shows; second where the screen has
 * something more urgent to press.
 */
export function RevealBar({
  reveal,
  look,
}: {
  readonly reveal: Reveal;
  readonly look: 'primary' | 'secondary';
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const isLive = useIsLive();
  const { revealed, show, hide, isOver } = reveal;
  const isBusy = show.state.tag === 'busy';
  return (
    <section className="reveal-bar" aria-label={t('study.reveal.title')} data-shown={revealed !== undefined}>
      {revealed === undefined ? <LockIcon className="reveal-mark" /> : <LookIcon className="reveal-mark" />}
      <div className="reveal-words">
        {revealed === undefined ? (
          <>
            <p className="strong">{t('study.reveal.title')}</p>
            <p className="muted">{t('study.reveal.text')}</p>
          </>
        ) : (
          <>
            <p className="revealed-name" translate="no">
              {personName(revealed.patientName) || t('studies.noName')}
            </p>
            <p translate="no">
              {[
                ...(revealed.patientId === '' ? [] : [t('studies.patientId', { id: revealed.patientId })]),
                revealed.studyDescription,
                shownDate(revealed.studyDate),
              ]
                .filter((one) => one !== '')
                .join(' · ')}
            </p>
            <p className="muted">
              {t('study.reveal.left', {
                count: revealed.secondsLeft,
                formatted: format.count(revealed.secondsLeft),
              })}
            </p>
          </>
        )}
      </div>
      <div className="reveal-buttons">
        <Button
          look={revealed === undefined ? look : 'secondary'}
          isDisabled={!isLive}
          isPending={isBusy}
          onPress={show.run}
        >
          {revealed === undefined ? t('study.reveal.show') : t('study.reveal.again')}
        </Button>
        {revealed === undefined ? null : (
          <Button look="quiet" onPress={hide}>
            {t('study.reveal.hide')}
          </Button>
        )}
      </div>
      <p className="visually-hidden" role="status">
        {revealed === undefined ? (isOver ? t('study.reveal.gone') : '') : t('study.reveal.shown')}
      </p>
      <ActionError state={show.state} />
    </section>
  );
}

import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { StudyShown } from '../../../shared/contract-study.ts';
import { useFormat } from '../../i18n/format.ts';
import { useAction, useIsLive } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { ActionError } from '../../ui/error-note.tsx';
import { useNotice } from '../../ui/notice.tsx';
import { useOpenDialog } from '../dialog-context.ts';

/** What can be done with the study now, and why the rest cannot. */
export function StudyActions({ shown }: { readonly shown: StudyShown }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const say = useNotice();
  const isLive = useIsLive();
  const openDialog = useOpenDialog();
  const { study, destinations } = shown;
  const retry = useAction(async (client) => {
    const { retried } = await client.studies.retry({ studyId: study.id });
    say(t('retried', { count: retried, formatted: format.count(retried) }));
  });
  const stuck = isStuck(shown);
  const isStored = destinations.some(({ verified, uploaded }) => verified + uploaded > 0);
  const isArriving = study.state === 'receiving';
  const reasons = !isLive
    ? [t('study.actions.offline')]
    : [
        ...(stuck ? [] : [t('study.actions.nothingFailed')]),
        ...(study.instances > 0 ? [] : [t('study.actions.noImages')]),
        ...(isStored ? [] : [t('study.actions.nothingStored')]),
        ...(isArriving ? [t('study.actions.arriving')] : []),
      ];
  return (
    <section className="study-do" aria-label={t('study.actions.title')}>
      <div className="study-do-buttons">
        <Button
          look={stuck ? 'primary' : 'secondary'}
          isDisabled={!isLive || !stuck}
          isPending={retry.state.tag === 'busy'}
          onPress={retry.run}
        >
          {t('study.actions.retry')}
        </Button>
        <Button
          isDisabled={!isLive || study.instances === 0}
          onPress={() => openDialog({ tag: 'restore', study })}
        >
          {t('study.actions.restore')}
        </Button>
        <Button
          isDisabled={!isLive || !isStored}
          onPress={() => openDialog({ tag: 'verify', what: { tag: 'study', study } })}
        >
          {t('study.actions.verify')}
        </Button>
        <Button
          isDisabled={!isLive || study.instances === 0 || isArriving}
          onPress={() => openDialog({ tag: 'share', study })}
        >
          {t('study.actions.share')}
        </Button>
      </div>
      {reasons.length === 0 ? null : (
        <ul className="study-reasons">
          {reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
      <ActionError state={retry.state} />
    </section>
  );
}

/** Images of it failed or were set aside: somebody has to press. */
export function isStuck({ study, destinations }: Pick<StudyShown, 'study' | 'destinations'>): boolean {
  return study.failed + study.parked > 0 || destinations.some(({ failed, parked }) => failed + parked > 0);
}

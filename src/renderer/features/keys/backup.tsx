import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { BackupSummary } from '../../../shared/contract-backup.ts';
import { errorText } from '../../i18n/error-text.ts';
import { useFormat } from '../../i18n/format.ts';
import { useAction, useIsLive } from '../../state/engine-context.ts';
import { useNowMs } from '../../state/now.ts';
import { Button } from '../../ui/button.tsx';
import { ActionError, ErrorNote } from '../../ui/error-note.tsx';
import { CloudIcon, TriangleAlert } from '../../ui/icons.tsx';
import { useNotice } from '../../ui/notice.tsx';
import { Panel } from '../../ui/panel.tsx';
import { keyPanelIds, useKeys } from './keys-context.ts';
import type { BackupFacts } from './keys-context.ts';

/** The sealed backups of settings, pairings and CA that lie in the cloud. */
export function Backup(): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  const say = useNotice();
  const { backups, backupsAgain } = useKeys();
  const write = useAction(async (client) => {
    const { written } = await client.backup.write();
    const isNew = written.some(({ outcome }) => outcome === 'written');
    say(isNew ? t('keys.backup.written') : t('keys.backup.unchanged'));
    backupsAgain();
  });
  return (
    <Panel title={t('keys.backup.title')} icon={<CloudIcon />} id={keyPanelIds.backup}>
      <p className="muted">{t('keys.backup.text')}</p>
      {backups.tag === 'loading' ? (
        <div className="skeleton" aria-busy="true">
          <p className="visually-hidden">{t('keys.backup.loading')}</p>
          <div className="skeleton-strip" />
        </div>
      ) : backups.tag === 'failed' ? (
        <ErrorNote report={backups.report} />
      ) : (
        <BackupList facts={backups.answer} />
      )}
      <ActionError state={write.state} />
      <div className="panel-actions">
        <Button isDisabled={!isLive} isPending={write.state.tag === 'busy'} onPress={write.run}>
          {t('keys.backup.write')}
        </Button>
        <Button look="quiet" isDisabled={!isLive} onPress={backupsAgain}>
          {t('keys.backup.look')}
        </Button>
      </div>
    </Panel>
  );
}

function BackupList({ facts: { backups, problems } }: { readonly facts: BackupFacts }): ReactElement {
  const { t } = useTranslation();
  const { language } = useFormat();
  const own = backups.filter((one) => one.own);
  const others = backups.filter((one) => !one.own);
  return (
    <>
      {own.length === 0 ? (
        <p className="strong">{t('keys.backup.none')}</p>
      ) : (
        <ul className="backups">
          {own.map((one) => (
            <BackupRow key={one.destination} backup={one} />
          ))}
        </ul>
      )}
      {others.length === 0 ? null : (
        <>
          <h3 className="backup-others">{t('keys.backup.others')}</h3>
          <ul className="backups">
            {others.map((one) => (
              <BackupRow key={`${one.destination} ${one.installationId}`} backup={one} />
            ))}
          </ul>
        </>
      )}
      {problems.slice(0, shownProblems).map((problem) => {
        const words = errorText(problem, language);
        return (
          <div key={`${problem.destination} ${problem.object}`} className="note" data-tone="attention">
            <TriangleAlert />
            <div>
              <p className="note-message">{t('keys.backup.problem', { name: problem.destination })}</p>
              <p>{words.message}</p>
              <p>{words.nextStep}</p>
            </div>
          </div>
        );
      })}
    </>
  );
}

/** One a destination, as a rule; a broken cloud must not fill the page. */
const shownProblems = 3;

function BackupRow({ backup }: { readonly backup: BackupSummary }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const { destination, name, number, writtenAt, devices, missing, refused, own } = backup;
  return (
    <li>
      <p className="strong">{own ? destination : t('keys.backup.of', { name, destination })}</p>
      <p>
        {t('keys.backup.number', { number: format.count(number), when: format.moment(writtenAt, nowMs) })}
        {' · '}
        {t('keys.backup.devices', { count: devices, formatted: format.count(devices) })}
      </p>
      {missing + refused === 0 ? null : (
        <p className="strong">
          {t('keys.backup.odd', { count: missing + refused, formatted: format.count(missing + refused) })}
        </p>
      )}
    </li>
  );
}

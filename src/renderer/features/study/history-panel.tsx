import { useState } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { StudyHistoryEntry } from '../../../shared/contract-study.ts';
import { assertNever } from '../../../shared/assert-never.ts';
import { en } from '../../i18n/en.ts';
import { useFormat } from '../../i18n/format.ts';
import { useAsked } from '../../state/asked.ts';
import { useAction } from '../../state/engine-context.ts';
import { useNowMs } from '../../state/now.ts';
import { Button } from '../../ui/button.tsx';
import { ActionError, ErrorNote } from '../../ui/error-note.tsx';
import { ClockIcon } from '../../ui/icons.tsx';
import { Panel } from '../../ui/panel.tsx';

/** What rows and audit trail tell about the study, newest first. */
export function StudyHistory({
  studyId,
  moment,
}: {
  readonly studyId: string;
  readonly moment: string;
}): ReactElement {
  const { t } = useTranslation();
  const { asked, again } = useAsked(`${studyId} ${moment}`, (client) => client.study.history({ studyId }));
  const [older, setOlder] = useState<{
    readonly entries: readonly StudyHistoryEntry[];
    readonly auditBefore: number | null;
  }>({ entries: [], auditBefore: null });
  const next =
    older.entries.length > 0 ? older.auditBefore : asked.tag === 'ready' ? asked.answer.auditBefore : null;
  const more = useAction(async (client) => {
    const page = await client.study.history({ studyId, auditBefore: next });
    setOlder((before) => ({
      entries: [...before.entries, ...page.entries],
      auditBefore: page.auditBefore,
    }));
  });
  return (
    <Panel title={t('study.history.title')} icon={<ClockIcon />}>
      {asked.tag === 'loading' ? (
        <p className="muted" role="status">
          {t('study.history.loading')}
        </p>
      ) : asked.tag === 'failed' ? (
        <>
          <ErrorNote report={asked.report} />
          <Button onPress={again}>{t('devices.again')}</Button>
        </>
      ) : asked.answer.entries.length === 0 ? (
        <p className="muted">{t('study.history.empty')}</p>
      ) : (
        <ol className="study-history">
          {[...asked.answer.entries, ...older.entries].map((entry, at) => (
            <Entry key={at} entry={entry} />
          ))}
        </ol>
      )}
      {next === null ? null : (
        <Button look="quiet" isPending={more.state.tag === 'busy'} onPress={more.run}>
          {t('study.history.more')}
        </Button>
      )}
      <ActionError state={more.state} />
    </Panel>
  );
}

function Entry({ entry }: { readonly entry: StudyHistoryEntry }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const words = useWords();
  const until = 'until' in entry ? entry.until : entry.at;
  const [from, to] = [format.moment(entry.at, nowMs), format.moment(until, nowMs)];
  const by = 'actor' in entry ? t('study.history.by', { actor: words.actor(entry.actor) }) : '';
  const failed = entry.tag === 'audit' && entry.outcome === 'failure' ? t('study.history.failed') : '';
  return (
    <li>
      <time className="study-history-time" dateTime={until}>
        {from === to ? to : t('study.history.between', { from, until: to })}
      </time>
      <span>{[words.what(entry), by, failed].filter((one) => one !== '').join(' · ')}</span>
    </li>
  );
}

type KnownAction = Exclude<keyof typeof en.study.history.audit, 'other'>;
type KnownActor = keyof typeof en.study.history.actor;

function useWords(): {
  readonly what: (entry: StudyHistoryEntry) => string;
  readonly actor: (actor: string) => string;
} {
  const { t } = useTranslation();
  const format = useFormat();
  return {
    actor: (actor) =>
      Object.hasOwn(en.study.history.actor, actor) ? t(`study.history.actor.${actor as KnownActor}`) : actor,
    what: (entry) => {
      switch (entry.tag) {
        case 'received': {
          const { images: count, source } = entry;
          const formatted = format.count(count);
          return source === null
            ? t('study.history.receivedFiles', { count, formatted })
            : t('study.history.received', { count, formatted, source });
        }
        case 'verified':
        case 'checked': {
          const { images: count, destination } = entry;
          return t(`study.history.${entry.tag}`, { count, formatted: format.count(count), destination });
        }
        case 'audit':
          return entry.action !== 'other' && Object.hasOwn(en.study.history.audit, entry.action)
            ? t(`study.history.audit.${entry.action as KnownAction}`)
            : t('study.history.audit.other', { action: entry.action });
        case 'share':
          return entry.action === 'created' && entry.kind === 'folder'
            ? t('study.history.share.createdFolder')
            : t(`study.history.share.${entry.action}`);
        default:
          return assertNever(entry);
      }
    },
  };
}

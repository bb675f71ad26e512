import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { errorText } from '../../i18n/error-text.ts';
import { useFormat } from '../../i18n/format.ts';
import { useAction, useIsLive } from '../../state/engine-context.ts';
import { useNowMs } from '../../state/now.ts';
import { Button } from '../../ui/button.tsx';
import { ActionError } from '../../ui/error-note.tsx';
import { TriangleAlert } from '../../ui/icons.tsx';
import { useNotice } from '../../ui/notice.tsx';
import { useSettingWords } from './setting-words.ts';
import { useSettings } from './settings-context.ts';

/** What is not about a single setting: a file changed elsewhere, what waits for a restart, the last change. */
export function SettingsTop(): ReactElement {
  return (
    <>
      <Outside />
      <Waiting />
      <Undo />
    </>
  );
}

function Outside(): ReactElement | null {
  const { t } = useTranslation();
  const { language } = useFormat();
  const isLive = useIsLive();
  const say = useNotice();
  const {
    report: { outside },
    take,
    again,
  } = useSettings();
  const choose = useAction(async (client, choice: 'use-file' | 'put-back') => {
    if (outside === null) return;
    const result = await client.settings.outside({ revision: outside.revision, choice });
    if (result.tag === 'kept') {
      take(result.report);
      say(choice === 'use-file' ? t('settings.outside.used') : t('settings.outside.restored'));
    } else again();
  });
  if (outside === null) return null;
  const { problem } = outside;
  const words = problem === null ? undefined : errorText(problem, language);
  return (
    <section className="note" data-tone="attention" aria-label={t('settings.outside.title')}>
      <TriangleAlert />
      <div className="setting-trials">
        <h2 className="note-message">{t('settings.outside.title')}</h2>
        <p>{t('settings.outside.text')}</p>
        {words === undefined ? null : (
          <p>
            {t('settings.outside.broken')} {words.message}. {words.nextStep}
          </p>
        )}
        <div className="setting-adds">
          {problem === null ? (
            <Button
              look="primary"
              isDisabled={!isLive}
              isPending={choose.state.tag === 'busy'}
              onPress={() => choose.run('use-file')}
            >
              {t('settings.outside.use')}
            </Button>
          ) : null}
          <Button
            isDisabled={!isLive}
            isPending={choose.state.tag === 'busy'}
            onPress={() => choose.run('put-back')}
          >
            {t('settings.outside.putBack')}
          </Button>
        </div>
        <ActionError state={choose.state} />
      </div>
    </section>
  );
}

function Waiting(): ReactElement | null {
  const { t } = useTranslation();
  const format = useFormat();
  const words = useSettingWords();
  const isLive = useIsLive();
  const say = useNotice();
  const { report } = useSettings();
  const restart = useAction(async (client) => {
    await client.settings.restart();
    say(t('settings.restarting'));
  });
  const { waiting } = report;
  if (waiting.length === 0) return null;
  const names = format.list(waiting.map((key) => words.label(key)));
  return (
    <div className="note" data-tone="working" role="status">
      <TriangleAlert />
      <div className="setting-trials">
        <p className="note-message">
          {t('settings.waiting', { count: waiting.length, formatted: format.count(waiting.length), names })}
        </p>
        {report.restart === 'by-hand' ? (
          <p>{t('settings.restartByHand')}</p>
        ) : (
          <>
            <p>{t('settings.restartMeans')}</p>
            <div>
              <Button
                look="primary"
                isDisabled={!isLive}
                isPending={restart.state.tag === 'busy'}
                onPress={restart.run}
              >
                {t('settings.restart')}
              </Button>
            </div>
          </>
        )}
        <ActionError state={restart.state} />
      </div>
    </div>
  );
}

function Undo(): ReactElement | null {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const words = useSettingWords();
  const isLive = useIsLive();
  const say = useNotice();
  const {
    report: { undo, revision },
    take,
  } = useSettings();
  const back = useAction(async (client) => {
    const result = await client.settings.undo({ revision });
    if (result.tag === 'kept') {
      take(result.report);
      say(t('settings.undone'));
    }
  });
  if (undo === null) return null;
  const names = format.list(undo.keys.map((key) => words.label(key)));
  return (
    <div className="settings-undo">
      <p className="muted">{t('settings.undoWhat', { when: format.ago(undo.at, nowMs), names })}</p>
      <Button isDisabled={!isLive} isPending={back.state.tag === 'busy'} onPress={back.run}>
        {t('settings.undo')}
      </Button>
      <ActionError state={back.state} />
    </div>
  );
}

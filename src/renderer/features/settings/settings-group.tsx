import { useEffect, useRef, useState } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { Form } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import type { ChangeProblem, SettingChange, SettingState } from '../../../shared/contract-settings.ts';
import type { SettingFacts } from '../../../shared/settings-facts.ts';
import { errorText } from '../../i18n/error-text.ts';
import { useFormat } from '../../i18n/format.ts';
import { useAction, useIsLive } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { ActionError } from '../../ui/error-note.tsx';
import { TriangleAlert } from '../../ui/icons.tsx';
import { useNotice } from '../../ui/notice.tsx';
import { Panel } from '../../ui/panel.tsx';
import { SettingRow } from './setting-row.tsx';
import { useSettingWords, valueProblem } from './setting-words.ts';
import { useSettings } from './settings-context.ts';
import { formOf, isSameForm, valueOf } from './settings-form.ts';
import type { SettingForm } from './settings-form.ts';

export interface ShownSetting {
  readonly facts: SettingFacts;
  readonly state: SettingState;
  /** False: the search did not find it. It stays, so that what is typed in it is not lost. */
  readonly isShown: boolean;
}

/** Settings that belong together: typed in, tried and saved as one. */
export function SettingsGroup({
  title,
  icon,
  id,
  settings,
}: {
  readonly title: string;
  readonly icon: ReactNode;
  readonly id: string;
  readonly settings: readonly ShownSetting[];
}): ReactElement {
  const { t } = useTranslation();
  const { language } = useFormat();
  const words = useSettingWords();
  const isLive = useIsLive();
  const say = useNotice();
  const { report, take } = useSettings();
  const [drafts, setDrafts] = useState<ReadonlyMap<string, SettingForm>>(new Map());
  const [problems, setProblems] = useState<readonly ChangeProblem[]>([]);
  const formRef = useRef<HTMLDivElement>(null);

  const changed = settings.filter(({ facts, state }) => {
    const draft = drafts.get(facts.key);
    return draft !== undefined && !isSameForm(draft, formOf(facts, state.value));
  });
  const send = useAction(
    async (client, changes: readonly SettingChange[], keep: 'when-it-works' | 'anyway') => {
      const result = await client.settings.change({ revision: report.revision, changes: [...changes], keep });
      if (result.tag === 'refused') {
        setProblems(result.problems);
        return;
      }
      setProblems([]);
      const done = new Set(changes.map(({ key }) => key));
      setDrafts((before) => new Map([...before].filter(([key]) => !done.has(key))));
      take(result.report);
      say(result.waiting.length > 0 ? t('settings.savedWaiting') : t('settings.saved'));
    },
  );
  useEffect(() => {
    if (problems.length > 0)
      formRef.current
        ?.querySelector<HTMLElement>('input[data-invalid], textarea[data-invalid], [role=alert][tabindex]')
        ?.focus();
  }, [problems]);

  const changes = (): readonly SettingChange[] =>
    changed.map(({ facts }): SettingChange => {
      const value = valueOf(facts, drafts.get(facts.key) ?? '');
      return value === undefined ? { tag: 'unset', key: facts.key } : { tag: 'set', key: facts.key, value };
    });
  const trials = problems.filter(({ kind }) => kind === 'trial');
  const notAllowed = problems.filter(({ kind }) => kind === 'not-allowed');
  const isPlaced = ({ key }: ChangeProblem): boolean =>
    settings.some(({ facts }) => key === facts.key || key.startsWith(`${facts.key}.`));
  const problemAt = (place: string): string | undefined => {
    const found = notAllowed.find(({ key }) => key === place);
    if (found === undefined) return undefined;
    if (found.report.code !== 'config-bad-value') return errorText(found.report, language).message;
    return valueProblem(found.report.message, found.key, language);
  };
  const isShown = settings.some((one) => one.isShown) || changed.length > 0;
  return (
    <div ref={formRef} hidden={!isShown}>
      <Panel
        title={title}
        icon={icon}
        id={id}
        className="settings-group"
        aside={
          changed.length === 0 ? null : (
            <span className="view-waiting" data-tone="attention">
              <TriangleAlert />
              {t('settings.unsaved')}
            </span>
          )
        }
      >
        <Form
          validationBehavior="aria"
          onSubmit={(event) => {
            event.preventDefault();
            if (changed.length > 0) send.run(changes(), 'when-it-works');
          }}
        >
          {settings.map(({ facts, state, isShown: isFound }) => (
            <SettingRow
              key={facts.key}
              facts={facts}
              state={state}
              isShown={isFound || changed.some((one) => one.facts.key === facts.key)}
              form={drafts.get(facts.key) ?? formOf(facts, state.value)}
              problemAt={problemAt}
              secrets={report.secrets}
              onChange={(form) => setDrafts((before) => new Map(before).set(facts.key, form))}
              onReset={() => send.run([{ tag: 'unset', key: facts.key }], 'when-it-works')}
            />
          ))}
          {notAllowed
            .filter((one) => !isPlaced(one) || hasNoField(one, settings))
            .map(({ key, report: told }) => {
              const said = errorText(told, language);
              return (
                <div key={key} className="note" data-tone="attention" role="alert">
                  <TriangleAlert />
                  <div>
                    <p className="note-message">{said.message}</p>
                    <p>{said.nextStep}</p>
                  </div>
                </div>
              );
            })}
          {trials.length === 0 ? null : (
            <div className="note" data-tone="attention" role="alert" tabIndex={-1}>
              <TriangleAlert />
              <div className="setting-trials">
                <p className="note-message">{t('settings.notNow')}</p>
                {trials.map(({ key, report: told }) => {
                  const said = errorText(told, language);
                  return (
                    <p key={key}>
                      {said.message}. {said.nextStep}
                    </p>
                  );
                })}
                <div>
                  <Button
                    isDisabled={!isLive || changed.length === 0}
                    isPending={send.state.tag === 'busy'}
                    onPress={() => send.run(changes(), 'anyway')}
                  >
                    {t('settings.saveAnyway')}
                  </Button>
                </div>
              </div>
            </div>
          )}
          <ActionError state={send.state} />
          {changed.length === 0 ? null : (
            <div className="settings-buttons">
              <Button
                look="primary"
                type="submit"
                isDisabled={!isLive}
                isPending={send.state.tag === 'busy'}
                label={`${t('settings.save')}: ${changed.map(({ facts }) => words.label(facts.key)).join(', ')}`}
              >
                {t('settings.save')}
              </Button>
              <Button
                onPress={() => {
                  setDrafts(new Map());
                  setProblems([]);
                  send.reset();
                }}
              >
                {t('settings.discard')}
              </Button>
            </div>
          )}
        </Form>
      </Panel>
    </div>
  );
}

/** Deeper in a list than a field of an entry: `destinations.0.container` has one, `folders.0` of an unknown kind none. */
function hasNoField({ key }: ChangeProblem, settings: readonly ShownSetting[]): boolean {
  const list = settings.find(({ facts }) => key.startsWith(`${facts.key}.`));
  return list !== undefined && key.slice(list.facts.key.length + 1).split('.').length > 2;
}

import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { Device, ObservedClass } from '../../../shared/devices.ts';
import { useFormat } from '../../i18n/format.ts';
import { useAction, useIsLive } from '../../state/engine-context.ts';
import { useNowMs } from '../../state/now.ts';
import { Button } from '../../ui/button.tsx';
import { Chip } from '../../ui/chip.tsx';
import { ActionError } from '../../ui/error-note.tsx';
import { StudyIcon, TriangleAlert } from '../../ui/icons.tsx';
import { useNotice } from '../../ui/notice.tsx';
import { Panel } from '../../ui/panel.tsx';
import { keepFocus, panelIds, useAccess } from './access-context.ts';
import { kindName } from './words.tsx';

interface ClassesProps {
  readonly classes: readonly ObservedClass[];
  readonly devices: readonly Device[];
}

/** Kinds that somebody let in proposed and could not have: allow them for that device, or leave it. */
export function Classes({ classes, devices }: ClassesProps): ReactElement | null {
  const { t } = useTranslation();
  const format = useFormat();
  if (classes.length === 0) return null;
  const waiting = classes.filter(({ state }) => state === 'seen');
  const decided = classes.filter(({ state }) => state !== 'seen');
  const row = (one: ObservedClass) => <ClassRow key={one.id} observed={one} devices={devices} />;
  return (
    <Panel title={t('devices.classes.title')} icon={<StudyIcon />} id={panelIds.classes}>
      <p className="muted">{t('devices.classes.intro')}</p>
      {waiting.length === 0 ? null : <ul className="failure-list">{waiting.map(row)}</ul>}
      {decided.length === 0 ? null : (
        <details className="fold">
          <summary>
            {t('devices.classes.decided', { count: decided.length, formatted: format.count(decided.length) })}
          </summary>
          <ul className="failure-list">{decided.map(row)}</ul>
        </details>
      )}
    </Panel>
  );
}

function ClassRow({
  observed,
  devices,
}: {
  readonly observed: ObservedClass;
  readonly devices: readonly Device[];
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const { deviceId, aeTitle, state, uid, keyword, count, lastAt } = observed;
  const kind = kindName(observed);
  const who =
    deviceId === null
      ? t('devices.classes.thisPc', { title: aeTitle })
      : (devices.find(({ id }) => id === deviceId)?.name ?? aeTitle);
  return (
    <li className="failure" data-tone={state === 'seen' ? 'attention' : 'unknown'}>
      <TriangleAlert className="failure-icon" />
      <div className="failure-words">
        <h3 className="failure-message">{kind}</h3>
        {keyword === null ? null : <p className="failure-where typed">{uid}</p>}
        <p className="failure-step">{t('devices.classes.from', { who })}</p>
        <p className="failure-where">
          {t('devices.classes.times', {
            count,
            formatted: format.count(count),
            last: format.ago(lastAt, nowMs),
          })}
        </p>
        {state === 'seen' ? null : (
          <Chip
            tone="unknown"
            text={t(state === 'allowed' ? 'devices.classes.stateAllowed' : 'devices.classes.stateDismissed')}
          />
        )}
      </div>
      <ClassActions observed={observed} kind={kind} who={who} />
    </li>
  );
}

function ClassActions({
  observed: { id, state },
  kind,
  who,
}: {
  readonly observed: ObservedClass;
  readonly kind: string;
  readonly who: string;
}): ReactElement {
  const { t } = useTranslation();
  const say = useNotice();
  const isLive = useIsLive();
  const { again } = useAccess();
  const after = (text: string) => {
    say(text);
    again();
    keepFocus(panelIds.classes);
  };
  const allow = useAction(async (client) => {
    await client.devices.allowClass({ id });
    after(t('devices.classes.allowed'));
  });
  const dismiss = useAction(async (client) => {
    await client.devices.dismissClass({ id });
    after(t('devices.dismissedNote'));
  });
  const takesBack = state === 'allowed';
  return (
    <div className="failure-action">
      {state === 'allowed' ? null : (
        <Button
          look={state === 'seen' ? 'primary' : 'secondary'}
          isDisabled={!isLive}
          isPending={allow.state.tag === 'busy'}
          label={t('devices.classes.allowLabel', { kind, who })}
          onPress={allow.run}
        >
          {t('devices.classes.allow')}
        </Button>
      )}
      {state === 'dismissed' ? null : (
        <Button
          isDisabled={!isLive}
          isPending={dismiss.state.tag === 'busy'}
          label={t(takesBack ? 'devices.classes.takeBackLabel' : 'devices.classes.dismissLabel', {
            kind,
            who,
          })}
          onPress={dismiss.run}
        >
          {t(takesBack ? 'devices.classes.takeBack' : 'devices.classes.dismiss')}
        </Button>
      )}
      <ActionError state={allow.state} />
      <ActionError state={dismiss.state} />
    </div>
  );
}

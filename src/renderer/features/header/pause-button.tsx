import type { ReactElement } from 'react';
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import type { PauseRequest } from '../../../shared/contract-upload.ts';
import type { DestinationStatus } from '../../../shared/status.ts';
import { errorText } from '../../i18n/error-text.ts';
import { useFormat } from '../../i18n/format.ts';
import { useAction, useIsLive } from '../../state/engine-context.ts';
import { useNowMs } from '../../state/now.ts';
import { Button } from '../../ui/button.tsx';
import { PauseIcon } from '../../ui/icons.tsx';
import { useNotice } from '../../ui/notice.tsx';

const pauses = {
  half: { tag: 'for', minutes: 30 },
  hour: { tag: 'for', minutes: 60 },
  tomorrow: { tag: 'until-tomorrow' },
} as const satisfies Record<string, PauseRequest>;

/** Uploads wait for a time that ends by itself; receiving goes on. */
export function PauseButton({
  destinations,
}: {
  readonly destinations: readonly DestinationStatus[];
}): ReactElement | null {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const isLive = useIsLive();
  const say = useNotice();
  const pause = useAction(async (client, request: PauseRequest) => {
    await client.uploads.pause(request);
    say(t('pause.paused'));
  });
  const resume = useAction(async (client) => {
    await client.uploads.resume({});
    say(t('pause.resumed'));
  });
  if (destinations.length === 0) return null;
  const held = destinations.find(({ hold }) => hold?.by === 'paused')?.hold;
  const failed = [pause.state, resume.state].find((one) => one.tag === 'failed');
  return (
    <div className="pause">
      {held === undefined ? (
        <MenuTrigger>
          <AriaButton className="button button-quiet" isDisabled={!isLive} aria-label={t('pause.label')}>
            <PauseIcon />
            <span className="wide-only">{t('pause.pause')}</span>
          </AriaButton>
          <Popover className="popover" placement="bottom end">
            <Menu
              className="menu pause-menu"
              aria-label={t('pause.label')}
              onAction={(key) => pause.run(pauses[key as keyof typeof pauses])}
            >
              {(['half', 'hour', 'tomorrow'] as const).map((one) => (
                <MenuItem key={one} id={one} className="menu-item">
                  {t(`pause.${one}`)}
                </MenuItem>
              ))}
            </Menu>
            <p className="menu-foot">{t('pause.note')}</p>
          </Popover>
        </MenuTrigger>
      ) : (
        <>
          {held.until === null ? null : (
            <p className="pause-until">{t('pause.until', { when: format.moment(held.until, nowMs) })}</p>
          )}
          <Button isDisabled={!isLive} isPending={resume.state.tag === 'busy'} onPress={resume.run}>
            {t('pause.resume')}
          </Button>
        </>
      )}
      {failed?.tag === 'failed' ? (
        <p className="field-error" role="alert">
          {errorText(failed.report, format.language).message}
        </p>
      ) : null}
    </div>
  );
}

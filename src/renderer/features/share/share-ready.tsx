import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { ShareEvent } from '../../../shared/contract-share.ts';
import { useFormat } from '../../i18n/format.ts';
import { useAction } from '../../state/engine-context.ts';
import { useNowMs } from '../../state/now.ts';
import { Button } from '../../ui/button.tsx';
import { CopyRow } from '../../ui/copy.tsx';
import { Dialog, DialogButtons } from '../../ui/dialog.tsx';
import { ActionError } from '../../ui/error-note.tsx';
import { TriangleAlert } from '../../ui/icons.tsx';
import { useNotice } from '../../ui/notice.tsx';
import { saveFile } from '../../ui/save-file.ts';

export type ShareLink = Extract<ShareEvent, { tag: 'link' }>;

/** Shown once. Escape does not close it: what is lost here cannot be shown again. */
export function ShareReady({
  made,
  onClose,
}: {
  readonly made: ShareLink;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const { link, passcode, expiresAt, images, viewerUrl } = made;
  const count = t('share.imagesIn', { count: images, formatted: format.count(images) });
  return (
    <Dialog title={t('share.readyTitle')} onClose={onClose} leaveBy="button">
      <p className="strong" role="status">
        {t('share.until', { time: format.moment(expiresAt, nowMs) })} · {count}
      </p>
      <div className="note" data-tone="attention">
        <TriangleAlert />
        <div>
          <p className="note-message">{t('share.onceText')}</p>
          <p>{t('share.warning')}</p>
        </div>
      </div>
      <OneSecret name={t('share.link')} what={t('share.copyLink')} text={link} look="long" />
      {passcode === null ? null : (
        <OneSecret name={t('share.passcode')} what={t('share.copyPasscode')} text={passcode} look="short" />
      )}
      {viewerUrl === null ? <SaveViewer /> : <p>{t('share.viewerHosted')}</p>}
      <p className="muted">{t('share.forgotten')}</p>
      <DialogButtons>
        <Button look="primary" onPress={onClose}>
          {t('share.done')}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}

function OneSecret({
  name,
  what,
  text,
  look,
}: {
  readonly name: string;
  readonly what: string;
  readonly text: string;
  readonly look: 'long' | 'short';
}): ReactElement {
  return (
    <section className="share-secret" aria-label={name}>
      <h3>{name}</h3>
      <CopyRow what={what} text={text} look={look} />
    </section>
  );
}

function SaveViewer(): ReactElement {
  const { t } = useTranslation();
  const say = useNotice();
  const save = useAction(async (client) => {
    const { fileName, html } = await client.shares.viewer();
    saveFile(html, fileName);
    // In the app a person chooses the place, or none.
    if (window.edgeSync === undefined) say(t('share.savedViewer'));
  });
  return (
    <div className="file-action">
      <p>{t('share.viewerText')}</p>
      <Button isPending={save.state.tag === 'busy'} onPress={save.run}>
        {t('share.saveViewer')}
      </Button>
      <ActionError state={save.state} />
    </div>
  );
}

import { useState } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { ShareSummary } from '../../../shared/contract-share.ts';
import { useFormat } from '../../i18n/format.ts';
import { useAsked } from '../../state/asked.ts';
import { useAction } from '../../state/engine-context.ts';
import { useNowMs } from '../../state/now.ts';
import type { Tone } from '../../state/headline-view.ts';
import { Button } from '../../ui/button.tsx';
import { Chip } from '../../ui/chip.tsx';
import { Dialog, DialogButtons } from '../../ui/dialog.tsx';
import { ActionError, ErrorNote } from '../../ui/error-note.tsx';
import { useNotice } from '../../ui/notice.tsx';
import { useShownInitials } from '../studies/initials.ts';

/** What was shared and what became of it. Asked for on a press only: looking is audited. */
export function SharesDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { t } = useTranslation();
  const { asked, again } = useAsked('opened', (client) => client.shares.list());
  return (
    <Dialog title={t('share.listTitle')} onClose={onClose} width="wide">
      <p className="muted">{t('share.listAudited')}</p>
      {asked.tag === 'loading' ? (
        <p role="status" aria-busy="true">
          {t('share.listLoading')}
        </p>
      ) : asked.tag === 'failed' ? (
        <ErrorNote report={asked.report} />
      ) : asked.answer.length === 0 ? (
        <p role="status" className="empty strong">
          {t('share.listEmpty')}
        </p>
      ) : (
        <ul className="share-list" aria-label={t('share.listTitle')}>
          {asked.answer.map((share) => (
            <ShareRow key={share.shareId} share={share} onChanged={again} />
          ))}
        </ul>
      )}
      <DialogButtons>
        <Button look="primary" onPress={onClose} autoFocus>
          {t('dialog.close')}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}

const tones: Readonly<Record<ShareSummary['state'], Tone>> = {
  preparing: 'working',
  active: 'working',
  ending: 'attention',
  revoked: 'unknown',
  expired: 'unknown',
  cancelled: 'unknown',
  'handed-out': 'unknown',
};

function ShareRow({
  share,
  onChanged,
}: {
  readonly share: ShareSummary;
  readonly onChanged: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const initials = useShownInitials(share.patientInitials);
  const when = (iso: string) => format.moment(iso, nowMs);
  const { expiresAt, endedAt, images, sizeBytes } = share;
  const day = /^(\d{4})(\d{2})(\d{2})$/.exec(share.studyDate);
  const date = day === null ? t('share.noDate') : `${day[1]}-${day[2]}-${day[3]}`;
  const facts = [
    t('share.shared', { time: when(share.createdAt) }),
    ...(endedAt !== null
      ? [t('share.ended', { time: when(endedAt) })]
      : expiresAt !== null
        ? [t('share.ends', { time: when(expiresAt) })]
        : []),
    ...(images === null ? [] : [t('share.imagesIn', { count: images, formatted: format.count(images) })]),
    ...(sizeBytes === null ? [] : [format.size(sizeBytes)]),
  ];
  const kind =
    share.kind === 'folder'
      ? [
          ...(share.recipient === null ? [] : [t('share.recipient', { name: share.recipient })]),
          t('share.folder'),
        ]
      : [t(share.passcode === 'set' ? 'share.withPasscode' : 'share.withoutPasscode')];
  const isOpen = share.state === 'active' || share.state === 'preparing' || share.state === 'ending';
  return (
    <li className="share-row">
      <div className="card-head">
        <h3>{t('share.listItem', { initials, date })}</h3>
        <Chip tone={tones[share.state]} text={t(`share.state.${share.state}`)} />
      </div>
      <p className="muted">{facts.join(' · ')}</p>
      <p className="muted">{kind.join(' · ')}</p>
      {share.kind === 'link' && isOpen ? (
        <Revoke share={share} initials={initials} onRevoked={onChanged} />
      ) : null}
    </li>
  );
}

function Revoke({
  share,
  initials,
  onRevoked,
}: {
  readonly share: ShareSummary;
  readonly initials: string;
  readonly onRevoked: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const say = useNotice();
  const [asking, setAsking] = useState(false);
  const revoke = useAction(async (client) => {
    const { failed } = await client.shares.revoke({ shareId: share.shareId });
    say(t(failed > 0 ? 'share.notRevoked' : 'share.revoked'));
    onRevoked();
  });
  const time = format.moment(share.createdAt, nowMs);
  if (!asking)
    return (
      <div>
        <Button label={t('share.revokeLabel', { initials, time })} onPress={() => setAsking(true)}>
          {t('share.revoke')}
        </Button>
      </div>
    );
  return (
    <div className="share-confirm" role="group" aria-label={t('share.revokeLabel', { initials, time })}>
      <p className="strong">{t('share.revokeQuestion')}</p>
      <ActionError state={revoke.state} />
      <div className="share-confirm-buttons">
        <Button look="danger" isPending={revoke.state.tag === 'busy'} onPress={revoke.run}>
          {t('share.revokeYes')}
        </Button>
        <Button onPress={() => setAsking(false)} autoFocus>
          {t('share.revokeNo')}
        </Button>
      </div>
    </div>
  );
}

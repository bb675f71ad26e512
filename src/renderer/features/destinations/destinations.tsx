import { memo } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { DestinationStatus } from '../../../shared/status.ts';
import { assertNever } from '../../../shared/assert-never.ts';
import { errorText } from '../../i18n/error-text.ts';
import { useFormat } from '../../i18n/format.ts';
import { useIsLive } from '../../state/engine-context.ts';
import type { Tone } from '../../state/headline-view.ts';
import { Chip } from '../../ui/chip.tsx';
import { CloudIcon } from '../../ui/icons.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Ago } from '../../ui/time.tsx';
import { placeIds } from '../failures/places.ts';
import { SetUpStorage } from '../wizard/set-up-storage.tsx';
import { CredentialButton, wantsCredential } from './credential.tsx';

export const Destinations = memo(function Destinations({
  destinations,
}: {
  readonly destinations: readonly DestinationStatus[];
}): ReactElement {
  const { t } = useTranslation();
  return (
    <Panel title={t('destinations.title')} icon={<CloudIcon />} id={placeIds.destinations}>
      {destinations.length === 0 ? (
        <div className="empty">
          <p>{t('destinations.none')}</p>
          <p className="muted">{t('destinations.noneStep')}</p>
          <div className="panel-actions">
            <SetUpStorage look="secondary" />
          </div>
        </div>
      ) : (
        <ul className="card-list">
          {destinations.map((destination) => (
            <DestinationCard key={destination.name} destination={destination} />
          ))}
        </ul>
      )}
    </Panel>
  );
});

function DestinationCard({ destination }: { readonly destination: DestinationStatus }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const isLive = useIsLive();
  const { name, kind, required, pending, verified, lastVerifiedAt, error, provenBy } = destination;
  const state = shownState(destination);
  const words = error === null ? undefined : errorText(error, format.language);

  return (
    <li className="card">
      <div className="card-head">
        <h3>{name}</h3>
        {isLive ? (
          <Chip tone={state.tone} text={t(`destinations.state.${state.key}`)} />
        ) : (
          <Chip tone="unknown" text={t('headline.unknown')} />
        )}
      </div>
      <p className="muted">
        {kindName(kind, t)}
        {required ? '' : ` · ${t('destinations.optional')}`}
      </p>
      <dl className="facts">
        <div>
          <dt>{t('destinations.pending')}</dt>
          <dd>{format.count(pending)}</dd>
        </div>
        <div>
          <dt>{t('destinations.verified')}</dt>
          <dd>{format.count(verified)}</dd>
        </div>
        <div>
          <dt>{t('destinations.lastVerified')}</dt>
          <dd>{lastVerifiedAt === null ? t('destinations.never') : <Ago iso={lastVerifiedAt} />}</dd>
        </div>
      </dl>
      {provenBy === undefined ? null : (
        <p className="muted">
          {t('destinations.provenBy', {
            identical: format.count(provenBy.identical),
            listed: format.count(provenBy.listed),
          })}
        </p>
      )}
      {words === undefined ? null : (
        <div className="card-error" data-tone={state.tone}>
          <p className="note-message">{words.message}</p>
          <p>{words.nextStep}</p>
        </div>
      )}
      {error !== null && wantsCredential(error.code) ? (
        <CredentialButton name={name} look="secondary" />
      ) : null}
    </li>
  );
}

const kinds = ['azure', 's3', 'folder', 'dicomweb'] as const;

/** A kind that a newer engine knows is shown by its own name. */
function kindName(kind: string, t: (key: `destinations.kind.${(typeof kinds)[number]}`) => string): string {
  const known = kinds.find((one) => one === kind);
  return known === undefined ? kind : t(`destinations.kind.${known}`);
}

type StateKey = 'ok' | 'idle' | 'retrying' | 'paused' | 'refused';

/** A destination that has never proven anything is not drawn as good. */
function shownState({ state, lastVerifiedAt }: DestinationStatus): {
  readonly key: StateKey;
  readonly tone: Tone;
} {
  switch (state) {
    case 'ok':
      return lastVerifiedAt === null ? { key: 'idle', tone: 'unknown' } : { key: 'ok', tone: 'all-safe' };
    case 'retrying':
      return { key: 'retrying', tone: 'attention' };
    case 'paused':
      return { key: 'paused', tone: 'attention' };
    case 'refused':
      return { key: 'refused', tone: 'not-receiving' };
    default:
      return assertNever(state);
  }
}

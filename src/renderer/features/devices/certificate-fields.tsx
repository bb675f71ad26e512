import { useId, useState } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format.ts';
import { Tick } from '../../ui/choice.tsx';
import { TextLine } from '../../ui/text-line.tsx';
import { useCertificates } from './access-context.ts';
import type { DraftField, PairingDraft } from './pairing-draft.ts';

export interface PartOfDraftProps {
  readonly draft: PairingDraft;
  readonly onChange: (part: Partial<PairingDraft>) => void;
  readonly problemOf: (field: DraftField) => string | undefined;
}

/** The certificates a device may show: ticked where they were issued here, typed where not. */
export function CertificateFields({ draft, onChange, problemOf }: PartOfDraftProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const labelId = useId();
  // What could have been unticked stays in sight while the form is open.
  const [offered] = useState(draft.picked);
  const issued = useCertificates().filter(
    ({ role, state, sha256 }) =>
      role === 'device' &&
      (draft.picked.includes(sha256) ||
        offered.includes(sha256) ||
        (state !== 'revoked' && state !== 'replaced')),
  );
  return (
    <>
      {issued.length === 0 ? null : (
        <div className="choices" role="group" aria-labelledby={labelId}>
          <span id={labelId} className="strong">
            {t('devices.form.pick')}
          </span>
          {issued.map(({ sha256, name, notAfter }) => (
            <Tick
              key={sha256}
              text={t('devices.form.pickOne', { name, date: format.date(Date.parse(notAfter)) })}
              isTicked={draft.picked.includes(sha256)}
              onChange={(isTicked) =>
                onChange({
                  picked: isTicked
                    ? [...draft.picked, sha256]
                    : draft.picked.filter((picked) => picked !== sha256),
                })
              }
            />
          ))}
        </div>
      )}
      <TextLine
        label={t(issued.length === 0 ? 'devices.form.certificates' : 'devices.form.otherCertificates')}
        help={t('devices.form.certificatesHelp')}
        value={draft.certificates}
        onChange={(certificates) => onChange({ certificates })}
        problem={problemOf('certificates')}
        rows={2}
      />
    </>
  );
}

import { useState } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { ShownReport } from '../../state/engine-context.ts';
import type { ProvenBy } from '../../../shared/contract-recovery.ts';
import { errorText } from '../../i18n/error-text.ts';
import { useFormat } from '../../i18n/format.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogButtons } from '../../ui/dialog.tsx';
import { Fingerprint } from '../../ui/fingerprint.tsx';
import { CheckCircle, TriangleAlert } from '../../ui/icons.tsx';
import { useKeys } from '../keys/keys-context.ts';
import { WordsForm } from './words-form.tsx';
import type { KitHeld } from './words.ts';

/** What the engine answers to the drill; nothing of the words. */
export interface Proof {
  readonly fingerprint: string;
  readonly provenBy: ProvenBy;
  readonly cloudProblem: ShownReport | null;
}

/** The drill. The words are in the form only, and gone with it as soon as they are proven. */
export function CheckDialog({
  held,
  onClose,
}: {
  readonly held: KitHeld;
  readonly onClose: () => void;
}): ReactElement {
  const { again } = useKeys();
  const [proof, setProof] = useState<Proof | undefined>(undefined);
  const onProven = (proven: Proof) => {
    setProof(proven);
    again();
  };
  if (proof === undefined) return <WordsForm held={held} onClose={onClose} onProven={onProven} />;
  return <Proven proof={proof} onClose={onClose} />;
}

function Proven({ proof, onClose }: { readonly proof: Proof; readonly onClose: () => void }): ReactElement {
  const { t } = useTranslation();
  const { language } = useFormat();
  const { provenBy, cloudProblem, fingerprint } = proof;
  const problem = cloudProblem === null ? undefined : errorText(cloudProblem, language);
  return (
    <Dialog title={t('check.doneTitle')} onClose={onClose}>
      <div className="note" data-tone="all-safe">
        <CheckCircle />
        <div role="status">
          <p className="note-message">
            {provenBy === 'cloud-object' ? t('check.doneCloud') : t('check.doneTest')}
          </p>
          <p>{t('check.doneKeep')}</p>
        </div>
      </div>
      {problem === undefined ? null : (
        <div className="note" data-tone="attention">
          <TriangleAlert />
          <div>
            <p className="note-message">{t('check.cloudProblem')}</p>
            <p>{problem.message}</p>
            <p>{problem.nextStep}</p>
          </div>
        </div>
      )}
      <dl className="kit-marks">
        <div>
          <dt>{t('create.fingerprint')}</dt>
          <dd>
            <Fingerprint hex={fingerprint} />
          </dd>
        </div>
      </dl>
      <DialogButtons>
        <Button look="primary" onPress={onClose} autoFocus>
          {t('dialog.close')}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}

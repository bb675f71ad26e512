import { useState } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { assertNever } from '../../../shared/assert-never.ts';
import type { CreatedRecovery } from '../../../shared/contract-recovery.ts';
import { usePreferences } from '../../preferences/preferences.ts';
import { useAction } from '../../state/engine-context.ts';
import type { EngineClient } from '../../transport/transport.ts';
import { Button } from '../../ui/button.tsx';
import { Tick } from '../../ui/choice.tsx';
import { Dialog, DialogButtons } from '../../ui/dialog.tsx';
import { ActionError } from '../../ui/error-note.tsx';
import { Fingerprint } from '../../ui/fingerprint.tsx';
import { useKeys } from '../keys/keys-context.ts';
import { CustodyChoice } from './custody-choice.tsx';
import { KitSheet } from './kit-sheet.tsx';
import type { KitPart } from './kit-sheet.tsx';
import type { KitHeld } from './words.ts';

/**
 * first: there are no words yet. unproven: instead of words that nobody ever proved. replacement: beside words that are
 * in force until the new ones are proven. other-replacement: the new ones once more, other ones.
 */
export type KitPurpose = 'first' | 'unproven' | 'replacement' | 'other-replacement';

interface CreateDialogProps {
  readonly purpose: KitPurpose;
  readonly onClose: () => void;
  readonly onCheck: (held: KitHeld) => void;
}

/**
 * What will happen and who will keep it, then the words or the shares, then the check. They are in this component's
 * memory only, and gone when it closes; Escape does not close it, a tick that they are on paper does.
 */
export function CreateDialog({ purpose, onClose, onCheck }: CreateDialogProps): ReactElement {
  const { t } = useTranslation();
  const [{ language }] = usePreferences();
  const { again } = useKeys();
  const [held, setHeld] = useState<KitHeld>('words');
  const [made, setMade] = useState<CreatedRecovery | undefined>(undefined);
  const create = useAction(async (client) => {
    const created = await make(client, purpose, {
      custody: held,
      kit: { language, formats: ['html', 'pdf'] },
    });
    setMade(created);
    again();
  });

  if (made !== undefined)
    return <Parts made={made} held={held} onClose={onClose} onCheck={() => onCheck(held)} />;
  const isFirst = purpose === 'first';
  return (
    <Dialog title={isFirst ? t('create.title') : t('create.replaceTitle')} onClose={onClose}>
      <p>{t('create.intro')}</p>
      <CustodyChoice value={held} onChange={setHeld} />
      <ul className="points">
        <li>{t('create.pointOnce')}</li>
        <li>{t('create.pointKeep')}</li>
        <li>{t('create.pointSecret')}</li>
      </ul>
      {isFirst ? null : <p className="strong">{t(`create.warning.${purpose}`)}</p>}
      <ActionError state={create.state} />
      <DialogButtons>
        <Button onPress={onClose}>{t('dialog.cancel')}</Button>
        <Button look="primary" isPending={create.state.tag === 'busy'} onPress={create.run} autoFocus>
          {held === 'words' ? t('create.start') : t('create.startShares')}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}

function make(
  client: EngineClient,
  purpose: KitPurpose,
  wanted: {
    readonly custody: KitHeld;
    readonly kit: { readonly language: 'en' | 'es'; readonly formats: ['html', 'pdf'] };
  },
): Promise<CreatedRecovery> {
  switch (purpose) {
    case 'first':
      return client.recovery.create({ replace: false, ...wanted });
    case 'unproven':
      return client.recovery.create({ replace: true, ...wanted });
    case 'replacement':
      return client.keys.replaceRecovery({ mode: 'begin', ...wanted });
    case 'other-replacement':
      return client.keys.replaceRecovery({ mode: 'again', ...wanted });
    default:
      return assertNever(purpose);
  }
}

/** One sheet at a time: whoever keeps one share need not see the others. */
function Parts({
  made,
  held,
  onClose,
  onCheck,
}: {
  readonly made: CreatedRecovery;
  readonly held: KitHeld;
  readonly onClose: () => void;
  readonly onCheck: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const [turn, setTurn] = useState(0);
  const parts = partsOf(made, held);
  const part = parts[turn];
  const share = made.shares?.[turn];
  const isShare = held === 'shares' && share !== undefined;
  const title = isShare
    ? t('create.shareTitle', { number: share.number, total: parts.length })
    : t('create.wordsTitle');
  return (
    <Dialog key={turn} title={title} onClose={onClose} leaveBy="button" width="wide">
      <p className="no-print">{isShare ? t('create.shareIntro') : t('create.wordsIntro')}</p>
      <dl className="kit-marks">
        {isShare ? (
          <div>
            <dt>{t('create.mark')}</dt>
            <dd className="typed" translate="no">
              {share.mark}
            </dd>
          </div>
        ) : null}
        <div>
          <dt>{t('create.fingerprint')}</dt>
          <dd>
            <Fingerprint hex={made.fingerprint} />
          </dd>
        </div>
      </dl>
      {part === undefined ? null : <KitSheet part={part} />}
      <Keep
        text={isShare ? t('create.shareKept', { number: share.number }) : t('create.kept')}
        isLast={turn === parts.length - 1}
        onNext={() => setTurn(turn + 1)}
        onClose={onClose}
        onCheck={onCheck}
      />
    </Dialog>
  );
}

function Keep({
  text,
  isLast,
  onNext,
  onClose,
  onCheck,
}: {
  readonly text: string;
  readonly isLast: boolean;
  readonly onNext: () => void;
  readonly onClose: () => void;
  readonly onCheck: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const [kept, setKept] = useState(false);
  return (
    <>
      <div className="no-print">
        <Tick text={text} isTicked={kept} onChange={setKept} />
      </div>
      <DialogButtons>
        {isLast ? (
          <>
            <Button isDisabled={!kept} onPress={onClose}>
              {t('create.later')}
            </Button>
            <Button look="primary" isDisabled={!kept} onPress={onCheck}>
              {t('create.next')}
            </Button>
          </>
        ) : (
          <Button look="primary" isDisabled={!kept} onPress={onNext}>
            {t('create.nextShare')}
          </Button>
        )}
      </DialogButtons>
    </>
  );
}

function partsOf(made: CreatedRecovery, held: KitHeld): readonly KitPart[] {
  const { words, kitHtml, kitPdf, shares = [] } = made;
  if (held === 'words') return [{ words, kitHtml, kitPdf, fileName: 'edge-sync-recovery-kit.pdf' }];
  return shares.map((share) => ({ ...share, fileName: `edge-sync-recovery-share-${share.number}.pdf` }));
}

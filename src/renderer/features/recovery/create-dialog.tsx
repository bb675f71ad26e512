import { useState } from 'react';
import type { ReactElement } from 'react';
import { CheckboxButton, CheckboxField } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { useAction, useAgentView } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogButtons } from '../../ui/dialog.tsx';
import { ActionError } from '../../ui/error-note.tsx';
import { PrinterIcon } from '../../ui/icons.tsx';
import { KitSheet } from './kit-sheet.tsx';
import type { Kit } from './kit-sheet.tsx';

interface CreateDialogProps {
  /** `new`: replaces words that were never proven. */
  readonly makes: 'first' | 'new';
  readonly onClose: () => void;
  readonly onCheck: () => void;
}

/**
 * Two pages: what will happen, then the words. They are in this component's memory only, and gone when it closes;
 * Escape does not close it, a tick that they are on paper does.
 */
export function CreateDialog({ makes, onClose, onCheck }: CreateDialogProps): ReactElement {
  const { t } = useTranslation();
  const [kit, setKit] = useState<Kit | undefined>(undefined);
  const create = useAction(async (client) => {
    const { words, fingerprint } = await client.recovery.create({ replace: makes === 'new' });
    setKit({ words, fingerprint, madeAtMs: Date.now() });
  });

  if (kit !== undefined) return <WordsPage kit={kit} onClose={onClose} onCheck={onCheck} />;
  return (
    <Dialog title={makes === 'new' ? t('create.replaceTitle') : t('create.title')} onClose={onClose}>
      <p>{t('create.intro')}</p>
      <ul className="points">
        <li>{t('create.pointOnce')}</li>
        <li>{t('create.pointKeep')}</li>
        <li>{t('create.pointSecret')}</li>
      </ul>
      {makes === 'new' ? <p className="strong">{t('create.replaceWarning')}</p> : null}
      <ActionError state={create.state} />
      <DialogButtons>
        <Button onPress={onClose}>{t('dialog.cancel')}</Button>
        <Button look="primary" isPending={create.state.tag === 'busy'} onPress={create.run} autoFocus>
          {t('create.start')}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}

function WordsPage({
  kit,
  onClose,
  onCheck,
}: {
  readonly kit: Kit;
  readonly onClose: () => void;
  readonly onCheck: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const { agent } = useAgentView();
  const [kept, setKept] = useState(false);
  return (
    <Dialog title={t('create.wordsTitle')} onClose={onClose} leaveBy="button" width="wide">
      <p className="no-print">{t('create.wordsIntro')}</p>
      <KitSheet kit={kit} destinations={agent?.status.destinations ?? []} />
      <CheckboxField className="no-print" isSelected={kept} onChange={setKept} autoFocus>
        <CheckboxButton className="checkbox">
          <span className="checkbox-box" aria-hidden="true" />
          {t('create.kept')}
        </CheckboxButton>
      </CheckboxField>
      <DialogButtons>
        <Button onPress={() => window.print()}>
          <PrinterIcon />
          {t('create.print')}
        </Button>
        <span className="spacer" />
        <Button isDisabled={!kept} onPress={onClose}>
          {t('dialog.close')}
        </Button>
        <Button look="primary" isDisabled={!kept} onPress={onCheck}>
          {t('create.next')}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}

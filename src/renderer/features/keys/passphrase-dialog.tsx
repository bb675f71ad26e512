import { useState } from 'react';
import type { ReactElement } from 'react';
import { Form } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { useAction } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { HiddenField } from '../../ui/hidden-field.tsx';
import { Dialog, DialogButtons } from '../../ui/dialog.tsx';
import { ActionError } from '../../ui/error-note.tsx';
import { useNotice } from '../../ui/notice.tsx';
import { useKeys } from './keys-context.ts';

/** The contract's limit. */
const longest = 4096;

/** The passphrase that wraps the device key where no keychain does. Typed ones are gone with this component. */
export function PassphraseDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { t } = useTranslation();
  const say = useNotice();
  const { again } = useKeys();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [repeated, setRepeated] = useState('');
  const [isTried, setTried] = useState(false);
  const change = useAction(async (client) => {
    await client.keys.changePassphrase({ current, next });
    say(t('keys.passphrase.done'));
    again();
    onClose();
  });
  const missing = (value: string) => (isTried && value === '' ? t('keys.passphrase.missing') : undefined);
  const differs = isTried && next !== '' && repeated !== next ? t('keys.passphrase.differs') : undefined;
  const submit = () => {
    setTried(true);
    if (current !== '' && next !== '' && next === repeated) change.run();
  };
  return (
    <Dialog title={t('keys.passphrase.title')} onClose={onClose}>
      <Form
        validationBehavior="aria"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <p>{t('keys.passphrase.text')}</p>
        <p className="strong">{t('keys.passphrase.stays')}</p>
        <HiddenField
          maxLength={longest}
          label={t('keys.passphrase.current')}
          value={current}
          onChange={setCurrent}
          problem={missing(current)}
          autoFocus
        />
        <HiddenField
          maxLength={longest}
          label={t('keys.passphrase.next')}
          help={t('keys.passphrase.nextHelp')}
          value={next}
          onChange={setNext}
          problem={missing(next)}
        />
        <HiddenField
          maxLength={longest}
          label={t('keys.passphrase.repeat')}
          value={repeated}
          onChange={setRepeated}
          problem={missing(repeated) ?? differs}
        />
        <ActionError state={change.state} />
        <DialogButtons>
          <Button onPress={onClose}>{t('dialog.cancel')}</Button>
          <Button look="primary" type="submit" isPending={change.state.tag === 'busy'}>
            {t('keys.passphrase.confirm')}
          </Button>
        </DialogButtons>
      </Form>
    </Dialog>
  );
}

import { useState } from 'react';
import type { ReactElement } from 'react';
import { Form } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { useAction, useAgentView, useIsLive } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogButtons } from '../../ui/dialog.tsx';
import { ActionError } from '../../ui/error-note.tsx';
import { useNotice } from '../../ui/notice.tsx';
import { useOpenDialog } from '../dialog-context.ts';
import { CredentialField } from './credential-field.tsx';

/** Whether a new credential is the next step for this error. */
export function wantsCredential(code: string): boolean {
  return code === 'cloud-secret-missing' || code === 'cloud-secret-malformed' || code === 'cloud-auth';
}

export function CredentialButton({
  name,
  look,
}: {
  readonly name: string;
  readonly look: 'primary' | 'secondary';
}): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  const openDialog = useOpenDialog();
  return (
    <Button look={look} isDisabled={!isLive} onPress={() => openDialog({ tag: 'credential', name })}>
      {t('destinations.enterCredential')}
    </Button>
  );
}

export function CredentialDialog(props: CredentialProps): ReactElement {
  const { t } = useTranslation();
  return (
    <Dialog title={t('credential.title', { name: props.name })} onClose={props.onClose}>
      <CredentialForm {...props} />
    </Dialog>
  );
}

interface CredentialProps {
  readonly name: string;
  readonly onClose: () => void;
}

/** Credentials that are of no destination go by their names. */
const named = ['proxy', 'smtp', 'alerts-webhook'] as const;
const kept = ['azure', 's3', 'dicomweb'] as const;

/** What the credential of this name is. */
function useKind(name: string): (typeof named)[number] | (typeof kept)[number] | 'other' {
  const { agent } = useAgentView();
  const kind = agent?.status.destinations.find((one) => one.name === name)?.kind;
  return named.find((one) => one === name) ?? kept.find((one) => one === kind) ?? 'other';
}

function CredentialForm({ name, onClose }: CredentialProps): ReactElement {
  const { t } = useTranslation();
  const say = useNotice();
  const kind = useKind(name);
  const [value, setValue] = useState('');
  const store = useAction(async (client) => {
    await client.secrets.store({ name, value: value.trim() });
    say(t('credential.stored'));
    onClose();
  });
  return (
    <Form
      onSubmit={(event) => {
        event.preventDefault();
        if (value.trim() !== '') store.run();
      }}
    >
      <p>{t(`credential.kinds.${kind}.intro`, { name })}</p>
      <p>{t('credential.kept')}</p>
      <CredentialField
        label={t(`credential.kinds.${kind}.label`)}
        value={value}
        onChange={setValue}
        autoFocus
      />
      {kind === 'azure' ? <SignInInstead name={name} /> : null}
      <ActionError state={store.state} />
      <DialogButtons>
        <Button onPress={onClose}>{t('dialog.cancel')}</Button>
        <Button
          look="primary"
          type="submit"
          isDisabled={value.trim() === ''}
          isPending={store.state.tag === 'busy'}
        >
          {t('credential.save')}
        </Button>
      </DialogButtons>
    </Form>
  );
}

function SignInInstead({ name }: { readonly name: string }): ReactElement {
  const { t } = useTranslation();
  const openDialog = useOpenDialog();
  return (
    <div className="how">
      <p className="muted">{t('signIn.instead')}</p>
      <div>
        <Button look="quiet" onPress={() => openDialog({ tag: 'sign-in', name })}>
          {t('signIn.button')}
        </Button>
      </div>
    </div>
  );
}

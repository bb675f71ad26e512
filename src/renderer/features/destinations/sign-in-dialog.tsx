import { useCallback, useEffect, useState } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { SignInEvent } from '../../../shared/contract-secrets.ts';
import { Button } from '../../ui/button.tsx';
import { CopyRow } from '../../ui/copy.tsx';
import { Dialog, DialogButtons } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { CheckCircle } from '../../ui/icons.tsx';
import { useRun } from '../files/use-run.ts';

/** What a person has to enter, and where. */
interface ToEnter {
  readonly tag: 'progress';
  readonly code: string;
  readonly address: string;
}

/** A person signs in to Entra in any browser, for a storage of this name; closing the dialog gives it up. */
export function SignInDialog({
  name,
  onClose,
}: {
  readonly name: string;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const { run, start } = useRun<ToEnter, never>();
  const [account, setAccount] = useState<string | undefined>(undefined);
  const begin = useCallback(
    () =>
      start(async (client, signal) =>
        toEnter(await client.secrets.signIn({ name }, { signal }), (as) => setAccount(as)),
      ),
    [start, name],
  );
  useEffect(begin, [begin]);
  const title = t('signIn.title', { name });
  if (account !== undefined)
    return (
      <Dialog title={title} onClose={onClose}>
        <div className="note" data-tone="all-safe" role="status">
          <CheckCircle />
          <div>
            <p className="note-message">
              {account === '' ? t('signIn.done') : t('signIn.doneAs', { account })}
            </p>
            <p>{t('signIn.renewed')}</p>
          </div>
        </div>
        <DialogButtons>
          <Button look="primary" onPress={onClose} autoFocus>
            {t('dialog.close')}
          </Button>
        </DialogButtons>
      </Dialog>
    );
  const progress = run.tag === 'ready' ? undefined : run.progress;
  return (
    <Dialog title={title} onClose={onClose} leaveBy="button">
      {run.tag === 'failed' ? (
        <ErrorNote report={run.report} />
      ) : progress === undefined ? (
        <p role="status" aria-busy="true">
          {t('signIn.asking')}
        </p>
      ) : (
        <Steps {...progress} />
      )}
      <DialogButtons>
        <Button onPress={onClose}>{t(run.tag === 'failed' ? 'dialog.close' : 'dialog.cancel')}</Button>
        {run.tag === 'failed' ? (
          <Button look="primary" onPress={begin}>
            {t('signIn.again')}
          </Button>
        ) : null}
      </DialogButtons>
    </Dialog>
  );
}

function Steps({ code, address }: ToEnter): ReactElement {
  const { t } = useTranslation();
  return (
    <>
      <p>{t('signIn.open')}</p>
      <section aria-label={t('signIn.address')}>
        <CopyRow what={t('signIn.address')} text={address} look="long" />
      </section>
      <p>{t('signIn.enter')}</p>
      <section aria-label={t('signIn.code')}>
        <CopyRow what={t('signIn.code')} text={code} look="short" />
      </section>
      <p className="muted" role="status">
        {t('signIn.waiting')}
      </p>
    </>
  );
}

async function* toEnter(
  events: AsyncIterable<SignInEvent>,
  onSignedIn: (account: string) => void,
): AsyncGenerator<ToEnter> {
  for await (const event of events) {
    if (event.tag === 'signed-in') onSignedIn(event.account);
    else yield { tag: 'progress', code: event.code, address: event.address };
  }
}

import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from './button.tsx';
import { CopyIcon } from './icons.tsx';
import { useNotice } from './notice.tsx';

/** Puts a text where it can be pasted. `what` names it, for the screen reader and the notice. */
export function CopyButton({ what, text }: { readonly what: string; readonly text: string }): ReactElement {
  const { t } = useTranslation();
  const say = useNotice();
  const copy = () => {
    // Not there where the page is not a secure context; the text itself can always be selected.
    const written =
      (navigator.clipboard as Clipboard | undefined)?.writeText(text) ?? Promise.reject(new Error());
    written.then(
      () => say(t('devices.copied', { what })),
      () => say(t('devices.copyFailed')),
    );
  };
  return (
    <Button look="quiet" label={t('devices.copyLabel', { what })} onPress={copy}>
      <CopyIcon />
      <span className="wide-only">{t('devices.copy')}</span>
    </Button>
  );
}

/** A text in a frame of its own, with its button: long ones small, short ones large. */
export function CopyRow({
  what,
  text,
  look,
}: {
  readonly what: string;
  readonly text: string;
  readonly look: 'long' | 'short';
}): ReactElement {
  return (
    <div className="share-secret-row">
      <p className={`typed share-${look}`} translate="no" tabIndex={0}>
        {text}
      </p>
      <CopyButton what={what} text={text} />
    </div>
  );
}

/** A line to run, with its button. */
export function CommandLine({ command }: { readonly command: string }): ReactElement {
  const { t } = useTranslation();
  return (
    <div className="command">
      <pre>{command}</pre>
      <CopyButton what={`${t('devices.command')} ${command}`} text={command} />
    </div>
  );
}

import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { DiagnosticsBundle } from '../../../shared/contract-diagnostics.ts';
import { useFormat } from '../../i18n/format.ts';
import { useAsked } from '../../state/asked.ts';
import { AskedFailed, AskedLoading } from '../../ui/asked-view.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogButtons } from '../../ui/dialog.tsx';
import { useNotice } from '../../ui/notice.tsx';
import { saveFile } from '../../ui/save-file.ts';

/** Shows the whole of it before anything is saved; what is saved is the very text that is shown. */
export function DiagnosticsDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { t } = useTranslation();
  // Once for as long as it is open: what was read is what is saved.
  const { asked, again } = useAsked('once', (client) => client.diagnostics.collect());
  return (
    <Dialog title={t('diagnostics.title')} width="wide" onClose={onClose}>
      <p>{t('diagnostics.intro')}</p>
      <p>{t('diagnostics.without')}</p>
      {asked.tag === 'loading' ? <AskedLoading text={t('diagnostics.loading')} /> : null}
      {asked.tag === 'failed' ? <AskedFailed report={asked.report} again={again} /> : null}
      {asked.tag === 'ready' ? (
        <Preview bundle={asked.answer} onClose={onClose} />
      ) : (
        <DialogButtons>
          <Button onPress={onClose}>{t('diagnostics.close')}</Button>
        </DialogButtons>
      )}
    </Dialog>
  );
}

function Preview({
  bundle,
  onClose,
}: {
  readonly bundle: DiagnosticsBundle;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const say = useNotice();
  return (
    <>
      <p className="muted">{t('diagnostics.size', { size: format.size(bundle.text.length) })}</p>
      {/* Scrolls: so the keyboard has to reach it. */}
      <pre className="diagnostics-text" tabIndex={0} role="region" aria-label={t('diagnostics.preview')}>
        {bundle.text}
      </pre>
      <DialogButtons>
        <Button onPress={onClose}>{t('diagnostics.close')}</Button>
        <Button
          look="primary"
          onPress={() => {
            saveFile(bundle.text, bundle.fileName);
            say(t('diagnostics.saved', { name: bundle.fileName }));
          }}
        >
          {t('diagnostics.save')}
        </Button>
      </DialogButtons>
    </>
  );
}

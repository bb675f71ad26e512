import { useEffect, useState } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { AttentionFile, AttentionSelection } from '../../../shared/contract-attention.ts';
import { errorText } from '../../i18n/error-text.ts';
import { useFormat } from '../../i18n/format.ts';
import { useAsked } from '../../state/asked.ts';
import { useAction } from '../../state/engine-context.ts';
import type { Action } from '../../state/engine-context.ts';
import { useNowMs } from '../../state/now.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogButtons } from '../../ui/dialog.tsx';
import { ActionError, ErrorNote } from '../../ui/error-note.tsx';
import { useNotice } from '../../ui/notice.tsx';

/** More would not help anybody in a window; the command line has them all. */
const filesShown = 200;
/** As long as it takes to find a file and fetch it; the screen may face visitors. */
const namesShownMs = 60_000;

interface FileActions {
  readonly retry: Action<[AttentionSelection]>;
  readonly dismiss: Action<[AttentionSelection]>;
}

/** Which files of watched folders could not be taken in, and why. Names stay hidden until they are asked for. */
export function AttentionDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const say = useNotice();
  const [names, setNames] = useState<'hidden' | 'shown'>('hidden');
  useEffect(() => {
    if (names === 'hidden') return;
    const timer = setTimeout(() => setNames('hidden'), namesShownMs);
    return () => clearTimeout(timer);
  }, [names]);
  const { asked, again } = useAsked('opened', (client) => client.files.attention({ limit: filesShown }));
  const retry = useAction(async (client, selection: AttentionSelection) => {
    const { retried } = await client.files.retryAttention(selection);
    say(t('attention.retried', { count: retried, formatted: format.count(retried) }));
    again();
  });
  const dismiss = useAction(async (client, selection: AttentionSelection) => {
    const { dismissed } = await client.files.dismissAttention(selection);
    say(t('attention.dismissed', { count: dismissed, formatted: format.count(dismissed) }));
    again();
  });
  const toggleNames = () => setNames(names === 'hidden' ? 'shown' : 'hidden');

  return (
    <Dialog title={t('attention.title')} onClose={onClose} width="wide">
      <p>{t('attention.intro')}</p>
      <p className="muted">{t('attention.audited')}</p>
      {asked.tag === 'loading' ? (
        <p role="status" aria-busy="true">
          {t('attention.loading')}
        </p>
      ) : asked.tag === 'failed' ? (
        <ErrorNote report={asked.report} />
      ) : (
        <FileList
          files={asked.answer.files}
          total={asked.answer.total}
          names={names}
          onToggleNames={toggleNames}
          actions={{ retry, dismiss }}
        />
      )}
      <ActionError state={retry.state} />
      <ActionError state={dismiss.state} />
      <DialogButtons>
        <Button onPress={again}>{t('attention.refresh')}</Button>
        <span className="spacer" />
        <Button look="primary" onPress={onClose} autoFocus>
          {t('dialog.close')}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}

interface FileListProps {
  readonly files: readonly AttentionFile[];
  readonly total: number;
  readonly names: 'hidden' | 'shown';
  readonly onToggleNames: () => void;
  readonly actions: FileActions;
}

function FileList({ files, total, names, onToggleNames, actions }: FileListProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  if (files.length === 0)
    return (
      <p role="status" className="empty strong">
        {t('attention.empty')}
      </p>
    );
  const all: AttentionSelection = { tag: 'all' };
  const hidden = total - files.length;
  return (
    <>
      <div className="attention-head">
        <p role="status" className="strong">
          {t('attention.total', { count: total, formatted: format.count(total) })}
        </p>
        <Button look="quiet" onPress={onToggleNames}>
          {t(names === 'hidden' ? 'attention.showNames' : 'attention.hideNames')}
        </Button>
        <Button onPress={() => actions.retry.run(all)} isPending={actions.retry.state.tag === 'busy'}>
          {t('attention.retryAll')}
        </Button>
        <Button onPress={() => actions.dismiss.run(all)} isPending={actions.dismiss.state.tag === 'busy'}>
          {t('attention.dismissAll')}
        </Button>
      </div>
      <ul className="attention-list" aria-label={t('attention.title')}>
        {files.map((file, index) => (
          <FileRow key={file.id} file={file} number={index + 1} names={names} actions={actions} />
        ))}
      </ul>
      {hidden > 0 ? (
        <p className="muted">{t('attention.more', { count: hidden, formatted: format.count(hidden) })}</p>
      ) : null}
    </>
  );
}

function FileRow({
  file,
  number,
  names,
  actions,
}: {
  readonly file: AttentionFile;
  readonly number: number;
  readonly names: 'hidden' | 'shown';
  readonly actions: FileActions;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const words = errorText(file, format.language);
  const one: AttentionSelection = { tag: 'some', ids: [file.id] };
  return (
    <li className="attention-file">
      <div>
        <p className={names === 'shown' ? 'typed strong' : 'strong'}>
          {names === 'shown' ? file.path : t('attention.hidden', { number: format.count(number) })}
        </p>
        <p>{words.message}</p>
        <p className="muted">{words.nextStep}</p>
        <p className="muted">{t('attention.since', { when: format.moment(file.firstAt, nowMs) })}</p>
      </div>
      <div className="attention-actions">
        <Button
          label={t('attention.retryLabel', { number: format.count(number) })}
          onPress={() => actions.retry.run(one)}
        >
          {t('attention.retry')}
        </Button>
        <Button
          look="quiet"
          label={t('attention.dismissLabel', { number: format.count(number) })}
          onPress={() => actions.dismiss.run(one)}
        >
          {t('attention.dismiss')}
        </Button>
      </div>
    </li>
  );
}

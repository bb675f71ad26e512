import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/button.tsx';
import { DialogButtons } from '../../ui/dialog.tsx';
import type { Run } from './use-run.ts';

/** Stop while it runs; afterwards close, and once more unless it came to its end. */
export function RunButtons({
  tag,
  again,
  onStop,
  onAgain,
  onClose,
}: {
  readonly tag: Exclude<Run<unknown, unknown>['tag'], 'ready'>;
  readonly again: string;
  readonly onStop: () => void;
  readonly onAgain: () => void;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useTranslation();
  return (
    <DialogButtons>
      {tag === 'running' ? (
        <Button key="stop" onPress={onStop} autoFocus>
          {t('dialog.stop')}
        </Button>
      ) : (
        <>
          <Button key="close" look={tag === 'done' ? 'primary' : 'secondary'} onPress={onClose} autoFocus>
            {t('dialog.close')}
          </Button>
          {tag === 'done' ? null : (
            <Button key="again" look="primary" onPress={onAgain}>
              {again}
            </Button>
          )}
        </>
      )}
    </DialogButtons>
  );
}

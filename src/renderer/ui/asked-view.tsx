import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { ShownReport } from '../state/engine-context.ts';
import { Button } from './button.tsx';
import { ErrorNote } from './error-note.tsx';

/** In place of a view whose content is still being asked for. */
export function AskedLoading({ text }: { readonly text: string }): ReactElement {
  return (
    <div className="skeleton" aria-busy="true">
      <p className="visually-hidden">{text}</p>
      <div className="skeleton-block" />
      <div className="skeleton-block" />
    </div>
  );
}

/** In place of a view whose content could not be had. */
export function AskedFailed({
  report,
  again,
}: {
  readonly report: ShownReport;
  readonly again: () => void;
}): ReactElement {
  const { t } = useTranslation();
  return (
    <div className="panel asked-failed">
      <ErrorNote report={report} />
      <Button onPress={again}>{t('devices.again')}</Button>
    </div>
  );
}

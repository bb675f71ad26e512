import { useState } from 'react';
import type { ReactElement } from 'react';
import { FieldError, Form, Label, Text, TextArea, TextField } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import type { ImportEvent } from '../../../shared/contract.ts';
import { useFormat } from '../../i18n/format.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogButtons } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Progress } from '../../ui/progress.tsx';
import { usePathChoice } from '../../ui/use-path-choice.ts';
import { examplePath, isAbsolutePath, pathsIn, withPath } from './paths.ts';
import { ProblemList, RunFigures } from './run-report.tsx';
import { useRun } from './use-run.ts';
import type { Run } from './use-run.ts';

type ImportProgress = Extract<ImportEvent, { tag: 'progress' }>;
type ImportProblem = Extract<ImportEvent, { tag: 'problem' }>['problem'];

/** The contract's limit. */
const mostPaths = 1000;

export function ImportDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { t } = useTranslation();
  const { run, start, stop } = useRun<ImportProgress, ImportProblem>();
  const [text, setText] = useState('');
  const [problem, setProblem] = useState<string | undefined>(undefined);

  const { choose, isChoosing, trouble, forget } = usePathChoice((path) => {
    setProblem(undefined);
    setText((before) => withPath(before, path));
  });

  const submit = () => {
    forget();
    const paths = pathsIn(text);
    const relative = paths.findIndex((path) => !isAbsolutePath(path));
    if (paths.length === 0) return setProblem(t('importDialog.empty'));
    if (paths.length > mostPaths) return setProblem(t('importDialog.tooMany', { max: mostPaths }));
    if (relative >= 0) return setProblem(t('importDialog.notAbsolute', { line: relative + 1 }));
    setProblem(undefined);
    start((client, signal) => client.files.import({ paths: [...paths] }, { signal }));
  };

  if (run.tag !== 'ready') return <ImportRun run={run} onStop={stop} onClose={onClose} />;
  return (
    <Dialog title={t('importDialog.title')} onClose={onClose}>
      <Form
        validationBehavior="aria"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <TextField
          className="field"
          value={text}
          onChange={(typed) => {
            forget();
            setText(typed);
          }}
          isInvalid={(trouble ?? problem) !== undefined}
          spellCheck="false"
          autoFocus
        >
          <Label>{t('importDialog.label')}</Label>
          <Text slot="description" className="muted">
            {t('importDialog.intro')}{' '}
            {t('importDialog.example', { path: examplePath(navigator.platform, 'scans') })}
          </Text>
          <TextArea rows={5} className="typed" />
          <FieldError className="field-error">{trouble ?? problem}</FieldError>
        </TextField>
        {choose === undefined ? null : (
          <div className="path-adds">
            <Button isPending={isChoosing} onPress={() => choose('import-folder')}>
              {t('pathChoice.addFolder')}
            </Button>
            <Button isPending={isChoosing} onPress={() => choose('import-file')}>
              {t('pathChoice.addFile')}
            </Button>
          </div>
        )}
        <DialogButtons>
          <Button onPress={onClose}>{t('dialog.cancel')}</Button>
          <Button look="primary" type="submit">
            {t('importDialog.start')}
          </Button>
        </DialogButtons>
      </Form>
    </Dialog>
  );
}

function ImportRun({
  run,
  onStop,
  onClose,
}: {
  readonly run: Exclude<Run<ImportProgress, ImportProblem>, { tag: 'ready' }>;
  readonly onStop: () => void;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const { done = 0, found = 0, stored = 0, duplicates = 0, failed = 0, bytes = 0 } = run.progress ?? {};
  const line = t('importDialog.line', { done: format.count(done), found: format.count(found) });
  const title =
    run.tag === 'running'
      ? t('importDialog.running')
      : run.tag === 'done'
        ? t('importDialog.done')
        : t('importDialog.title');
  const running = run.tag === 'running';

  return (
    <Dialog title={title} onClose={onClose} leaveBy={running ? 'button' : 'escape'}>
      <Progress label={t('importDialog.progress')} value={done} max={found} valueText={line} tone="working" />
      <p>{line}</p>
      <RunFigures
        figures={[
          [t('importDialog.stored'), format.count(stored)],
          [t('importDialog.duplicates'), format.count(duplicates)],
          [t('importDialog.failed'), format.count(failed), failed > 0 ? 'attention' : undefined],
          [t('importDialog.size'), format.size(bytes)],
        ]}
      />
      {run.tag === 'failed' ? <ErrorNote report={run.report} /> : null}
      <p role="status" className="strong">
        {run.tag === 'cancelled' ? t('importDialog.cancelled') : run.tag === 'done' ? title : null}
      </p>
      <ProblemList
        problems={run.problems.map((one) => ({ ...one, about: one.path }))}
        total={run.problemCount}
      />
      <DialogButtons>
        {running ? (
          <Button onPress={onStop} autoFocus>
            {t('dialog.stop')}
          </Button>
        ) : (
          <Button look="primary" onPress={onClose} autoFocus>
            {t('dialog.close')}
          </Button>
        )}
      </DialogButtons>
    </Dialog>
  );
}

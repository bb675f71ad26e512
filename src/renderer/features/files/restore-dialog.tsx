import { useState } from 'react';
import type { ReactElement } from 'react';
import { FieldError, Form, Input, Label, RadioGroup, Text, TextField } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import type { RestoreEvent, RestoreSelection } from '../../../shared/contract.ts';
import { useFormat } from '../../i18n/format.ts';
import { Button } from '../../ui/button.tsx';
import { Choice } from '../../ui/choice.tsx';
import { Dialog, DialogButtons } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { TriangleAlert } from '../../ui/icons.tsx';
import { Progress } from '../../ui/progress.tsx';
import { examplePath, isAbsolutePath } from './paths.ts';
import { ProblemList, RunFigures } from './run-report.tsx';
import { useRun } from './use-run.ts';
import type { Run } from './use-run.ts';

type RestoreProgress = Extract<RestoreEvent, { tag: 'progress' }>;
type RestoreProblem = Extract<RestoreEvent, { tag: 'problem' }>['problem'];

interface Order {
  readonly to: string;
  readonly selection: RestoreSelection;
  readonly fromCloud: boolean;
}

export function RestoreDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { run, start, stop } = useRun<RestoreProgress, RestoreProblem>();
  if (run.tag !== 'ready') return <RestoreRun run={run} onStop={stop} onClose={onClose} />;
  return (
    <OrderForm
      onClose={onClose}
      onOrder={(order) => start((client, signal) => client.restore.run(order, { signal }))}
    />
  );
}

function OrderForm({
  onClose,
  onOrder,
}: {
  readonly onClose: () => void;
  readonly onOrder: (order: Order) => void;
}): ReactElement {
  const { t } = useTranslation();
  const [to, setTo] = useState('');
  const [what, setWhat] = useState('all');
  const [uid, setUid] = useState('');
  const [source, setSource] = useState('local');
  const [asked, setAsked] = useState(false);
  const path = to.trim();
  const pathIsBad = asked && !isAbsolutePath(path);
  const uidIsBad = asked && what === 'study' && !isUid(uid.trim());

  const submit = () => {
    setAsked(true);
    if (!isAbsolutePath(path) || (what === 'study' && !isUid(uid.trim()))) return;
    const selection: RestoreSelection =
      what === 'study' ? { tag: 'study', studyInstanceUid: uid.trim() } : { tag: 'all' };
    onOrder({ to: path, selection, fromCloud: source === 'cloud' });
  };

  return (
    <Dialog title={t('restoreDialog.title')} onClose={onClose}>
      <Form
        validationBehavior="aria"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <TextField
          className="field"
          value={to}
          onChange={setTo}
          isInvalid={pathIsBad}
          spellCheck="false"
          autoFocus
        >
          <Label>{t('restoreDialog.label')}</Label>
          <Text slot="description" className="muted">
            {t('restoreDialog.labelHelp')}{' '}
            {t('importDialog.example', { path: examplePath(navigator.platform, 'restored') })}
          </Text>
          <Input className="typed" />
          <FieldError className="field-error">{t('restoreDialog.notAbsolute')}</FieldError>
        </TextField>
        <RadioGroup className="choices" value={what} onChange={setWhat}>
          <Label>{t('restoreDialog.what')}</Label>
          <Choice value="all" text={t('restoreDialog.all')} />
          <Choice value="study" text={t('restoreDialog.study')} />
        </RadioGroup>
        {what === 'study' ? (
          <TextField
            className="field"
            value={uid}
            onChange={setUid}
            isInvalid={uidIsBad}
            maxLength={64}
            spellCheck="false"
          >
            <Label>{t('restoreDialog.studyUid')}</Label>
            <Text slot="description" className="muted">
              {t('restoreDialog.studyUidHelp')}
            </Text>
            <Input className="typed" />
            <FieldError className="field-error">{t('restoreDialog.badUid')}</FieldError>
          </TextField>
        ) : null}
        <RadioGroup className="choices" value={source} onChange={setSource}>
          <Label>{t('restoreDialog.source')}</Label>
          <Choice value="local" text={t('restoreDialog.local')} />
          <Choice value="cloud" text={t('restoreDialog.cloud')} />
        </RadioGroup>
        <div className="note" data-tone="attention">
          <TriangleAlert />
          <p>{t('restoreDialog.warning')}</p>
        </div>
        <DialogButtons>
          <Button onPress={onClose}>{t('dialog.cancel')}</Button>
          <Button look="primary" type="submit">
            {t('restoreDialog.start')}
          </Button>
        </DialogButtons>
      </Form>
    </Dialog>
  );
}

function RestoreRun({
  run,
  onStop,
  onClose,
}: {
  readonly run: Exclude<Run<RestoreProgress, RestoreProblem>, { tag: 'ready' }>;
  readonly onStop: () => void;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const {
    total = 0,
    restored = 0,
    skipped = 0,
    missing = 0,
    damaged = 0,
    unproven = 0,
    bytes = 0,
  } = run.progress ?? {};
  const done = restored + skipped + missing + damaged;
  const line = t('restoreDialog.line', { done: format.count(done), total: format.count(total) });
  const running = run.tag === 'running';
  const outcome =
    run.tag === 'done'
      ? missing + damaged + run.problemCount > 0
        ? t('restoreDialog.doneIncomplete')
        : t('restoreDialog.done')
      : run.tag === 'cancelled'
        ? t('restoreDialog.cancelled')
        : undefined;

  return (
    <Dialog
      title={running ? t('restoreDialog.running') : t('restoreDialog.title')}
      onClose={onClose}
      leaveBy={running ? 'button' : 'escape'}
    >
      <Progress
        label={t('restoreDialog.progress')}
        value={done}
        max={total}
        valueText={line}
        tone="working"
      />
      <p>{line}</p>
      <RunFigures
        figures={[
          [t('restoreDialog.restored'), format.count(restored)],
          [t('restoreDialog.skipped'), format.count(skipped)],
          [t('restoreDialog.missing'), format.count(missing), missing > 0 ? 'attention' : undefined],
          [t('restoreDialog.damaged'), format.count(damaged), damaged > 0 ? 'attention' : undefined],
          [t('restoreDialog.unproven'), format.count(unproven)],
          [t('restoreDialog.size'), format.size(bytes)],
        ]}
      />
      {run.tag === 'failed' ? <ErrorNote report={run.report} /> : null}
      <p role="status" className="strong">
        {outcome}
      </p>
      <ProblemList
        problems={run.problems.map((one) => ({ ...one, about: one.object }))}
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

/** PS3.5 9.1, as the contract checks it. */
function isUid(text: string): boolean {
  return /^[0-9.]{1,64}$/.test(text);
}

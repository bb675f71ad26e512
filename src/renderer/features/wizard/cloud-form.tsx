import { useRef, useState } from 'react';
import type { ReactElement } from 'react';
import { Form } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import type { DestinationSettings } from '../../../shared/destination-settings.ts';
import { useAction, useIsLive } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { Tick } from '../../ui/choice.tsx';
import { ActionError, ErrorNote } from '../../ui/error-note.tsx';
import { CheckCircle, TriangleAlert } from '../../ui/icons.tsx';
import { useNotice } from '../../ui/notice.tsx';
import { SettingButton } from '../settings/setting-button.tsx';
import { CloudFields } from './cloud-fields.tsx';
import { emptyDraft, parseDraft, withChange } from './destination-draft.ts';
import type { DestinationDraft } from './destination-draft.ts';
import { LiveTestView } from './live-test-view.tsx';
import { useLiveTest } from './use-live-test.ts';
import type { LiveTestRun } from './use-live-test.ts';

interface Ready {
  readonly destination: DestinationSettings;
  readonly credential: string | null;
}

/** Fields, the live test of exactly what stands in them, and only then the button that saves. */
export function CloudForm({
  taken,
  mended,
  onSaved,
  onCancel,
}: {
  readonly taken: readonly string[];
  /** The destination that is entered anew. */
  readonly mended?: string | undefined;
  readonly onSaved: () => void;
  readonly onCancel?: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  const say = useNotice();
  const form = useRef<HTMLFormElement>(null);
  const [draft, setDraft] = useState(() => ({
    ...emptyDraft(taken),
    ...(mended === undefined ? {} : { name: mended }),
  }));
  const [isAsked, setAsked] = useState(false);
  const { run, start, stop, reset } = useLiveTest();
  const parsed = parseDraft(draft);
  const problems = isAsked && parsed.tag === 'problems' ? parsed.problems : {};
  const save = useAction(async (client, ready: Ready, despite?: 'test-not-passed') => {
    await client.setup.saveDestination({ ...ready, ...(despite === undefined ? {} : { despite }) });
    say(t('wizard.cloud.saved'));
    onSaved();
  });
  const ready =
    parsed.tag === 'ready' ? { destination: parsed.destination, credential: parsed.credential } : undefined;
  const isSaving = save.state.tag === 'busy';
  const isRunning = run.tag === 'running';

  const change = (changed: Partial<DestinationDraft>) => {
    setDraft((before) => withChange(before, changed));
    // What was tried is not what stands there now.
    reset();
    save.reset();
  };
  const test = () => {
    setAsked(true);
    if (ready !== undefined) return start(ready);
    requestAnimationFrame(() =>
      form.current?.querySelector<HTMLInputElement>('[aria-invalid="true"]')?.focus(),
    );
  };

  return (
    <Form
      ref={form}
      className="wizard-form"
      validationBehavior="aria"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isRunning && !isSaving && run.tag !== 'passed') test();
      }}
    >
      <fieldset className="wizard-fields" disabled={isRunning || isSaving}>
        <CloudFields draft={draft} problems={problems} onChange={change} />
      </fieldset>
      {run.tag === 'none' ? null : <LiveTestView seen={run.seen} />}
      <Outcome run={run} />
      <ActionError state={save.state} />
      {isSaving ? <p role="status">{t('wizard.cloud.saving')}</p> : null}
      <div className="panel-actions">
        {run.tag === 'passed' && ready !== undefined ? (
          <Button
            key="save"
            look="primary"
            isPending={isSaving}
            isDisabled={!isLive && !isSaving}
            autoFocus
            onPress={() => save.run(ready)}
          >
            {t('wizard.cloud.save')}
          </Button>
        ) : isRunning ? (
          <Button key="stop" autoFocus onPress={stop}>
            {t('wizard.cloud.cancel')}
          </Button>
        ) : (
          <Button key="test" look="primary" type="submit" isDisabled={!isLive}>
            {t(run.tag === 'none' ? 'wizard.cloud.test' : 'wizard.cloud.testAgain')}
          </Button>
        )}
        {onCancel === undefined ? null : (
          <Button look="quiet" onPress={onCancel} isDisabled={isSaving}>
            {t('dialog.cancel')}
          </Button>
        )}
      </div>
      {run.tag === 'failed' && ready !== undefined ? (
        <Despite isSaving={isSaving} onSave={() => save.run(ready, 'test-not-passed')} />
      ) : null}
    </Form>
  );
}

function Outcome({ run }: { readonly run: LiveTestRun }): ReactElement | null {
  const { t } = useTranslation();
  switch (run.tag) {
    case 'none':
    case 'running':
      return null;
    case 'cancelled':
      return <p role="status">{t('wizard.cloud.cancelled')}</p>;
    case 'passed': {
      const isWarned = run.seen.findings.some(({ level }) => level === 'warning');
      return (
        <div className="note" data-tone={isWarned ? 'attention' : 'all-safe'} role="status">
          {isWarned ? <TriangleAlert /> : <CheckCircle />}
          <p className="note-message">
            {t(isWarned ? 'wizard.cloud.passedWarnings' : 'wizard.cloud.passed')}
          </p>
        </div>
      );
    }
    case 'failed': {
      const { code } = run.report;
      const mayNeedProxy =
        run.seen.proxy === null && (code === 'cloud-unreachable' || code === 'cloud-host-unknown');
      return (
        <>
          <ErrorNote report={run.report} />
          {mayNeedProxy ? (
            <div className="how">
              <p className="muted">{t('wizard.cloud.proxyHelp')}</p>
              <SettingButton settingKey="network.proxy.mode" />
            </div>
          ) : null}
        </>
      );
    }
  }
}

/** Told so in clear words, and ticked: otherwise what failed its test is not saved. */
function Despite({
  isSaving,
  onSave,
}: {
  readonly isSaving: boolean;
  readonly onSave: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const [isTicked, setTicked] = useState(false);
  return (
    <details className="fold">
      <summary>{t('wizard.cloud.despite.summary')}</summary>
      <div className="fold-body wizard-fields">
        <p>{t('wizard.cloud.despite.text')}</p>
        <Tick text={t('wizard.cloud.despite.tick')} isTicked={isTicked} onChange={setTicked} />
        <Button isDisabled={!isTicked} isPending={isSaving} onPress={onSave}>
          {t('wizard.cloud.despite.save')}
        </Button>
      </div>
    </details>
  );
}

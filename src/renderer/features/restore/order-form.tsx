import { useState } from 'react';
import type { ReactElement } from 'react';
import { Form, Label, RadioGroup } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import type { StudySummary } from '../../../shared/agent-state.ts';
import { useAgentView } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { Choice } from '../../ui/choice.tsx';
import { Dialog, DialogButtons } from '../../ui/dialog.tsx';
import { TriangleAlert } from '../../ui/icons.tsx';
import { PathField } from '../../ui/path-field.tsx';
import { TextLine } from '../../ui/text-line.tsx';
import { examplePath } from '../files/paths.ts';
import { StudyLine } from '../studies/study-line.tsx';
import { emptyDraft, parseOrder } from './order.ts';
import type { Order, OrderDraft, OrderProblems } from './order.ts';

/** An example that nobody's network has (RFC 5737). */
const exampleNode = 'PACS@192.0.2.10:104';

interface FieldsProps {
  readonly draft: OrderDraft;
  readonly problems: OrderProblems;
  readonly onChange: (change: Partial<OrderDraft>) => void;
}

export function OrderForm({
  study,
  onClose,
  onOrder,
}: {
  readonly study: StudySummary | undefined;
  readonly onClose: () => void;
  readonly onOrder: (order: Order) => void;
}): ReactElement {
  const { t } = useTranslation();
  const { agent } = useAgentView();
  const [draft, setDraft] = useState(emptyDraft);
  const [asked, setAsked] = useState(false);
  const parsed = parseOrder(draft, study?.id, agent?.status.listener.aeTitle ?? 'EDGESYNC');
  const problems = asked && parsed.tag === 'problems' ? parsed.problems : {};
  const fields: FieldsProps = {
    draft,
    problems,
    onChange: (change) => setDraft((before) => ({ ...before, ...change })),
  };

  return (
    <Dialog
      title={t(study === undefined ? 'restoreDialog.title' : 'restoreDialog.studyTitle')}
      onClose={onClose}
    >
      <Form
        validationBehavior="aria"
        onSubmit={(event) => {
          event.preventDefault();
          setAsked(true);
          if (parsed.tag === 'order') onOrder(parsed.order);
          else focusFirstProblem(event.currentTarget);
        }}
      >
        {study === undefined ? <What {...fields} /> : <StudyLine study={study} />}
        <Where {...fields} />
        <RadioGroup
          className="choices"
          value={draft.source}
          onChange={(source) => fields.onChange({ source: source === 'cloud' ? 'cloud' : 'local' })}
        >
          <Label>{t('restoreDialog.source')}</Label>
          <Choice value="local" text={t('restoreDialog.local')} />
          <Choice value="cloud" text={t('restoreDialog.cloud')} />
        </RadioGroup>
        <div className="note" data-tone="attention">
          <TriangleAlert />
          <p>{t(draft.where === 'node' ? 'restoreDialog.nodeWarning' : 'restoreDialog.warning')}</p>
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

function What({ draft, problems, onChange }: FieldsProps): ReactElement {
  const { t } = useTranslation();
  return (
    <>
      <RadioGroup
        className="choices"
        value={draft.what}
        onChange={(what) => onChange({ what: what === 'some' ? 'some' : 'all' })}
      >
        <Label>{t('restoreDialog.what')}</Label>
        <Choice value="all" text={t('restoreDialog.all')} />
        <Choice value="some" text={t('restoreDialog.some')} />
      </RadioGroup>
      {draft.what === 'all' ? null : (
        <div className="sub-fields">
          <TextLine
            label={t('restoreDialog.patientId')}
            help={t('restoreDialog.patientIdHelp')}
            value={draft.patientId}
            onChange={(patientId) => onChange({ patientId })}
            problem={problems.patientId === undefined ? undefined : t('restoreDialog.nothingChosen')}
            maxLength={64}
          />
          <div className="field-pair">
            <TextLine
              label={t('restoreDialog.dateFrom')}
              value={draft.dateFrom}
              onChange={(dateFrom) => onChange({ dateFrom })}
              problem={problems.dateFrom === undefined ? undefined : t('restoreDialog.badDate')}
              maxLength={10}
            />
            <TextLine
              label={t('restoreDialog.dateTo')}
              value={draft.dateTo}
              onChange={(dateTo) => onChange({ dateTo })}
              problem={problems.dateTo === undefined ? undefined : t(`restoreDialog.${problems.dateTo}`)}
              maxLength={10}
            />
          </div>
          <p className="muted">{t('restoreDialog.dateHelp')}</p>
        </div>
      )}
    </>
  );
}

function Where({ draft, problems, onChange }: FieldsProps): ReactElement {
  const { t } = useTranslation();
  return (
    <>
      <RadioGroup
        className="choices"
        value={draft.where}
        onChange={(where) => onChange({ where: where === 'node' || where === 'medium' ? where : 'folder' })}
      >
        <Label>{t('restoreDialog.where')}</Label>
        <Choice value="folder" text={t('restoreDialog.toFolder')} />
        <Choice value="medium" text={t('restoreDialog.toMedium')} />
        <Choice value="node" text={t('restoreDialog.toNode')} />
      </RadioGroup>
      {draft.where === 'node' ? (
        <TextLine
          label={t('restoreDialog.node')}
          help={t('restoreDialog.nodeHelp', { example: exampleNode })}
          value={draft.node}
          onChange={(node) => onChange({ node })}
          problem={problems.node === undefined ? undefined : t('restoreDialog.badNode')}
          maxLength={300}
        />
      ) : (
        <PathField
          label={t('restoreDialog.label')}
          help={`${t('restoreDialog.labelHelp')} ${t('importDialog.example', {
            path: examplePath(navigator.platform, 'restored'),
          })}`}
          value={draft.folder}
          onChange={(folder) => onChange({ folder })}
          problem={problems.folder === undefined ? undefined : t('restoreDialog.notAbsolute')}
          purpose="restore"
          maxLength={4096}
          autoFocus
        />
      )}
    </>
  );
}

/** After the problems are drawn: where to go on typing. */
function focusFirstProblem(form: HTMLFormElement): void {
  requestAnimationFrame(() => form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
}

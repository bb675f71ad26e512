import type { ReactElement, ReactNode } from 'react';
import { Label, RadioButton, RadioField, RadioGroup } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { assertNever } from '../../../shared/assert-never.ts';
import { Choice } from '../../ui/choice.tsx';
import { PathField } from '../../ui/path-field.tsx';
import { TextLine } from '../../ui/text-line.tsx';
import { CredentialField } from '../destinations/credential-field.tsx';
import { azureSignIns, draftKinds } from './destination-draft.ts';
import type { DestinationDraft, DraftField, DraftProblems } from './destination-draft.ts';

const longestField = 1000;

interface FieldsProps {
  readonly draft: DestinationDraft;
  readonly problems: DraftProblems;
  readonly onChange: (change: Partial<DestinationDraft>) => void;
}

/** What has to be known of a storage, by its kind. */
export function CloudFields(props: FieldsProps): ReactElement {
  const { t } = useTranslation();
  const { draft, problems, onChange } = props;
  return (
    <>
      <Cards
        label={t('wizard.cloud.kind')}
        value={draft.kind}
        onChange={(value) =>
          onChange({ kind: draftKinds.find((kind) => kind === value) ?? 'azure', credential: '' })
        }
      >
        {draftKinds.map((kind) => (
          <Card
            key={kind}
            value={kind}
            title={t(`wizard.cloud.kinds.${kind}`)}
            text={t(`wizard.cloud.kindTexts.${kind}`)}
          />
        ))}
      </Cards>
      <KindFields {...props} />
      <details className="fold" open={problems.name !== undefined || problems.prefix !== undefined}>
        <summary>{t('wizard.cloud.more')}</summary>
        <div className="fold-body wizard-fields">
          <Field field="name" help={t('wizard.cloud.nameHelp')} {...props} />
          {draft.kind === 'folder' ? null : (
            <Field field="prefix" help={t('wizard.cloud.prefixHelp')} {...props} />
          )}
        </div>
      </details>
    </>
  );
}

function KindFields(props: FieldsProps): ReactElement {
  switch (props.draft.kind) {
    case 'azure':
      return <AzureFields {...props} />;
    case 's3':
      return <S3Fields {...props} />;
    case 'folder':
      return <FolderFields {...props} />;
    default:
      return assertNever(props.draft.kind);
  }
}

function AzureFields(props: FieldsProps): ReactElement {
  const { t } = useTranslation();
  const { draft, onChange } = props;
  return (
    <>
      <Cards
        label={t('wizard.cloud.signIn')}
        value={draft.signIn}
        onChange={(value) =>
          onChange({ signIn: azureSignIns.find((one) => one === value) ?? 'sas-url', credential: '' })
        }
      >
        {azureSignIns.map((one) => (
          <Card
            key={one}
            value={one}
            title={t(`wizard.cloud.signIns.${one}`)}
            text={t(`wizard.cloud.signInTexts.${one}`)}
          />
        ))}
      </Cards>
      {draft.signIn === 'service-principal' ? (
        <>
          <Field field="account" help="https://ACCOUNT.blob.core.windows.net" {...props} />
          <div className="field-pair">
            <Field field="tenantId" {...props} />
            <Field field="clientId" {...props} />
          </div>
        </>
      ) : null}
      <Credential label={t(`wizard.cloud.credentials.${draft.signIn}`)} {...props} />
      <Field field="container" help={t('wizard.cloud.containerHelp')} {...props} />
    </>
  );
}

function S3Fields(props: FieldsProps): ReactElement {
  const { t } = useTranslation();
  const { draft, onChange } = props;
  return (
    <>
      <Field field="endpoint" help="https://s3.example.com" {...props} />
      {draft.endpoint === '' ? null : (
        <RadioGroup
          className="choices"
          value={draft.addressing}
          onChange={(value) => onChange({ addressing: value === 'path' ? 'path' : 'virtual' })}
        >
          <Label>{t('wizard.cloud.addressing')}</Label>
          <Choice value="path" text={t('wizard.cloud.addressings.path')} />
          <Choice value="virtual" text={t('wizard.cloud.addressings.virtual')} />
        </RadioGroup>
      )}
      <Field field="bucket" help={t('wizard.cloud.bucketHelp')} {...props} />
      <Field field="region" help={t('wizard.cloud.regionHelp')} {...props} />
      <Field field="keyId" {...props} />
      <Credential label={t('wizard.cloud.credentials.s3')} {...props} />
    </>
  );
}

function FolderFields({ draft, problems, onChange }: FieldsProps): ReactElement {
  const { t } = useTranslation();
  return (
    <PathField
      label={t('wizard.cloud.path')}
      help={t('wizard.cloud.pathHelp')}
      value={draft.path}
      onChange={(path) => onChange({ path })}
      problem={useProblem('path', problems)}
      purpose="destination"
      maxLength={longestField}
    />
  );
}

function Field({
  field,
  help,
  draft,
  problems,
  onChange,
}: FieldsProps & {
  readonly field: Exclude<DraftField, 'credential' | 'path'>;
  readonly help?: string;
}): ReactElement {
  const { t } = useTranslation();
  return (
    <TextLine
      label={t(`wizard.cloud.${field}`)}
      {...(help === undefined ? {} : { help })}
      value={draft[field]}
      onChange={(value) => onChange({ [field]: value })}
      problem={useProblem(field, problems)}
      maxLength={longestField}
    />
  );
}

function Credential({
  label,
  draft,
  problems,
  onChange,
}: FieldsProps & { readonly label: string }): ReactElement {
  const { t } = useTranslation();
  return (
    <CredentialField
      label={label}
      help={t('wizard.cloud.credentialHelp')}
      value={draft.credential}
      onChange={(credential) => onChange({ credential })}
      problem={useProblem('credential', problems)}
    />
  );
}

function useProblem(field: DraftField, problems: DraftProblems): string | undefined {
  const { t } = useTranslation();
  const problem = problems[field];
  if (problem === undefined) return undefined;
  return problem === 'missing' ? t('wizard.cloud.missing') : t(`wizard.cloud.malformed.${field}`);
}

function Cards({
  label,
  value,
  onChange,
  children,
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <RadioGroup className="choices wizard-cards" value={value} onChange={onChange}>
      <Label>{label}</Label>
      {children}
    </RadioGroup>
  );
}

function Card({
  value,
  title,
  text,
}: {
  readonly value: string;
  readonly title: string;
  readonly text: string;
}): ReactElement {
  return (
    <RadioField value={value}>
      <RadioButton className="radio">
        <span className="radio-dot" aria-hidden="true" />
        <span>
          <span className="strong">{title}</span>
          <br />
          <span className="muted">{text}</span>
        </span>
      </RadioButton>
    </RadioField>
  );
}

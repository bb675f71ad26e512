import type { ReactElement, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { assertNever } from '../../../shared/assert-never.ts';
import type { Failure } from '../../../shared/status.ts';
import { useAction, useIsLive } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/copy.tsx';
import { ActionError } from '../../ui/error-note.tsx';
import { useNotice } from '../../ui/notice.tsx';
import { AttentionButton } from '../attention/attention-button.tsx';
import { CredentialButton } from '../destinations/credential.tsx';
import { panelIds } from '../devices/access-context.ts';
import { useOpenDialog } from '../dialog-context.ts';
import { RecoveryButton } from '../recovery/recovery-button.tsx';
import { useViews } from '../view-context.ts';
import { SettingButton } from '../settings/setting-button.tsx';
import { SetUpStorage } from '../wizard/set-up-storage.tsx';
import { stepFor } from './failure-steps.ts';
import { placeIds } from './places.ts';

/**
 * The next step of a failure. `offered`: the button of what the engine itself offers (try again, seen), or null; beside
 * a step of the page it stands second.
 */
export function StepButton({
  failure,
  offered,
}: {
  readonly failure: Failure;
  readonly offered: (look: 'primary' | 'secondary') => ReactElement | null;
}): ReactElement | null {
  const { t } = useTranslation();
  const { show } = useViews();
  const openDialog = useOpenDialog();
  const step = stepFor(failure.code);
  const beside = (first: ReactNode): ReactElement => (
    <div className="failure-action">
      {first}
      {offered('secondary')}
    </div>
  );
  const press = (text: string, onPress: () => void): ReactElement =>
    beside(
      <Button look="primary" onPress={onPress}>
        {text}
      </Button>,
    );
  switch (step.tag) {
    case 'offered':
      return offered('primary') ?? <Nothing text={t('failureSteps.byItself')} />;
    case 'recovery':
      return beside(<RecoveryButton dialog={step.dialog} look="primary" />);
    case 'credential':
    case 'sign-in': {
      const { destination } = failure;
      if (destination === null)
        return press(t('failureSteps.destinations'), () => show('overview', placeIds.destinations));
      // Alone: once it is stored the waiting images go by themselves.
      return step.tag === 'credential' ? (
        <CredentialButton name={destination} look="primary" />
      ) : (
        <Button look="primary" onPress={() => openDialog({ tag: 'sign-in', name: destination })}>
          {t('signIn.button')}
        </Button>
      );
    }
    case 'attention-files':
      return <AttentionButton look="primary" />;
    case 'devices':
      return press(t('devices.look'), () => show('devices', panelIds[step.panel]));
    case 'pair-device':
      return press(t('failureSteps.devices'), () => openDialog({ tag: 'pair-device' }));
    case 'setting':
      return beside(<SettingButton settingKey={step.key} look="primary" />);
    case 'storage':
      return beside(<SetUpStorage look="primary" />);
    case 'destinations':
      return press(t('failureSteps.destinations'), () => show('overview', placeIds.destinations));
    case 'verify':
      return press(t('failureSteps.verify'), () => openDialog({ tag: 'verify', what: { tag: 'sample' } }));
    case 'keys':
      return press(t('failureSteps.keys'), () => show('keys'));
    case 'shares':
      return press(t('failureSteps.shares'), () => openDialog({ tag: 'shares' }));
    case 'this-pc':
      return press(t('failureSteps.disk'), () => show('overview', placeIds.thisPc));
    case 'resume':
      return beside(<ResumeButton />);
    case 'command':
      return beside(
        <div>
          <p className="muted">{t('failureSteps.command')}</p>
          <CommandLine command={step.command} />
        </div>,
      );
    case 'nothing':
      return (
        offered('primary') ?? (
          <Nothing
            text={
              step.why === 'by-itself'
                ? t('failureSteps.byItself')
                : step.why === 'at-device'
                  ? t('failureSteps.atDevice')
                  : t('failureSteps.elsewhere')
            }
          />
        )
      );
    default:
      return assertNever(step);
  }
}

function Nothing({ text }: { readonly text: string }): ReactElement {
  return <p className="failure-action muted">{text}</p>;
}

function ResumeButton(): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  const say = useNotice();
  const resume = useAction(async (client) => {
    await client.uploads.resume({});
    say(t('failureSteps.resumed'));
  });
  return (
    <>
      <Button
        look="primary"
        isDisabled={!isLive}
        isPending={resume.state.tag === 'busy'}
        onPress={resume.run}
      >
        {t('failureSteps.resume')}
      </Button>
      <ActionError state={resume.state} />
    </>
  );
}

import { useState } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useAction, useIsLive } from '../../state/engine-context.ts';
import type { ShownReport } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { ActionError, ErrorNote } from '../../ui/error-note.tsx';
import { useNotice } from '../../ui/notice.tsx';
import { useAccess } from './access-context.ts';

/** The port for encrypted connections, opened with one press: it counts at once, and the plain port stays. */
export function SwitchOnTls({ text }: { readonly text: string }): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  const say = useNotice();
  const { again } = useAccess();
  const [refused, setRefused] = useState<ShownReport | undefined>(undefined);
  const switchOn = useAction(async (client) => {
    const { revision } = await client.settings.list();
    const result = await client.settings.change({
      revision,
      changes: [{ tag: 'set', key: 'dicom.tls.enabled', value: true }],
      keep: 'when-it-works',
    });
    setRefused(result.tag === 'refused' ? result.problems[0]?.report : undefined);
    if (result.tag === 'refused') return;
    say(t('devices.connect.tlsDone'));
    again();
  });
  return (
    <div className="how">
      <p className="muted">{text}</p>
      {refused === undefined ? null : <ErrorNote report={refused} />}
      <ActionError state={switchOn.state} />
      <div>
        <Button isDisabled={!isLive} isPending={switchOn.state.tag === 'busy'} onPress={switchOn.run}>
          {t('devices.connect.tlsOn')}
        </Button>
      </div>
    </div>
  );
}

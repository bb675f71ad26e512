import { useState } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { assertNever } from '../../../shared/assert-never.ts';
import type { VerifyEvent, VerifyProgress, VerifySelection } from '../../../shared/contract-verify.ts';
import { useFormat } from '../../i18n/format.ts';
import type { EngineClient } from '../../transport/transport.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogButtons } from '../../ui/dialog.tsx';
import type { VerifyWhat } from '../dialog-context.ts';
import { useRun } from '../files/use-run.ts';
import { StudyLine } from '../studies/study-line.tsx';
import { VerifyRun } from './verify-run.tsx';
import type { VerifyProblem } from './verify-run.tsx';

const samplePercent = 10;

const titles = {
  sample: 'verify.dialogSample',
  all: 'verify.dialogAll',
  study: 'verify.study',
} as const;
const texts = { sample: 'verify.sampleText', all: 'verify.allText', study: 'verify.studyText' } as const;

export function VerifyDialog({
  what,
  onClose,
}: {
  readonly what: VerifyWhat;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const { run, start, stop } = useRun<VerifyProgress, VerifyProblem>();
  const [resumedAfter, setResumedAfter] = useState(0);
  const begin = () => {
    setResumedAfter(0);
    start(async (client, signal) => {
      const selection = await selectionOf(client, what);
      const events = await client.verify.run({ selection, destination: null }, { signal });
      return withoutResumed(events, (done) => setResumedAfter((before) => before + done));
    });
  };

  if (run.tag === 'ready')
    return (
      <Dialog title={t(titles[what.tag])} onClose={onClose}>
        {what.tag === 'study' ? <StudyLine study={what.study} /> : null}
        <p>{t(texts[what.tag])}</p>
        <DialogButtons>
          <Button onPress={onClose}>{t('dialog.cancel')}</Button>
          <Button look="primary" onPress={begin} autoFocus>
            {t('verify.start')}
          </Button>
        </DialogButtons>
      </Dialog>
    );
  return (
    <VerifyRun
      run={run}
      title={t(run.tag === 'running' ? 'verify.running' : titles[what.tag])}
      resumed={
        resumedAfter === 0 ? undefined : t('verify.resumed', { formatted: format.count(resumedAfter) })
      }
      goesOn={what.tag === 'all'}
      onStop={stop}
      onAgain={begin}
      onClose={onClose}
    />
  );
}

async function selectionOf(client: EngineClient, what: VerifyWhat): Promise<VerifySelection> {
  switch (what.tag) {
    case 'sample':
      return { tag: 'sample', percent: samplePercent };
    case 'all':
      return { tag: 'all', from: 'go-on' };
    case 'study':
      return { tag: 'study', ...(await client.studies.identify({ studyId: what.study.id })) };
    default:
      return assertNever(what);
  }
}

async function* withoutResumed(
  events: AsyncIterable<VerifyEvent>,
  onResumed: (done: number) => void,
): AsyncGenerator<Exclude<VerifyEvent, { tag: 'resumed' }>> {
  for await (const event of events) {
    if (event.tag === 'resumed') onResumed(event.done);
    else yield event;
  }
}

import { useState } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { EraseList } from '../../../shared/contract-home.ts';
import { useFormat } from '../../i18n/format.ts';
import { useAsked } from '../../state/asked.ts';
import { useIsLive } from '../../state/engine-context.ts';
import { AskedFailed, AskedLoading } from '../../ui/asked-view.tsx';
import { Button } from '../../ui/button.tsx';
import { Chip } from '../../ui/chip.tsx';
import { Switch } from '../../ui/switch.tsx';
import { Dialog, DialogButtons } from '../../ui/dialog.tsx';
import { useEraseWords } from './erase-answer.tsx';
import { dayMs, eraseTone } from './erase-words.ts';

/** The list for the device's screen: as it stood when it was asked for, which it says. */
export function EraseDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  const [days, setDays] = useState<'7' | '31'>('7');
  const { asked, again } = useAsked(days, (client) =>
    client.home.eraseList({ day: null, days: Number(days) }),
  );
  return (
    <Dialog title={t('erase.dialogTitle')} onClose={onClose} width="wide">
      <Switch
        className="no-print"
        label={t('erase.days')}
        choices={[
          { id: '7', text: t('erase.days7') },
          { id: '31', text: t('erase.days31') },
        ]}
        chosen={days}
        onChange={setDays}
      />
      {asked.tag === 'loading' ? (
        <AskedLoading text={t('erase.loading')} />
      ) : asked.tag === 'failed' ? (
        <AskedFailed report={asked.report} again={again} />
      ) : (
        <EraseSheet list={asked.answer} />
      )}
      <DialogButtons>
        <Button onPress={onClose}>{t('erase.close')}</Button>
        <Button
          look="primary"
          // What is printed while nobody hears the engine would be out of date on paper.
          isDisabled={asked.tag !== 'ready' || !isLive}
          onPress={() => window.print()}
        >
          {t('erase.print')}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}

function EraseSheet({ list }: { readonly list: EraseList }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const words = useEraseWords();
  const { askedAt, listenerAeTitle, days } = list;
  const asOfMs = Date.parse(askedAt);
  const time = `${format.date(asOfMs)}, ${format.moment(askedAt, asOfMs)}`;
  return (
    <div className="erase-sheet">
      <p>{t('erase.asOf', { time, aeTitle: listenerAeTitle })}</p>
      {days.length === 0 ? <p className="empty">{t('erase.empty')}</p> : null}
      {days.map(({ day, isOver, devices }) => (
        <div key={day}>
          <h3 className="day-head">
            {format.date(dayMs(day))}
            {isOver ? null : <span className="muted"> {t('erase.untilNow')}</span>}
          </h3>
          <div
            className="table-scroll"
            role="region"
            aria-label={t('erase.tableOf', { day: format.date(dayMs(day)) })}
            tabIndex={0}
          >
            <table className="table" aria-label={t('erase.tableOf', { day: format.date(dayMs(day)) })}>
              <thead>
                <tr>
                  <th scope="col">{t('erase.device')}</th>
                  <th scope="col">{t('erase.answer')}</th>
                  <th scope="col" className="number">
                    {t('erase.received')}
                  </th>
                  <th scope="col" className="number">
                    {t('erase.verified')}
                  </th>
                  <th scope="col" className="number">
                    {t('erase.named')}
                  </th>
                </tr>
              </thead>
              <tbody>
                {devices.map((line) => (
                  <tr key={line.aeTitle}>
                    <th scope="row">{line.aeTitle}</th>
                    <td>
                      <Chip tone={eraseTone(line.answer)} text={words(line).answer} />
                      {line.answer === 'unknown' ? <p className="muted">{words(line).why}</p> : null}
                      <p className="muted erase-figures">
                        {t('erase.figures', {
                          received: format.count(line.received),
                          verified: format.count(line.verified),
                          named: format.count(line.committed),
                        })}
                      </p>
                    </td>
                    <td className="number">{format.count(line.received)}</td>
                    <td className="number">{format.count(line.verified)}</td>
                    <td className="number">{format.count(line.committed)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </div>
      ))}
      <p className="muted">{t('erase.legend')}</p>
    </div>
  );
}

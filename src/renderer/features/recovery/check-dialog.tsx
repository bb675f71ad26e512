import { memo, useEffect, useRef, useState } from 'react';
import type { ClipboardEvent, KeyboardEvent, ReactElement } from 'react';
import { FieldError, Form, Input, Label, TextField } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { reportFor } from '../../../shared/errors.ts';
import { useFormat } from '../../i18n/format.ts';
import { reportOf, useAction } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogButtons } from '../../ui/dialog.tsx';
import { ActionError } from '../../ui/error-note.tsx';
import { CheckCircle, TriangleAlert } from '../../ui/icons.tsx';
import { filledBy, misspeltIn, missingPlaces, noWords, putWords, wordCount } from './words.ts';
import type { Misspelt } from './words.ts';

/** The fields say which words; the engine's English list of them is left out. */
const misspeltReport = reportFor('recovery-words-misspelt');

/** The drill: 24 fields; space or Enter goes to the next, a pasted kit fills them all. */
export function CheckDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { t } = useTranslation();
  const [fingerprint, setFingerprint] = useState<string | undefined>(undefined);
  if (fingerprint === undefined) return <WordsForm onClose={onClose} onProven={setFingerprint} />;
  return (
    <Dialog title={t('check.doneTitle')} onClose={onClose}>
      <div className="note" data-tone="all-safe">
        <CheckCircle />
        <p role="status">{t('check.done')}</p>
      </div>
      <p className="kit-fingerprint">
        {t('create.fingerprint')}: <code translate="no">{fingerprint}</code>
      </p>
      <DialogButtons>
        <Button look="primary" onPress={onClose} autoFocus>
          {t('dialog.close')}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}

function WordsForm({
  onClose,
  onProven,
}: {
  readonly onClose: () => void;
  readonly onProven: (fingerprint: string) => void;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const [fields, setFields] = useState(noWords);
  const [missing, setMissing] = useState<readonly number[]>([]);
  /** What the engine named; a word leaves the list when it is changed. */
  const [named, setNamed] = useState<readonly Misspelt[]>([]);
  const form = useRef<HTMLFormElement>(null);

  const focus = (place: number) => {
    const inputs = form.current?.querySelectorAll<HTMLInputElement>('input') ?? [];
    const input = inputs[Math.min(place, wordCount) - 1];
    input?.focus();
    input?.select();
  };
  const check = useAction(async (client) => {
    try {
      const proven = await client.recovery.check({ words: [...fields] });
      onProven(proven.fingerprint);
    } catch (error) {
      const misspelt = misspeltIn(reportOf(error));
      setNamed(misspelt);
      if (misspelt[0] !== undefined) focus(misspelt[0].place);
      throw error;
    }
  });

  /** The newest handlers behind one steady object: a letter typed draws one field again, not 24. */
  const latest = useRef<FieldHands>({ put: ignore, paste: ignore, key: ignore });
  const [hands] = useState<FieldHands>(() => ({
    put: (index, text) => latest.current.put(index, text),
    paste: (index, event) => latest.current.paste(index, event),
    key: (index, event) => latest.current.key(index, event),
  }));

  const put = (index: number, text: string) => {
    const next = putWords(fields, index, text);
    setFields(next);
    const changed = next.flatMap((word, place) => (word === fields[place] ? [] : [place + 1]));
    setNamed(named.filter(({ place }) => !changed.includes(place)));
    setMissing(missing.filter((place) => !changed.includes(place)));
  };
  const submit = () => {
    const gaps = missingPlaces(fields);
    setMissing(gaps);
    if (gaps[0] === undefined) check.run();
    else focus(gaps[0]);
  };
  const paste = (index: number, event: ClipboardEvent) => {
    event.preventDefault();
    const text = event.clipboardData.getData('text');
    put(index, text);
    const filled = filledBy(text);
    focus(filled >= wordCount ? wordCount : index + filled + 1);
  };
  const key = (index: number, event: KeyboardEvent) => {
    const last = index === wordCount - 1;
    if (event.key !== ' ' && (event.key !== 'Enter' || last)) return;
    event.preventDefault();
    if (!last) focus(index + 2);
  };
  useEffect(() => {
    latest.current = { put, paste, key };
  });
  const gapsText =
    missing.length === 0
      ? undefined
      : t('check.missing', { count: missing.length, list: format.list(missing.map(String)) });

  return (
    <Dialog title={t('check.title')} onClose={onClose} width="wide">
      <Form
        ref={form}
        validationBehavior="aria"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <p>{t('check.intro')}</p>
        <div className="word-grid" translate="no">
          {fields.map((word, index) => (
            <WordField
              key={index}
              index={index}
              word={word}
              misspelt={named.find(({ place }) => place === index + 1)}
              isMissing={missing.includes(index + 1)}
              hands={hands}
            />
          ))}
        </div>
        {gapsText === undefined ? null : (
          <div className="note" data-tone="attention" role="alert">
            <TriangleAlert />
            <p className="note-message">{gapsText}</p>
          </div>
        )}
        <ActionError state={named.length === 0 ? check.state : { tag: 'failed', report: misspeltReport }} />
        <p className="muted">{t('check.privacy')}</p>
        <DialogButtons>
          <Button
            look="quiet"
            onPress={() => {
              setFields(noWords);
              setNamed([]);
              setMissing([]);
              check.reset();
              focus(1);
            }}
          >
            {t('check.clear')}
          </Button>
          <span className="spacer" />
          <Button onPress={onClose}>{t('dialog.cancel')}</Button>
          <Button look="primary" type="submit" isPending={check.state.tag === 'busy'}>
            {t('check.submit')}
          </Button>
        </DialogButtons>
      </Form>
    </Dialog>
  );
}

interface FieldHands {
  readonly put: (index: number, text: string) => void;
  readonly paste: (index: number, event: ClipboardEvent) => void;
  readonly key: (index: number, event: KeyboardEvent) => void;
}

const ignore = () => undefined;

const WordField = memo(function WordField({
  index,
  word,
  misspelt,
  isMissing,
  hands,
}: {
  readonly index: number;
  readonly word: string;
  readonly misspelt: Misspelt | undefined;
  readonly isMissing: boolean;
  readonly hands: FieldHands;
}): ReactElement {
  const { t } = useTranslation();
  return (
    <TextField
      className="word-field"
      value={word}
      onChange={(text) => hands.put(index, text)}
      onPaste={(event) => hands.paste(index, event)}
      onKeyDown={(event) => hands.key(index, event)}
      isInvalid={misspelt !== undefined || isMissing}
      autoComplete="off"
      autoCorrect="off"
      spellCheck="false"
      autoFocus={index === 0}
    >
      <Label className="word-number">
        <span className="visually-hidden">{t('check.word', { number: index + 1 })}</span>
        <span aria-hidden="true">{index + 1}</span>
      </Label>
      <Input autoCapitalize="none" />
      {misspelt === undefined ? null : (
        <FieldError className="field-error">
          {misspelt.perhaps === undefined
            ? t('check.wrongHere')
            : t('check.perhaps', { word: misspelt.perhaps })}
        </FieldError>
      )}
    </TextField>
  );
});

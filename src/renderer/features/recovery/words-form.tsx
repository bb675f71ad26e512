import { memo, useEffect, useRef, useState } from 'react';
import type { ClipboardEvent, ReactElement } from 'react';
import { FieldError, Form, Input, Label, RadioGroup, TextField } from 'react-aria-components';
import type { TextFieldProps } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { reportFor } from '../../../shared/errors.ts';
import { useFormat } from '../../i18n/format.ts';
import { reportOf, useAction } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { Choice } from '../../ui/choice.tsx';
import { Dialog, DialogButtons } from '../../ui/dialog.tsx';
import { ActionError, ErrorNote } from '../../ui/error-note.tsx';
import { TriangleAlert } from '../../ui/icons.tsx';
import type { Proof } from './check-dialog.tsx';
import * as typed from './words.ts';
import type { KitHeld, Misspelt, Place } from './words.ts';

/** The fields say which words; the engine's English list of them is left out. */
const misspeltReport = reportFor('recovery-words-misspelt');

/** 24 fields, or two shares of 25; space or Enter goes to the next, a pasted kit fills them all. */
export function WordsForm({
  held,
  onClose,
  onProven,
}: {
  readonly held: KitHeld;
  readonly onClose: () => void;
  readonly onProven: (proof: Proof) => void;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const [kit, setKit] = useState(() => typed.emptyKit(held));
  const [missing, setMissing] = useState<readonly Place[]>([]);
  /** Named by the list when a field was left, or by the engine; a word leaves when it is changed. */
  const [named, setNamed] = useState<readonly Misspelt[]>([]);
  const [isRefused, setRefused] = useState(false);
  const form = useRef<HTMLFormElement>(null);

  const focus = ({ sheet, word }: Place) => {
    const all = form.current?.querySelectorAll<HTMLInputElement>('.word-grid input') ?? [];
    const input = all[Math.min(sheet * typed.shareWordCount + word, all.length) - 1];
    input?.focus();
    input?.select();
  };
  const check = useAction(async (client) => {
    try {
      const { fingerprint, provenBy, cloudProblem } = await client.recovery.check({
        words: typed.tokensOf(kit),
      });
      onProven({ fingerprint, provenBy, cloudProblem });
    } catch (error) {
      const misspelt = typed.misspeltIn(reportOf(error));
      setNamed(misspelt);
      setRefused(misspelt.length > 0);
      if (misspelt[0] !== undefined) focus(misspelt[0]);
      throw error;
    }
  });

  /** The newest handlers behind one steady object: a letter typed draws one field again, not 50. */
  const latest = useRef<FieldHands>({ put: ignore, paste: ignore, key: ignore, left: ignore });
  const [hands] = useState<FieldHands>(() => ({
    put: (at, text) => latest.current.put(at, text),
    paste: (at, event) => latest.current.paste(at, event),
    key: (at, event) => latest.current.key(at, event),
    left: (at) => latest.current.left(at),
  }));

  const take = (next: typed.TypedKit) => {
    const changed = typed.changedPlaces(kit, next);
    const stays = (one: Place) => !changed.some((other) => typed.samePlace(one, other));
    setKit(next);
    setNamed(named.filter(stays));
    setMissing(missing.filter(stays));
    return changed;
  };
  const begin = (next: typed.TypedKit) => {
    setKit(next);
    setNamed([]);
    setMissing([]);
    setRefused(false);
    check.reset();
  };
  const put = (at: Place, text: string) => {
    take(typed.putWords(kit, at, text));
  };
  const paste = (at: Place, event: ClipboardEvent) => {
    event.preventDefault();
    const next = typed.putWords(kit, at, event.clipboardData.getData('text'));
    const last = take(next).at(-1) ?? at;
    setNamed(typed.misspeltPlaces(next));
    // With the other form the fields are there a moment later.
    requestAnimationFrame(() => focus({ ...last, word: last.word + 1 }));
  };
  const key = (at: Place, event: KeyPress) => {
    const isLast = at.sheet === kit.sheets.length - 1 && at.word === kit.sheets[at.sheet]?.words.length;
    if (event.key !== ' ' && (event.key !== 'Enter' || isLast)) {
      // Escape is the dialog's.
      event.continuePropagation();
      return;
    }
    event.preventDefault();
    if (!isLast) focus({ ...at, word: at.word + 1 });
  };
  const left = (at: Place) => {
    const wrong = typed.misspeltPlaces(kit).find((one) => typed.samePlace(one, at));
    const isNamed = named.some((one) => typed.samePlace(one, at));
    if (wrong !== undefined && !isNamed) setNamed([...named, wrong]);
  };
  useEffect(() => {
    latest.current = { put, paste, key, left };
  });
  const submit = () => {
    const gaps = typed.missingPlaces(kit);
    const wrong = typed.misspeltPlaces(kit);
    setMissing(gaps);
    setNamed(wrong);
    setRefused(wrong.length > 0);
    const first = gaps[0] ?? wrong[0];
    if (first === undefined) check.run();
    else focus(first);
  };

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
        <RadioGroup
          className="choices"
          value={kit.held}
          onChange={(chosen) => begin(typed.emptyKit(chosen === 'shares' ? 'shares' : 'words'))}
        >
          <Label>{t('check.held')}</Label>
          <Choice value="words" text={t('check.heldWords')} />
          <Choice value="shares" text={t('check.heldShares')} />
        </RadioGroup>
        <p>{kit.held === 'words' ? t('check.intro') : t('check.introShares')}</p>
        {kit.sheets.map(({ mark, words }, sheet) => {
          const isShare = kit.held === 'shares';
          const grid = (
            <div className="word-grid" translate="no">
              {words.map((word, index) => {
                const at = { sheet, word: index + 1 };
                return (
                  <WordField
                    key={index}
                    sheet={sheet}
                    place={index + 1}
                    isShare={isShare}
                    word={word}
                    misspelt={named.find((one) => typed.samePlace(one, at))}
                    isMissing={missing.some((one) => typed.samePlace(one, at))}
                    hands={hands}
                  />
                );
              })}
            </div>
          );
          if (!isShare) return <div key="words">{grid}</div>;
          return (
            <fieldset key={sheet} className="share-fields">
              <legend>{t('check.share', { number: sheet + 1 })}</legend>
              <TextField
                className="field"
                value={mark}
                onChange={(text) => take(typed.putMark(kit, sheet, text))}
                onPaste={(event) => {
                  event.preventDefault();
                  take(typed.putMark(kit, sheet, event.clipboardData.getData('text')));
                }}
                autoComplete="off"
                autoCorrect="off"
                spellCheck="false"
              >
                <Label>{t('check.mark', { number: sheet + 1 })}</Label>
                <Input className="typed" autoCapitalize="none" />
              </TextField>
              {grid}
            </fieldset>
          );
        })}
        {missing.length === 0 ? null : (
          <div className="note" data-tone="attention" role="alert">
            <TriangleAlert />
            <p className="note-message">
              {kit.held === 'words'
                ? t('check.missing', {
                    count: missing.length,
                    list: format.list(missing.map(({ word }) => String(word))),
                  })
                : t('check.missingShares', {
                    count: missing.length,
                    formatted: format.count(missing.length),
                  })}
            </p>
          </div>
        )}
        {missing.length > 0 ? null : named.length > 0 && isRefused ? (
          <ErrorNote report={misspeltReport} />
        ) : (
          <ActionError state={named.length === 0 ? check.state : { tag: 'idle' }} />
        )}
        <p className="muted">{t('check.privacy')}</p>
        <DialogButtons>
          <Button
            look="quiet"
            onPress={() => {
              begin(typed.emptyKit(kit.held));
              focus({ sheet: 0, word: 1 });
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

type KeyPress = Parameters<NonNullable<TextFieldProps['onKeyDown']>>[0];

interface FieldHands {
  readonly put: (at: Place, text: string) => void;
  readonly paste: (at: Place, event: ClipboardEvent) => void;
  readonly key: (at: Place, event: KeyPress) => void;
  readonly left: (at: Place) => void;
}

const ignore = () => undefined;

const WordField = memo(function WordField({
  sheet,
  place,
  isShare,
  word,
  misspelt,
  isMissing,
  hands,
}: {
  readonly sheet: number;
  readonly place: number;
  readonly isShare: boolean;
  readonly word: string;
  readonly misspelt: Misspelt | undefined;
  readonly isMissing: boolean;
  readonly hands: FieldHands;
}): ReactElement {
  const { t } = useTranslation();
  const at = { sheet, word: place };
  return (
    <TextField
      className="word-field"
      value={word}
      onChange={(text) => hands.put(at, text)}
      onPaste={(event) => hands.paste(at, event)}
      onKeyDown={(event) => hands.key(at, event)}
      onBlur={() => hands.left(at)}
      isInvalid={misspelt !== undefined || isMissing}
      autoComplete="off"
      autoCorrect="off"
      spellCheck="false"
      autoFocus={sheet === 0 && place === 1}
    >
      <Label className="word-number">
        <span className="visually-hidden">
          {isShare
            ? t('check.shareWord', { share: sheet + 1, number: place })
            : t('check.word', { number: place })}
        </span>
        <span aria-hidden="true">{place}</span>
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

import { memo, useEffect, useRef, useState } from 'react';
import type { ReactElement } from 'react';
import { Form, Input, Label, SearchField, Text } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import type { Found } from '../../../shared/contract-home.ts';
import { useFormat } from '../../i18n/format.ts';
import { useAction, useIsLive } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { ActionError } from '../../ui/error-note.tsx';
import { StudyIcon } from '../../ui/icons.tsx';
import { StudyList } from '../home/study-list.tsx';

/** As the contract has it. */
const longestText = 200;

/**
 * Search by name or number. What is found shows initials, as everywhere; names take a reveal. What was typed is gone with
 * the results, and when the page goes out of sight.
 */
export const SearchBox = memo(function SearchBox({
  onShown,
}: {
  readonly onShown: (isShown: boolean) => void;
}): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  const [text, setText] = useState('');
  const [found, setFound] = useState<Found | undefined>(undefined);
  const asked = useRef('');
  const find = useAction(async (client, before: number | null) => {
    const page = await client.home.find({ text: asked.current, before });
    setFound((last) =>
      before === null || last === undefined ? page : { ...page, studies: [...last.studies, ...page.studies] },
    );
    onShown(true);
  });

  const clear = () => {
    asked.current = '';
    setText('');
    setFound(undefined);
    onShown(false);
    find.reset();
  };
  const latest = useRef(clear);
  useEffect(() => {
    latest.current = clear;
  });
  useEffect(() => {
    const hide = () => {
      if (document.visibilityState === 'hidden') latest.current();
    };
    document.addEventListener('visibilitychange', hide);
    return () => document.removeEventListener('visibilitychange', hide);
  }, []);

  return (
    <div className="search">
      <Form
        className="search-form"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() === '' || !isLive) return;
          asked.current = text.trim().slice(0, longestText);
          find.run(null);
        }}
      >
        <SearchField
          className="field search-field"
          value={text}
          onChange={setText}
          onClear={clear}
          maxLength={longestText}
          spellCheck="false"
          autoComplete="off"
        >
          <Label>{t('search.label')}</Label>
          <Input type="text" className="search-input" translate="no" />
          <Text slot="description" className="muted">
            {t('search.help')}
          </Text>
        </SearchField>
        <Button type="submit" isDisabled={!isLive} isPending={find.state.tag === 'busy'}>
          {t('search.find')}
        </Button>
      </Form>
      <ActionError state={find.state} />
      {found === undefined ? null : (
        <Results
          found={found}
          isBusy={find.state.tag === 'busy'}
          onMore={() => find.run(found.next)}
          onClear={clear}
        />
      )}
    </div>
  );
});

function Results({
  found,
  isBusy,
  onMore,
  onClear,
}: {
  readonly found: Found;
  readonly isBusy: boolean;
  readonly onMore: () => void;
  readonly onClear: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const { studies, next, isIndexing } = found;
  const formatted = format.count(studies.length);
  const counted =
    next === null
      ? t('search.found', { count: studies.length, formatted })
      : t('search.foundMore', { formatted });
  return (
    <div className="search-results">
      <div className="search-head">
        <p className="strong" role="status">
          {studies.length === 0 ? t('search.nothing') : counted}
        </p>
        <Button look="quiet" onPress={onClear}>
          {t('search.clear')}
        </Button>
      </div>
      {isIndexing ? <p className="muted">{t('search.indexing')}</p> : null}
      {studies.length === 0 ? (
        <div className="empty">
          <StudyIcon className="empty-icon" />
          <p className="muted">{t('search.nothingText')}</p>
        </div>
      ) : (
        <StudyList studies={studies} />
      )}
      {next === null ? null : (
        <Button onPress={onMore} isPending={isBusy}>
          {t('search.more')}
        </Button>
      )}
    </div>
  );
}

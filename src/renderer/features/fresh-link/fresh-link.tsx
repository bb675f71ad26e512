import type { ReactElement } from 'react';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { LinkIcon } from '../../ui/icons.tsx';
import { showInTab } from '../headline/tab.ts';

/** The whole page, when its session is over: why, and the two ways to a new link. */
export function FreshLink(): ReactElement {
  const { t } = useTranslation();
  const title = t('freshLink.title');
  useEffect(() => {
    showInTab(t('pageTitle', { headline: title }), 'unknown');
  }, [t, title]);
  return (
    <section className="whole-page" id="state" tabIndex={-1} aria-labelledby="fresh-link-title">
      <LinkIcon className="whole-page-icon" />
      <h1 id="fresh-link-title">{title}</h1>
      <p>{t('freshLink.text')}</p>
      <ol className="points">
        <li>{t('freshLink.appStep')}</li>
        <li>
          {t('freshLink.cliStep')}
          <pre translate="no">edge-sync status --link</pre>
        </li>
      </ol>
      <p className="muted">{t('freshLink.safe')}</p>
    </section>
  );
}

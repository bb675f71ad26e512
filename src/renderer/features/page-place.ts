import { useEffect } from 'react';
import { useShownStudy } from './study/study-context.ts';
import { useViews } from './view-context.ts';

/** Id of the panel of failures, and the fragment of the address that leads there (a notification of the app does). */
export const failuresPlace = 'failures';

/** Follows the address to a place of the page, and clears it, so that the next call leads there again. */
export function usePagePlace(): void {
  const { show } = useViews();
  const { close } = useShownStudy();
  useEffect(() => {
    const follow = (): void => {
      if (window.location.hash !== `#${failuresPlace}`) return;
      window.history.replaceState(null, '', window.location.pathname);
      close();
      show('overview', failuresPlace);
    };
    follow();
    window.addEventListener('hashchange', follow);
    return () => window.removeEventListener('hashchange', follow);
  }, [show, close]);
}

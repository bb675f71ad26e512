import { useLayoutEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { assertNever } from '../../shared/assert-never.ts';
import type { PathPurpose } from '../../shared/path-choice.ts';
import { pathChooser } from '../transport/path-chooser.ts';

interface PathChoosing {
  /** undefined in a browser, which has no dialog that tells a path. */
  readonly choose: ((purpose: PathPurpose) => void) | undefined;
  readonly isChoosing: boolean;
  /** Why nothing was taken over, in words. */
  readonly trouble: string | undefined;
  readonly forget: () => void;
}

/** Opens the desktop's own dialog, where there is one; `onChosen` gets the path, and nothing happens on a cancel. */
export function usePathChoice(onChosen: (path: string) => void): PathChoosing {
  const { t } = useTranslation();
  const [isChoosing, setChoosing] = useState(false);
  const [trouble, setTrouble] = useState<'unusable' | 'failed' | undefined>(undefined);
  const isOpen = useRef(false);
  // The field may have changed while the dialog stood open.
  const take = useRef(onChosen);
  useLayoutEffect(() => {
    take.current = onChosen;
  });
  const ask = pathChooser(window.edgeSync);
  const choose =
    ask === undefined
      ? undefined
      : (purpose: PathPurpose): void => {
          if (isOpen.current) return;
          isOpen.current = true;
          setChoosing(true);
          setTrouble(undefined);
          void ask(purpose).then((choice) => {
            isOpen.current = false;
            setChoosing(false);
            switch (choice.tag) {
              case 'chosen':
                return take.current(choice.path);
              case 'cancelled':
                return;
              case 'unusable':
              case 'failed':
                return setTrouble(choice.tag);
              default:
                return assertNever(choice);
            }
          });
        };
  return {
    choose,
    isChoosing,
    trouble: trouble === undefined ? undefined : t(`pathChoice.${trouble}`),
    forget: () => setTrouble(undefined),
  };
}

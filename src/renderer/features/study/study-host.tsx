import { useCallback, useMemo, useState } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { focusSoon } from '../view-context.ts';
import { openerId, StudyContext } from './study-context.ts';

/** Held above the page: a row leads to its study, and back. */
export function StudyHost({ children }: { readonly children: ReactNode }): ReactElement {
  const [studyId, setStudyId] = useState<string | undefined>(undefined);
  const open = useCallback((id: string) => setStudyId(id), []);
  const close = useCallback(() => {
    if (studyId !== undefined) focusSoon(openerId(studyId));
    setStudyId(undefined);
  }, [studyId]);
  const value = useMemo(() => ({ studyId, open, close }), [studyId, open, close]);
  return <StudyContext value={value}>{children}</StudyContext>;
}

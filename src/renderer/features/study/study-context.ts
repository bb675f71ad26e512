import { createContext, useContext } from 'react';

/** Which study is shown in full; undefined: the page as usual. */
export interface ShownStudy {
  readonly studyId: string | undefined;
  readonly open: (studyId: string) => void;
  /** Back to the page, with the focus on the button that led here. */
  readonly close: () => void;
}

export const StudyContext = createContext<ShownStudy>({
  studyId: undefined,
  open: () => undefined,
  close: () => undefined,
});

export function useShownStudy(): ShownStudy {
  return useContext(StudyContext);
}

/** Of the button of a row that leads to its study. */
export function openerId(studyId: string): string {
  return `open-study-${studyId}`;
}

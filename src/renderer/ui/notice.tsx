import { createContext, useCallback, useContext, useEffect, useState } from 'react';
import type { ReactElement, ReactNode } from 'react';

const NoticeContext = createContext<(text: string) => void>(() => undefined);

/** Long enough to read two lines; nothing is said here only, the lists show the outcome too. */
const noticeMs = 8_000;

/** Says shortly what a press has done, to eyes and screen readers. */
export function useNotice(): (text: string) => void {
  return useContext(NoticeContext);
}

export function NoticeArea({ children }: { readonly children: ReactNode }): ReactElement {
  const [notice, setNotice] = useState<{ readonly text: string } | undefined>(undefined);
  useEffect(() => {
    if (notice === undefined) return;
    const timer = setTimeout(() => setNotice(undefined), noticeMs);
    return () => clearTimeout(timer);
  }, [notice]);
  const say = useCallback((text: string) => setNotice({ text }), []);
  return (
    <NoticeContext value={say}>
      {children}
      <div className="notice-area" role="status">
        {notice === undefined ? null : <p className="notice">{notice.text}</p>}
      </div>
    </NoticeContext>
  );
}

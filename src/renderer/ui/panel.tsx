import { useId } from 'react';
import type { ReactElement, ReactNode } from 'react';

interface PanelProps {
  readonly title: string;
  readonly icon: ReactNode;
  /** Beside the title: a count, a state, a button. */
  readonly aside?: ReactNode;
  readonly className?: string;
  readonly children: ReactNode;
}

export function Panel({ title, icon, aside, className = '', children }: PanelProps): ReactElement {
  const titleId = useId();
  return (
    <section className={`panel ${className}`} aria-labelledby={titleId}>
      <header className="panel-head">
        <h2 id={titleId} className="panel-title">
          {icon}
          {title}
        </h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

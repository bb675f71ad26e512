import { useId } from 'react';
import type { ReactElement, ReactNode } from 'react';

interface PanelProps {
  readonly title: string;
  readonly icon: ReactNode;
  /** Beside the title: a count, a state, a button. */
  readonly aside?: ReactNode;
  readonly className?: string;
  /** Makes the panel a place that focus can be put on. */
  readonly id?: string;
  readonly children: ReactNode;
}

export function Panel({ title, icon, aside, className = '', id, children }: PanelProps): ReactElement {
  const titleId = useId();
  return (
    <section
      className={`panel ${className}`}
      aria-labelledby={titleId}
      {...(id === undefined ? {} : { id, tabIndex: -1 })}
    >
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

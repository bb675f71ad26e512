import { useCallback, useEffect, useId, useRef, useState } from 'react';
import type { KeyboardEvent, ReactElement, ReactNode } from 'react';

interface VirtualListProps {
  readonly label: string;
  readonly count: number;
  readonly rowHeight: number;
  readonly selected: number;
  readonly onSelect: (index: number) => void;
  /** The rows in sight, a few more on each side. */
  readonly onRange: (first: number, last: number) => void;
  readonly row: (index: number) => ReactNode;
}

const beyond = 6;

/**
 * A list box of any length: only the rows in sight are in the document (ARIA: aria-posinset, aria-setsize). Arrows, Page
 * Up and Down, Home and End choose.
 */
export function VirtualList(props: VirtualListProps): ReactElement {
  const { label, count, rowHeight, selected, onSelect, onRange, row } = props;
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const [range, setRange] = useState({ first: 0, last: Math.min(count, 20) - 1 });

  const look = useCallback(() => {
    const { current } = box;
    if (current === null) return;
    const first = Math.max(0, Math.floor(current.scrollTop / rowHeight) - beyond);
    const last = Math.min(
      count - 1,
      Math.ceil((current.scrollTop + current.clientHeight) / rowHeight) + beyond,
    );
    setRange((before) => (before.first === first && before.last === last ? before : { first, last }));
  }, [count, rowHeight]);

  useEffect(() => {
    look();
    const { current } = box;
    if (current === null) return;
    const observer = new ResizeObserver(look);
    observer.observe(current);
    return () => observer.disconnect();
  }, [look]);
  useEffect(() => onRange(range.first, range.last), [onRange, range]);
  useEffect(() => {
    const { current } = box;
    if (current === null) return;
    const top = selected * rowHeight;
    if (top < current.scrollTop) current.scrollTop = top;
    else if (top + rowHeight > current.scrollTop + current.clientHeight)
      current.scrollTop = top + rowHeight - current.clientHeight;
  }, [selected, rowHeight]);

  const onKeyDown = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? rowHeight) / rowHeight) - 1);
    const next = {
      ArrowDown: selected + 1,
      ArrowUp: selected - 1,
      PageDown: selected + page,
      PageUp: selected - page,
      Home: 0,
      End: count - 1,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    onSelect(Math.min(count - 1, Math.max(0, next)));
  };

  const shown = Array.from(
    { length: Math.max(0, range.last - range.first + 1) },
    (_, at) => range.first + at,
  );
  // Named by the list even when it is scrolled out of sight.
  const indexes = shown.includes(selected) || selected >= count ? shown : [...shown, selected];
  return (
    <div
      ref={box}
      className="virtual-list"
      role="listbox"
      tabIndex={0}
      aria-label={label}
      aria-activedescendant={count === 0 ? undefined : `${id}-${selected}`}
      onScroll={look}
      onKeyDown={onKeyDown}
    >
      <div role="presentation" style={{ position: 'relative', blockSize: count * rowHeight }}>
        {indexes.map((index) => (
          <div
            key={index}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === selected}
            aria-posinset={index + 1}
            aria-setsize={count}
            className="virtual-row"
            style={{ insetBlockStart: index * rowHeight, blockSize: rowHeight }}
            onClick={() => onSelect(index)}
          >
            {row(index)}
          </div>
        ))}
      </div>
    </div>
  );
}

import { useEffect, useRef, useState } from 'react';
import { browserTimers } from './timers.ts';

/** A value that follows another one, at most once in `everyMs`: for questions that need not be asked with every delta. */
export function useCalm<Value extends string | number>(value: Value, everyMs: number): Value {
  const [calm, setCalm] = useState(value);
  const latest = useRef(value);
  const waits = useRef(false);
  const cancel = useRef<() => void>(() => undefined);
  useEffect(() => {
    latest.current = value;
    if (value === calm || waits.current) return;
    waits.current = true;
    cancel.current = browserTimers.after(everyMs, () => {
      waits.current = false;
      setCalm(latest.current);
    });
  }, [value, calm, everyMs]);
  useEffect(
    () => () => {
      cancel.current();
      waits.current = false;
    },
    [],
  );
  return calm;
}

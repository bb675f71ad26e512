import { useCallback, useMemo } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { useAsked } from '../../state/asked.ts';
import { useAgentView } from '../../state/engine-context.ts';
import { useNowMs } from '../../state/now.ts';
import type { EngineClient } from '../../transport/transport.ts';
import { useViews } from '../view-context.ts';
import { AccessContext } from './access-context.ts';
import type { Access, AccessLists } from './access-context.ts';

/** Certificates have no revision in the feed, and days pass: they are asked for again this often. */
const certificatesEveryMs = 60_000;

async function askLists({ devices }: EngineClient): Promise<AccessLists> {
  const [paired, callers, classes, connection, addresses] = await Promise.all([
    devices.list(),
    devices.callers(),
    devices.observedClasses(),
    devices.connection(),
    devices.addresses(),
  ]);
  return { devices: paired, callers, classes, connection, addresses };
}

/** Asks only while the devices screen is shown, and again whenever the feed says that something has changed. */
export function AccessHost({ children }: { readonly children: ReactNode }): ReactElement {
  const { view } = useViews();
  const { agent } = useAgentView();
  const nowMs = useNowMs();
  const status = agent?.status;
  const isShown = view === 'devices' && status !== undefined;
  const revision = status?.access?.revision ?? 0;
  const up = status?.listener.up === true ? 'up' : 'down';
  const { asked: lists, again: listsAgain } = useAsked(
    isShown ? `${revision} ${up} ${status.listener.host}` : null,
    askLists,
  );
  const { asked: certificates, again: certificatesAgain } = useAsked(
    isShown ? `${revision} ${Math.floor(nowMs / certificatesEveryMs)}` : null,
    async (client) => (await client.certificates.list()).certificates,
  );
  const again = useCallback(() => {
    listsAgain();
    certificatesAgain();
  }, [listsAgain, certificatesAgain]);
  const value = useMemo((): Access => ({ lists, certificates, again }), [lists, certificates, again]);
  return <AccessContext value={value}>{children}</AccessContext>;
}

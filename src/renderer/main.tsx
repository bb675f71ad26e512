import './zod-without-eval.ts';
import './styles/index.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { startTranslation } from './i18n/i18n.ts';
import { apply, preferences } from './preferences/preferences.ts';
import { AgentStore } from './state/agent-store.ts';
import { browserTimers } from './state/timers.ts';
import { connect } from './transport/transport.ts';

// First of all: the one-time token leaves the address bar before anything can read or keep it.
const store = new AgentStore(connect(), browserTimers);
apply(preferences());
// Styles take every colour of "good" away unless this says live; the dialogs stand outside the page's own element.
const markConnection = () => {
  document.documentElement.dataset['connection'] = store.view().connection.tag;
};
store.subscribe(markConnection);
markConnection();
store.start();

// A PC that slept, a tab brought back: how old the figures are is asked before anybody looks at them.
document.addEventListener('visibilitychange', store.checkFreshness);
window.addEventListener('focus', store.checkFreshness);
window.addEventListener('pageshow', store.checkFreshness);

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no root');
await startTranslation();
createRoot(root).render(
  <StrictMode>
    <App store={store} />
  </StrictMode>,
);

/** The viewer of shared studies: one HTML file without a server (docs/viewer.md). */
import '../renderer/styles/tokens.css';
import './viewer.css';
import { App } from './ui/app.ts';

const root = document.querySelector<HTMLElement>('#app');
if (root !== null) new App(root);

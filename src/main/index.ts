/** Composition root of the desktop app: Electron's main process. Only wires; what each part does is in shell/. */
import { join, resolve } from 'node:path';
import { app, dialog, Notification, powerMonitor, powerSaveBlocker, session } from 'electron';
import { assertNever } from '../shared/assert-never.ts';
import type { PauseRequest } from '../shared/contract-upload.ts';
import { reportFor, toEdgeSyncError } from '../shared/errors.ts';
import { defaultDataDir } from './cli/installation.ts';
import { SystemClock } from './engine/system/clock.ts';
import { createLogger } from './engine/system/logger.ts';
import { createEngineClient } from './rpc/client.ts';
import { parseShellOptions } from './shell/command-line.ts';
import { setAppMenu } from './shell/desk/app-menu.ts';
import { DeskTray } from './shell/desk/desk-tray.ts';
import { DeskWindow } from './shell/desk/desk-window.ts';
import { Incidents } from './shell/desk/incidents.ts';
import { LoginStart } from './shell/desk/login-start.ts';
import { StayAwake } from './shell/desk/stay-awake.ts';
import { textsFor } from './shell/desk/texts.ts';
import type { TrayAction } from './shell/desk/tray-view.ts';
import { EngineLink } from './shell/engine/engine-link.ts';
import { EngineSupervisor, type EngineState } from './shell/engine/engine-supervisor.ts';
import { inNode, inUtilityProcess, type EngineProgram } from './shell/engine/launch.ts';
import { LogFile } from './shell/log-file.ts';
import { createForwardRouter } from './shell/page/forward-router.ts';
import { PageBridge } from './shell/page/page-bridge.ts';
import { pageUrl } from './shell/page/page-files.ts';
import { denyNavigation, denyPermissions } from './shell/page/page-guards.ts';
import { claimPageOrigin, servePage } from './shell/page/page-protocol.ts';
import { Quit } from './shell/quit.ts';
import { version } from './version.ts';

/** The engine finishes the block that is under way; an object starts again from its last block. */
const drainWithinMs = 30_000;

const root = resolve(import.meta.dirname, '..', '..');
const options = parseShellOptions(process.argv.slice(1));
const dataDir = resolve(options.dataDir ?? defaultDataDir());

// One profile, and so one instance, per data folder.
app.setPath('userData', join(dataDir, 'shell'));
app.setName('Edge Sync');
const pageOrigin = claimPageOrigin();

if (app.requestSingleInstanceLock()) {
  void app.whenReady().then(startApp);
} else {
  app.exit(0);
}

function startApp(): void {
  const logFile = new LogFile(join(dataDir, 'logs', 'app.log'));
  const writeLog = (chunk: Uint8Array | string): void => {
    logFile.write(chunk);
    if (!app.isPackaged) process.stderr.write(chunk);
  };
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const logger = createLogger('info', { write: writeLog }).child('shell');
  // The engine lives as long as this process: going on after a fault of the desk keeps receiving up.
  process.on('uncaughtException', (error) => logger.error('shell-fault', {}, error));
  process.on('unhandledRejection', (error) => logger.error('shell-fault', {}, error));

  const clock = new SystemClock();
  const texts = textsFor(app.getLocale());
  const client = createEngineClient({ dataDir });

  // Engine: process, then what it says.
  const program: EngineProgram = {
    file: join(root, 'dist', 'main', 'engine-process.js'),
    args: ['serve', '--data-dir', dataDir, ...options.engineArgs],
    logSink: writeLog,
  };
  const engineNode = app.isPackaged ? undefined : process.env['EDGE_SYNC_ENGINE_NODE'];
  const supervisor = new EngineSupervisor({
    launch: engineNode === undefined ? inUtilityProcess(program) : inNode(engineNode, program),
    clock,
    logger,
    onState: (state) => followEngine(link, state),
  });
  const link: EngineLink = new EngineLink({
    client,
    clock,
    logger,
    version,
    onHung: () => supervisor.replaceHung(),
  });

  // Page.
  const pageSession = session.fromPath(join(dataDir, 'shell', 'page'));
  servePage(pageSession, pageOrigin, join(root, 'dist', 'renderer'));
  denyPermissions(pageSession);
  denyNavigation(app, pageOrigin, (what) => logger.warn('page-refused', { reason: what }));
  const window = new DeskWindow({
    url: pageUrl(pageOrigin),
    session: pageSession,
    preload: join(root, 'dist', 'preload', 'index.cjs'),
    icon: join(root, 'assets', 'icon.png'),
    stateFile: join(dataDir, 'shell', 'window.json'),
    logger,
  });
  const router = createForwardRouter({ link, retryEngine: () => supervisor.retryNow() });
  new PageBridge({ router, contents: () => window.contents, origin: pageOrigin, logger }).listen();

  const loginStart = new LoginStart({
    items: app,
    platform: process.platform,
    program: process.env['APPIMAGE'] ?? process.execPath,
    args: options.dataDir === undefined ? [] : ['--data-dir', dataDir],
    configHome: process.env['XDG_CONFIG_HOME'],
    decidedFile: join(dataDir, 'shell', 'login-start.json'),
  });
  /** Runs a change of the login start; a folder that takes no file is no reason to end. */
  const changeLoginStart = (change: () => void): void => {
    try {
      change();
    } catch (error) {
      logger.error('login-start-failed', {}, error);
    }
    showAppMenu();
    tray.show(link.state.status);
  };

  // Desk: tray and notifications follow the same state as the page.
  const tray = new DeskTray({
    iconFolder: join(root, 'assets', 'tray'),
    texts,
    status: link.state.status,
    onAction: (action) => onTrayAction(action),
    startsAtLogin: () => loginStart.isOn,
  });
  const incidents = new Incidents({
    clock,
    texts,
    notify: ({ title, body }) => {
      if (!Notification.isSupported()) return;
      const notification = new Notification({ title, body, icon: join(root, 'assets', 'icon.png') });
      notification.on('click', () => window.show());
      notification.show();
    },
  });
  const awake = new StayAwake(powerSaveBlocker);
  link.subscribe(({ status }) => {
    tray.show(status);
    incidents.take(status);
    awake.follow(link.live ? (status.access?.openAssociations ?? 0) : 0);
  });

  const quit = new Quit({
    status: () => link.state.status,
    confirm: async (pending) => {
      const question = {
        type: 'question' as const,
        title: 'Edge Sync',
        message: texts.quitQuestion(pending),
        detail: texts.quitDetail,
        buttons: [texts.keepRunning, texts.quitAnyway],
        defaultId: 0,
        cancelId: 0,
        noLink: true,
      };
      const parent = window.shown;
      const { response } = await (parent === undefined
        ? dialog.showMessageBox(question)
        : dialog.showMessageBox(parent, question));
      return response === 1;
    },
    stopEngine: () => supervisor.stop(() => client.agent.drain(), drainWithinMs),
    leave: () => {
      incidents.close();
      window.letClose();
      tray.destroy();
      logger.info('app-ended');
      app.exit(0);
    },
  });
  const pauseUploads = (request: PauseRequest): void => {
    void client.uploads.pause(request).catch((error: unknown) => logger.error('pause-failed', {}, error));
  };
  const onTrayAction = (action: TrayAction): void => {
    switch (action) {
      case 'open':
        window.show();
        break;
      case 'retry-all':
        void client.failures
          .retry({ id: null })
          .catch((error: unknown) => logger.error('retry-failed', {}, error));
        break;
      case 'pause-half-hour':
        pauseUploads({ tag: 'for', minutes: 30 });
        break;
      case 'pause-hour':
        pauseUploads({ tag: 'for', minutes: 60 });
        break;
      case 'pause-until-tomorrow':
        pauseUploads({ tag: 'until-tomorrow' });
        break;
      case 'resume-uploads':
        void client.uploads.resume({}).catch((error: unknown) => logger.error('resume-failed', {}, error));
        break;
      case 'start-engine':
        supervisor.retryNow();
        break;
      case 'start-at-login':
        changeLoginStart(() => loginStart.set(!loginStart.isOn));
        break;
      case 'quit':
        void quit.request('person');
        break;
      default:
        assertNever(action);
    }
  };
  const showAppMenu = (): void =>
    setAppMenu(texts, {
      quit: () => void quit.request('person'),
      startsAtLogin: loginStart.isOn,
      startAtLogin: () => onTrayAction('start-at-login'),
    });
  // A developer's checkout is not to start by itself.
  if (app.isPackaged) changeLoginStart(() => loginStart.setOnceByDefault());
  else showAppMenu();

  app.on('before-quit', (event) => {
    event.preventDefault();
    void quit.request('person');
  });
  // Without a listener the app would end with its window.
  app.on('window-all-closed', () => undefined);
  app.on('second-instance', () => window.show());
  app.on('activate', () => window.show());
  const endNow = (): void => void quit.request('system');
  process.on('SIGTERM', endNow);
  process.on('SIGINT', endNow);
  powerMonitor.on('shutdown', (event?: { preventDefault(): void }) => {
    event?.preventDefault();
    endNow();
  });
  // Whatever waits for its next attempt is tried at once: the network is another one than before the sleep.
  powerMonitor.on('resume', () => {
    void link.askNow();
    client.agent
      .wake({ reason: 'resume' })
      .catch((error: unknown) => logger.warn('wake-failed', { code: toEdgeSyncError(error).code }));
  });

  logger.info('app-started', {
    version,
    electron: process.versions.electron,
  });
  supervisor.start();
  if (options.start === 'window') window.show();
  process.stdout.write(`${JSON.stringify({ event: 'app-ready', pid: process.pid })}\n`);
}

function followEngine(link: EngineLink, state: EngineState): void {
  switch (state.tag) {
    case 'starting':
      link.engineDown(state.trouble ?? reportFor('engine-starting'));
      break;
    case 'running':
      link.engineUp();
      break;
    case 'waiting':
      link.engineEnded(state.trouble);
      break;
    case 'stopping':
    case 'stopped':
      link.engineDown(reportFor('engine-stopping'));
      break;
    default:
      assertNever(state);
  }
}

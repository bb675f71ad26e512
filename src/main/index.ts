/** Composition root of the desktop app: Electron's main process. Only wires; what each part does is in shell/. */
import { networkInterfaces } from 'node:os';
import { join, resolve } from 'node:path';
import { app, dialog, ipcMain, net, Notification, powerMonitor, powerSaveBlocker, session } from 'electron';
import { assertNever } from '../shared/assert-never.ts';
import type { PauseRequest } from '../shared/contract-upload.ts';
import { EdgeSyncError, reportFor } from '../shared/errors.ts';
import { defaultDataDir } from './cli/installation.ts';
import { SystemClock } from './engine/system/clock.ts';
import { createLogger } from './engine/system/logger.ts';
import { createEngineClient } from './rpc/client.ts';
import { readRuntime } from './rpc/runtime-file.ts';
import { parseShellOptions } from './shell/command-line.ts';
import { setAppMenu } from './shell/desk/app-menu.ts';
import { DeskTray } from './shell/desk/desk-tray.ts';
import { DeskWindow } from './shell/desk/desk-window.ts';
import { Incidents } from './shell/desk/incidents.ts';
import { LoginStart } from './shell/desk/login-start.ts';
import { StayAwake } from './shell/desk/stay-awake.ts';
import { textsFor } from './shell/desk/texts.ts';
import type { TrayAction } from './shell/desk/tray-view.ts';
import { attachOrLaunch } from './shell/engine/attached-engine.ts';
import { EngineLink } from './shell/engine/engine-link.ts';
import { EngineSupervisor, type EngineState } from './shell/engine/engine-supervisor.ts';
import { findEngine } from './shell/engine/find-engine.ts';
import { inNode, inUtilityProcess, type EngineProgram } from './shell/engine/launch.ts';
import { askMetered } from './shell/engine/metered.ts';
import { NetworkNews } from './shell/engine/network-news.ts';
import { NetworkWatch } from './shell/engine/network-watch.ts';
import { LogFile } from './shell/log-file.ts';
import { createForwardRouter } from './shell/page/forward-router.ts';
import { PageBridge } from './shell/page/page-bridge.ts';
import { pageUrl } from './shell/page/page-files.ts';
import { denyNavigation, denyPermissions } from './shell/page/page-guards.ts';
import { claimPageOrigin, servePage } from './shell/page/page-protocol.ts';
import { PageSaving } from './shell/page/page-saving.ts';
import { PathDialogs } from './shell/page/path-dialogs.ts';
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
  const decoder = { file: join(root, 'dist', 'preview', 'decoder.mjs'), clock, logger };
  const engineNode = app.isPackaged ? undefined : process.env['EDGE_SYNC_ENGINE_NODE'];
  const supervisor = new EngineSupervisor({
    launch: attachOrLaunch({
      find: (signal) => findEngine(dataDir, client, signal),
      launch: engineNode === undefined ? inUtilityProcess(program, decoder) : inNode(engineNode, program),
      clock,
      logger,
    }),
    clock,
    logger,
    onState: (state) => {
      followEngine(link, state);
      if (state.tag === 'running') void news.tellMetered();
    },
  });
  const link: EngineLink = new EngineLink({
    client,
    clock,
    logger,
    version,
    onHung: () => supervisor.replaceHung(),
  });

  const news = new NetworkNews({
    client,
    clock,
    logger,
    ask: () => askMetered(process.platform, process.env),
  });
  const network = new NetworkWatch({
    clock,
    interfaces: networkInterfaces,
    isOnline: () => net.isOnline(),
    onChange: (change) => {
      logger.info('network-changed', { change });
      if (change === 'connected') void news.wake('network');
    },
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
  new PageSaving({
    origin: pageOrigin,
    contents: () => window.contents,
    folder: () => app.getPath('downloads'),
    logger,
    onFailed: () => {
      const told = {
        type: 'error' as const,
        title: 'Edge Sync',
        message: texts.saveFailed,
        detail: texts.saveFailedDetail,
      };
      void (window.shown === undefined
        ? dialog.showMessageBox(told)
        : dialog.showMessageBox(window.shown, told));
    },
  }).guard(pageSession);
  const router = createForwardRouter({ link, retryEngine: () => supervisor.retryNow() });
  new PageBridge({ router, contents: () => window.contents, origin: pageOrigin, logger }).listen();
  new PathDialogs({
    origin: pageOrigin,
    contents: () => window.contents,
    shown: () => window.shown,
    open: (on, choice) => dialog.showOpenDialog(on, choice),
    texts: texts.pathDialogs,
    logger,
  }).listen(ipcMain);

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
    facts: () => ({ startsAtLogin: loginStart.isOn, engineOwner: supervisor.owner }),
  });
  const shownNotices = new Set<Notification>();
  const incidents = new Incidents({
    clock,
    texts,
    isWatched: () => window.isWatched,
    notify: ({ about, title, body }) => {
      if (!Notification.isSupported()) return;
      const notification = new Notification({ title, body, icon: join(root, 'assets', 'icon.png') });
      notification.on('click', () => window.show(about === 'failure' ? 'failures' : undefined));
      // Kept until it is answered: one that nothing refers to can be collected with its click.
      shownNotices.add(notification);
      notification.once('close', () => shownNotices.delete(notification));
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
    goesOn: () => supervisor.owner === 'somebody-else',
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
    stopEngine: () =>
      supervisor.stop(async (pid) => {
        // The socket may be another engine's, which kept ours from starting.
        if ((await readRuntime(dataDir))?.pid !== pid) throw new EdgeSyncError('engine-not-running');
        await client.agent.drain();
      }, drainWithinMs),
    leave: () => {
      network.stop();
      news.stop();
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
  // Nothing is to be done before a sleep: what was answered with Success is on the disk, an upload goes on by its blocks.
  powerMonitor.on('suspend', () => logger.info('pc-sleeps'));
  powerMonitor.on('resume', () => {
    logger.info('pc-woke');
    void link.askNow();
    network.lookNow();
    void news.wake('resume');
  });

  logger.info('app-started', {
    version,
    electron: process.versions.electron,
  });
  supervisor.start();
  network.start();
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

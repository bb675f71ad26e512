import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EdgeSyncError, toEdgeSyncError } from '../../../shared/errors.ts';
import { WebSessions } from '../../engine/access/web-sessions.ts';
import type { EngineOptions } from '../../engine/engine.ts';
import { keepSecretsOutOfCrashes } from '../../engine/system/core-dumps.ts';
import { createLogger } from '../../engine/system/logger.ts';
import { LocalSocket } from '../../rpc/local-socket.ts';
import { createRouter } from '../../rpc/router.ts';
import { WebPage } from '../../rpc/web-page.ts';
import { EngineHost } from '../engine-host.ts';
import { engineOptions } from '../engine-options.ts';
import { exitCode } from '../exit-codes.ts';
import { openInstallation, type InstallationOptions } from '../installation.ts';
import { errorLine, type Output } from '../output.ts';

/** The built page stands beside the bundle: dist/main/cli.js, dist/renderer/. */
const pageDir = fileURLToPath(new URL('../renderer/', import.meta.url));

/** Parts that are open and how to close them, last opened first. */
type Opened = { readonly close: () => Promise<void> };

/** What the process that `serve` runs in gives to the engine. */
export type ServeHost = Pick<EngineOptions, 'startDecoder'>;

/**
 * `edge-sync serve`: the engine with its local socket and, on wish, the page. Prints the ready line when it can
 * receive, then runs until SIGTERM, SIGINT or `agent.drain`; a failure at start prints a `failed` line.
 */
export async function runServe(
  options: InstallationOptions & { readonly web?: string },
  environment: NodeJS.ProcessEnv,
  output: Output,
  host: ServeHost,
): Promise<number> {
  const opened: Opened[] = [];
  try {
    const webPort = options.web === undefined ? undefined : portOf(options.web);
    const installation = await openInstallation(options, environment);
    const parts = engineOptions(installation, installation.settings.log.level);
    const { logger, clock, random } = parts;
    keepSecretsOutOfCrashes(logger);
    const ended = endSignal();

    const engine = await EngineHost.open(
      { ...parts, ...host, configFile: installation.configFile },
      environment,
    );
    opened.unshift({ close: () => engine.stop() });
    const sessions = new WebSessions(clock, random);
    const router = createRouter(engine.service, logger.child('rpc'));
    let page: WebPage | undefined;
    const link = (): string | null => page?.link() ?? null;
    if (webPort !== undefined) {
      if (!existsSync(pageDir))
        throw new EdgeSyncError('internal', 'the page is not built; run `npm run build`');
      page = await WebPage.listen({ port: webPort, pageDir, router, sessions, audit: engine.audit, clock });
      opened.unshift({ close: () => page?.close() ?? Promise.resolve() });
    }
    const listener = await engine.start();
    const socket = await LocalSocket.listen({
      dataDir: installation.dataDir,
      router,
      context: { link },
      random,
      clock,
    });
    opened.unshift({ close: () => socket.close() });

    output.out(
      JSON.stringify({
        event: 'ready',
        dicom: {
          host: listener.host,
          port: listener.port,
          tlsPort: listener.tlsPort,
          aet: listener.aeTitle,
        },
        web: link(),
        pid: process.pid,
      }),
    );
    await Promise.race([ended, engine.drained]);
    await closeAll(opened);
    return exitCode.ok;
  } catch (error) {
    const known = toEdgeSyncError(error);
    if (known.code === 'internal') createLogger('error').error('engine-not-started', {}, error);
    output.out(JSON.stringify({ event: 'failed', ...known.report }));
    await closeAll(opened).catch((closing: unknown) => output.err(errorLine(toEdgeSyncError(closing))));
    throw error;
  }
}

async function closeAll(opened: Opened[]): Promise<void> {
  for (let part = opened.shift(); part !== undefined; part = opened.shift()) await part.close();
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once (nothing acknowledged is lost by it). */
function endSignal(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const ask = (): void => {
      if (asked) process.exit(exitCode.failed);
      asked = true;
      resolve();
    };
    process.on('SIGTERM', ask);
    process.on('SIGINT', ask);
  });
}

function portOf(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535 || text.trim() === '') {
    throw new EdgeSyncError('usage', '--web takes a port from 0 to 65535');
  }
  return port;
}

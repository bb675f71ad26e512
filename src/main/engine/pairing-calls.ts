/** The contract's `pairing` on an engine: what was seen of devices, this PC's own test of its ports, our echo to a device. */
import type { X509Certificate } from 'node:crypto';
import { EdgeSyncError, toEdgeSyncError } from '../../shared/errors.ts';
import type { Diagnosis, EchoTarget, PairingState, SelfTest } from '../../shared/pairing.ts';
import { aeTitleSchema } from '../../shared/settings.ts';
import { DeviceCalls, type DeviceCallsDeps } from './device-calls.ts';
import type { Certificates } from './certificates/certificates.ts';
import { diagnose, previousHost } from './devices/diagnosis.ts';
import type { VisitLog } from './devices/visit-log.ts';
import type { EngineOptions } from './engine.ts';
import type { Actor } from './engine-service.ts';
import type { AuditTrail, Clock, Logger, NetworkInterfaces } from './ports.ts';
import type { ListenAddresses } from './queue/listen-addresses.ts';
import type { Queue } from './queue/queue.ts';
import { echo } from './send/echo.ts';
import { type OpenConnection, plainConnection } from './send/requestor.ts';
import { type ExpectedPeer, tlsConnection } from './send/tls-connection.ts';
import { isLoopback, plainAddress } from './system/ip-address.ts';

/** A person sees no more than this anyway, and receiving must not pay for a window. */
const throttleMs = 250;
/** Interfaces come and go without telling; and a page that hears nothing for long does not trust what it shows. */
const tickMs = 5_000;
/** On one PC a port answers at once or not at all. */
const selfTestMs = 3_000;
const mostCallers = 20;
/** Of the latest: the whole state goes out at every change, and a stranger decides how much it proposes. */
const mostShownVisits = 20;

export interface PairingService {
  watch(signal: AbortSignal): AsyncIterable<PairingState>;
  diagnose(): Promise<Diagnosis>;
  echo(target: EchoTarget, actor: Actor, signal?: AbortSignal): Promise<{ readonly roundTripMs: number }>;
}

export interface PairingCallsDeps extends DeviceCallsDeps {
  readonly visits: VisitLog;
  readonly certificates: Pick<Certificates, 'identities' | 'trusted' | 'isRevoked'>;
  readonly audit: AuditTrail;
  readonly queue: Pick<Queue, 'listenAddresses'>;
  readonly options: Pick<EngineOptions, 'settings' | 'clock'>;
}

export class PairingCalls implements PairingService {
  readonly #deps: PairingCallsDeps;
  readonly #devices: DeviceCalls;

  constructor(deps: PairingCallsDeps) {
    this.#deps = deps;
    this.#devices = new DeviceCalls(deps);
  }

  async *watch(signal: AbortSignal): AsyncGenerator<PairingState, void, undefined> {
    const { visits } = this.#deps;
    const { clock } = this.#deps.options;
    const news = new News();
    const stop = visits.onChange(() => news.tell());
    try {
      let last = '';
      while (!signal.aborted) {
        const state = this.#state();
        const text = JSON.stringify(state);
        if (text !== last) yield state;
        last = text;
        await clock.sleep(throttleMs, signal).catch(() => undefined);
        await news.wait(clock, tickMs, signal);
      }
    } finally {
      stop();
    }
  }

  async diagnose(): Promise<Diagnosis> {
    const connection = this.#devices.connection();
    const selfTests = await this.#selfTests();
    const visits = [...this.#deps.visits.list()];
    return {
      connection,
      selfTests: [...selfTests],
      visits,
      findings: [
        ...diagnose({
          connection,
          visits,
          previousHost: previousHost(
            connection.host,
            this.#deps.queue.listenAddresses.list(),
            this.#devices.list(),
          ),
          selfTests,
          isOwnAddress: ownAddresses(this.#deps.interfaces),
        }),
      ],
      platform: platformOf(process.platform),
    };
  }

  async echo(
    target: EchoTarget,
    actor: Actor,
    signal?: AbortSignal,
  ): Promise<{ readonly roundTripMs: number }> {
    const { options, audit } = this.#deps;
    const { settings, clock } = options;
    const calledAe = aeTitleSchema.safeParse(target.aeTitle);
    if (!calledAe.success) throw new EdgeSyncError('usage', calledAe.error.issues[0]?.message ?? 'AE title');
    const subject = target.deviceId ?? target.aeTitle;
    try {
      const answer = await echo({
        host: target.host,
        port: target.port,
        calledAe: calledAe.data,
        callingAe: settings.dicom.aeTitle,
        clock,
        openConnection: target.channel === 'tls' ? this.#tls(target) : plainConnection(clock),
        ...(signal === undefined ? {} : { signal }),
      });
      audit.record({ action: 'device-tested', actor, subject, outcome: 'success' });
      return answer;
    } catch (error) {
      audit.record({ action: 'device-tested', actor, subject, outcome: 'failure' });
      throw error;
    }
  }

  #state(): PairingState {
    const { visits, interfaces, devices } = this.#deps;
    const connection = this.#devices.connection();
    const seen = visits.list().slice(0, mostShownVisits);
    return {
      connection,
      addresses: [...this.#devices.addresses()],
      visits: seen,
      callers: this.#devices
        .callers()
        .filter(({ dismissed }) => !dismissed)
        .slice(0, mostCallers),
      findings: [
        ...diagnose({
          connection,
          visits: seen,
          previousHost: previousHost(
            connection.host,
            this.#deps.queue.listenAddresses.list(),
            this.#devices.list(),
          ),
          selfTests: [],
          isOwnAddress: ownAddresses(interfaces),
        }),
      ],
      revision: devices.facts.revision,
    };
  }

  /** From the address that devices use, as they would; nothing is said on it, and it is no visit. */
  async #selfTests(): Promise<readonly SelfTest[]> {
    const { status, options } = this.#deps;
    const { listening, tls } = status;
    const doors = [
      ...(listening.tag === 'up' ? [{ entrance: 'plain' as const, ...listening }] : []),
      ...(tls.tag === 'up' ? [{ entrance: 'tls' as const, ...tls }] : []),
    ];
    return Promise.all(
      doors.map(async ({ entrance, host, port }) => ({
        entrance,
        host,
        port,
        result: await selfTest(options.clock, host, port),
      })),
    );
  }

  #tls(target: EchoTarget): OpenConnection {
    const { certificates, devices, options } = this.#deps;
    const device = devices.list().find(({ id }) => id === target.deviceId);
    const expected: ExpectedPeer =
      device === undefined || device.certificates.length === 0
        ? { tag: 'name' }
        : { tag: 'fingerprint', sha256: device.certificates };
    return tlsConnection(
      {
        trustedPem: certificates.trusted(),
        identities: () => {
          const identities = certificates.identities();
          if (identities.length === 0)
            throw new EdgeSyncError('peer-unreachable', 'TLS is switched off here');
          return identities;
        },
        isRevoked: (certificate: X509Certificate) => certificates.isRevoked(certificate),
        expected,
      },
      options.clock,
    );
  }
}

/** Only what devices can be told; a database that refuses must not keep it from listening. */
export function noteListening(addresses: Pick<ListenAddresses, 'note'>, host: string, logger: Logger): void {
  if (isLoopback(host)) return;
  try {
    addresses.note(host);
  } catch (error) {
    logger.warn('listen-address-not-noted', { code: toEdgeSyncError(error).code });
  }
}

/** Whether an address is one of this PC's. */
export function ownAddresses(interfaces: NetworkInterfaces): (address: string) => boolean {
  return (address) =>
    isLoopback(address) ||
    interfaces.list().some((one) => plainAddress(one.address)?.address === plainAddress(address)?.address);
}

async function selfTest(clock: Clock, host: string, port: number): Promise<SelfTest['result']> {
  const limit = new AbortController();
  const timer = clock.after(selfTestMs, () => limit.abort(new Error('too slow')));
  try {
    const stream = await plainConnection(clock)({ host, port }, limit.signal);
    stream.destroy();
    return 'answers';
  } catch {
    return limit.signal.aborted ? 'timeout' : 'refused';
  } finally {
    timer.cancel();
  }
}

function platformOf(platform: NodeJS.Platform): Diagnosis['platform'] {
  if (platform === 'win32') return 'windows';
  return platform === 'darwin' ? 'mac' : 'linux';
}

/** Whether something was told since it was looked at last. */
class News {
  #isTold = false;
  #wake: (() => void) | undefined;

  tell(): void {
    this.#isTold = true;
    this.#wake?.();
  }

  async wait(clock: Clock, mostMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#isTold && !signal.aborted)
      await new Promise<void>((resolve) => {
        const done = (): void => {
          timer.cancel();
          signal.removeEventListener('abort', done);
          resolve();
        };
        const timer = clock.after(mostMs, done);
        this.#wake = done;
        signal.addEventListener('abort', done, { once: true });
      });
    this.#isTold = false;
    this.#wake = undefined;
  }
}

/** Storage commitment on a real queue and real sockets, with a clock that the test moves. */
import type { CommitmentEndpoint } from '../../src/shared/devices.ts';
import { CommitmentService } from '../../src/main/engine/commitment/commitment-service.ts';
import type { EndpointOf } from '../../src/main/engine/commitment/report-delivery.ts';
import type { IncidentReport } from '../../src/main/engine/model.ts';
import { StorageScp } from '../../src/main/engine/receive/storage-scp.ts';
import { plainConnection } from '../../src/main/engine/send/requestor.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { FakeLogger } from '../fakes/fake-logger.ts';
import { FakeRandom } from '../fakes/fake-random.ts';
import { MemoryIntake } from './dicom-peers.ts';
import { newInstance, QueueKit } from './queue-kit.ts';

export const ctImage = '1.2.840.10008.5.1.4.1.1.2';

export class CommitmentRig {
  readonly kit = new QueueKit();
  readonly incidents: IncidentReport[] = [];
  readonly logger = new FakeLogger();
  /** Of every device; undefined: none has one. */
  endpoint: CommitmentEndpoint | undefined;
  /** Who calls is this device; null: nobody that is paired. */
  deviceId: string | null = null;
  /** Whether whoever calls may come in; asked at the association and again later. */
  isWelcome = true;
  /** Endpoints that were connected to. */
  connections = 0;
  service!: CommitmentService;
  #scp: StorageScp | undefined;
  #port = 0;

  static async start(): Promise<CommitmentRig> {
    const rig = new CommitmentRig();
    rig.kit.queue.setDestinations([{ name: 'cloud', required: true }]);
    await rig.#open();
    return rig;
  }

  get port(): number {
    return this.#port;
  }

  get queue(): QueueKit['queue'] {
    return this.kit.queue;
  }

  /** Images by name; each has the UID `1.2.3.<name>`. */
  async receive(...names: readonly string[]): Promise<void> {
    for (const name of names) await this.queue.recordReceived(newInstance(name));
  }

  /** As if the process had ended and begun again; the port stays. */
  async restart(): Promise<void> {
    await this.#close();
    this.kit.reopen();
    await this.#open();
  }

  /** Moves the service's time on in steps, giving sockets a moment each, until the condition holds. */
  async until(condition: () => boolean, what: string, stepMs = 100): Promise<void> {
    for (let attempt = 0; attempt < 1_500; attempt += 1) {
      if (condition()) return;
      await this.kit.clock.advance(stepMs);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`never happened: ${what}; ${JSON.stringify(this.logger.lines)}`);
  }

  async dispose(): Promise<void> {
    await this.#close();
    this.kit.dispose();
  }

  async #open(): Promise<void> {
    // What waits on a socket runs by real time; what waits for days by the test's.
    const sockets = new SystemClock();
    const endpointOf: EndpointOf = () => this.endpoint;
    this.service = new CommitmentService({
      queue: this.queue,
      aeTitle: 'EDGESYNC',
      clock: this.kit.clock,
      random: new FakeRandom('commitment'),
      logger: this.logger,
      reportIncident: (incident) => void this.incidents.push(incident),
      endpointOf,
      openConnection: (endpoint, signal) => {
        this.connections += 1;
        return plainConnection(sockets)(endpoint, signal);
      },
    });
    await this.service.start();
    this.#scp = new StorageScp({
      intake: new MemoryIntake(),
      commitment: this.service,
      clock: sockets,
      logger: this.logger,
      reportIncident: (incident) => void this.incidents.push(incident),
      authorize: () =>
        this.isWelcome
          ? { tag: 'accept', deviceId: this.deviceId, allowsClass: () => true }
          : { tag: 'reject', reason: 'unknown-title' },
      settings: { host: '127.0.0.1', port: this.#port, aeTitle: 'EDGESYNC', maxAssociations: 25 },
    });
    this.#port = (await this.#scp.start()).port;
  }

  async #close(): Promise<void> {
    await this.#scp?.stop();
    await this.service.stop();
  }
}

export function named(...names: readonly string[]) {
  return names.map((name) => ({ sopClassUid: ctImage, sopInstanceUid: `1.2.3.${name}` }));
}

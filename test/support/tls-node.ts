/** A Storage SCP with its TLS port on loopback, certificates in a real database, and files for outside tools. */
import { randomBytes, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Certificates } from '../../src/main/engine/certificates/certificates.ts';
import { SealedColumns } from '../../src/main/engine/keys/column-sealer.ts';
import type { IncidentReport } from '../../src/main/engine/model.ts';
import { Queue } from '../../src/main/engine/queue/queue.ts';
import type { Authorize, CallerFacts } from '../../src/main/engine/receive/authorize.ts';
import { StorageScp } from '../../src/main/engine/receive/storage-scp.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { SystemRandom } from '../../src/main/engine/system/random.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';
import type { KeyKind } from '../../src/shared/contract-certificates.ts';
import { FakeLogger } from '../fakes/fake-logger.ts';
import { MemoryIntake } from './dicom-peers.ts';

export const dayMs = 86_400_000;

/** The real clock, set wrong by as much as a test likes. */
export class ShiftedClock extends SystemClock {
  shiftMs = 0;

  override nowMs(): number {
    return super.nowMs() + this.shiftMs;
  }
}

/** Certificates on a database of their own, in a temp folder. */
export class CertificateKit {
  readonly dir = mkdtempSync(join(tmpdir(), 'edge-sync-tls-'));
  readonly clock = new ShiftedClock();
  readonly logger = new FakeLogger();
  readonly incidents: IncidentReport[] = [];
  readonly resolved: string[] = [];
  readonly renewed: string[] = [];
  hosts: readonly string[] = ['localhost', '127.0.0.1', '::1'];
  queue!: Queue;
  certificates!: Certificates;
  readonly #columnKey = Secret.from(randomBytes(32));

  constructor() {
    this.open();
  }

  /** Again after `close`: the same database, as after a restart. */
  open(): void {
    const random = new SystemRandom();
    const { clock, logger } = this;
    const other = Secret.from(Buffer.alloc(32, 7));
    const sealer = new SealedColumns({ column: this.#columnKey, lookup: other, audit: other }, random);
    this.queue = Queue.open({ dir: this.dir, sealer, clock, random, logger });
    this.certificates = new Certificates({
      store: this.queue.certificates,
      clock,
      random,
      logger,
      hosts: () => this.hosts,
      reportIncident: (incident) => void this.incidents.push(incident),
      resolveIncident: (_code, subject) => void this.resolved.push(subject),
      onRenewed: (before, after) => void this.renewed.push(`${before} ${after}`),
      onChange: () => undefined,
    });
  }

  async close(): Promise<void> {
    await this.certificates.close();
    this.queue.close();
  }

  async dispose(): Promise<void> {
    await this.close();
    rmSync(this.dir, { recursive: true, force: true });
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  write(name: string, content: string | Buffer): string {
    writeFileSync(this.path(name), content, { mode: 0o600 });
    return this.path(name);
  }

  /** Certificate, key and the CA to trust, as files for a tool. */
  async device(name: string, key: KeyKind = 'ecdsa-p256', days = 730): Promise<DeviceFiles> {
    const format = { tag: 'pem' } as const;
    const issued = await this.certificates.issue({ name, hosts: [], key, days, format });
    if (issued.key.tag !== 'pem') throw new Error(issued.key.tag);
    return {
      sha256: issued.certificate.sha256,
      id: issued.certificate.id,
      cert: this.write(`${name}.crt`, issued.certificatePem),
      key: this.write(`${name}.key`, issued.key.pem),
      ca: this.write(`${name}.ca`, issued.trustPem),
    };
  }
}

export interface DeviceFiles {
  readonly id: string;
  readonly sha256: string;
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

export class TlsNode {
  readonly kit: CertificateKit;
  readonly scp: StorageScp;
  readonly intake = new MemoryIntake();
  readonly incidents: IncidentReport[] = [];
  readonly callers: CallerFacts[] = [];
  readonly logger = new FakeLogger();
  port = 0;
  tlsPort = 0;

  private constructor(kit: CertificateKit, authorize: Authorize | undefined) {
    this.kit = kit;
    this.scp = new StorageScp({
      intake: this.intake,
      clock: new SystemClock(),
      logger: this.logger,
      reportIncident: (incident) => void this.incidents.push(incident),
      settings: { host: '127.0.0.1', port: 0, aeTitle: 'EDGESYNC', maxAssociations: 25 },
      authorize: (caller) => {
        this.callers.push(caller);
        return authorize?.(caller) ?? { tag: 'accept', deviceId: null, allowsClass: () => true };
      },
      tls: {
        port: 0,
        trust: kit.certificates,
        onListening: (_host, port) => (this.tlsPort = port),
      },
    });
  }

  static async start(kit: CertificateKit, authorize?: Authorize): Promise<TlsNode> {
    await kit.certificates.start();
    const node = new TlsNode(kit, authorize);
    node.port = (await node.scp.start()).port;
    return node;
  }

  /** Serial number of the certificate that it shows now. */
  serials(): string[] {
    return this.kit.certificates
      .identities()
      .map(({ certificatePem }) => new X509Certificate(certificatePem).serialNumber.toLowerCase());
  }
}

/** Arguments of DCMTK's programs for TLS with a client certificate. */
export function dcmtkTls(device: DeviceFiles): string[] {
  return ['+tls', device.key, device.cert, '+cf', device.ca];
}

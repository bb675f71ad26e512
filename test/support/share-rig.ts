/** Sharing on a real spool, queue and two real clouds in one emulator: the archive's account and the shares' own. */
import { randomBytes } from 'node:crypto';
import { AzureShareStore } from '../../src/main/engine/cloud/azure-share-store.ts';
import type { ShareStore } from '../../src/main/engine/cloud/share-store.ts';
import type { AuditEvent } from '../../src/main/engine/ports.ts';
import { replaceRecipients } from '../../src/main/engine/seal/add-recipients.ts';
import { generateEphemeralKey } from '../../src/main/engine/seal/recipients.ts';
import { Sharing, type SharingDeps } from '../../src/main/engine/share/sharing.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';
import { startAzurite, type Azurite } from './azurite.ts';
import { azureStore, UploadRig } from './upload-rig.ts';

export const hourMs = 3_600_000;

export class ShareRig {
  readonly cloud: Azurite;
  readonly archive: UploadRig;
  readonly archiveContainer: string;
  readonly container: string;
  readonly audited: AuditEvent[] = [];
  readonly incidents: { readonly code: string; readonly subject: string }[] = [];
  readonly resolved: string[] = [];

  private constructor(cloud: Azurite, archive: UploadRig, archiveContainer: string, container: string) {
    this.cloud = cloud;
    this.archive = archive;
    this.archiveContainer = archiveContainer;
    this.container = container;
  }

  static async open(): Promise<ShareRig> {
    const cloud = await startAzurite({ tag: 'memory' }, [
      { name: `s${randomBytes(8).toString('hex')}`, key: randomBytes(64).toString('base64') },
    ]);
    const archiveContainer = await cloud.makeContainer();
    const container = await cloud.makeContainer(undefined, 'second account');
    const rig = new ShareRig(cloud, await UploadRig.open(), archiveContainer, container);
    await rig.place().then(async (place) => {
      await place.allowBrowsers();
      await place.close();
    });
    return rig;
  }

  place(prefix = 'given'): Promise<ShareStore> {
    return Promise.resolve(
      new AzureShareStore({
        connectionString: Secret.fromText(this.cloud.connectionString(undefined, 'second account')),
        container: this.container,
        prefix,
        clock: this.archive.clock,
      }),
    );
  }

  sharing(changes: Partial<SharingDeps> = {}): Sharing {
    const { archive } = this;
    return new Sharing({
      dataDir: archive.dir,
      practice: 'Practice of Dr. Test',
      viewerUrl: undefined,
      openPlace: () => this.place(),
      shares: archive.queue.shares,
      instances: (selection) => archive.queue.instances(selection),
      spool: archive.spool,
      stores: [() => Promise.resolve(azureStore(this.cloud.connectionString(), this.archiveContainer))],
      keys: archive.restoreKeys,
      headFor: (head, recipients) =>
        replaceRecipients(
          head,
          { kek: (id) => archive.keys.kekById(id), agreements: [] },
          recipients,
          generateEphemeralKey,
        ),
      audit: {
        record: (event) => this.audited.push(event),
        recorded: (event) => {
          this.audited.push(event);
          return Promise.resolve();
        },
      },
      reportIncident: (incident) => this.incidents.push(incident),
      resolveIncident: (_code, subject) => this.resolved.push(subject),
      clock: archive.clock,
      random: archive.random,
      logger: archive.logger,
      ...changes,
    });
  }

  /** Names in the share container, past our code. */
  async names(): Promise<readonly string[]> {
    const names: string[] = [];
    for await (const blob of this.cloud.container(this.container, 'second account').listBlobsFlat())
      names.push(blob.name);
    return names.filter((name) => !name.endsWith('checks/write'));
  }

  async dispose(): Promise<void> {
    await this.archive.dispose();
    await this.cloud.stop();
  }
}

/** Storage commitment of this installation: who its devices are, where they want their answers, and how they are reached. */
import type { X509Certificate } from 'node:crypto';
import { EdgeSyncError } from '../../shared/errors.ts';
import type { Settings } from '../../shared/settings.ts';
import type { Certificates } from './certificates/certificates.ts';
import { CommitmentService } from './commitment/commitment-service.ts';
import type { EndpointOf, OpenEndpoint } from './commitment/report-delivery.ts';
import type { DeviceDesk } from './devices/device-desk.ts';
import { mayContain } from './devices/pairing-list.ts';
import { isStorageSopClass } from './dicom/sop-classes.ts';
import type { ReportIncident } from './model.ts';
import type { Clock, Logger, Random } from './ports.ts';
import type { Queue } from './queue/queue.ts';
import { plainConnection } from './send/requestor.ts';
import { type ExpectedPeer, tlsConnection } from './send/tls-connection.ts';

export interface DeviceAnswersDeps {
  readonly settings: Settings;
  readonly queue: Queue;
  readonly devices: Pick<DeviceDesk, 'list'>;
  readonly certificates: Pick<Certificates, 'identities' | 'trusted' | 'isRevoked'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly reportIncident: ReportIncident;
}

export function openCommitment(deps: DeviceAnswersDeps): CommitmentService {
  const { settings, queue, clock, random, logger, reportIncident } = deps;
  return new CommitmentService({
    queue,
    get aeTitle() {
      return settings.dicom.aeTitle;
    },
    clock,
    random,
    logger,
    reportIncident,
    endpointOf: endpointOf(deps.devices),
    openConnection: openEndpoint(deps.certificates, clock),
    isStoredClass: (uid) => isStorageSopClass(uid) || deps.devices.list().some((one) => mayContain(one, uid)),
  });
}

/** Of the pairing as it is now: an address that is corrected counts for the next attempt. */
function endpointOf(devices: DeviceAnswersDeps['devices']): EndpointOf {
  return (_callingAeTitle, _remoteAddress, deviceId) => {
    const device = deviceId === null ? undefined : devices.list().find(({ id }) => id === deviceId);
    if (device === undefined || device.commitment === null) return undefined;
    return { ...device.commitment, certificates: device.certificates };
  };
}

function openEndpoint(certificates: DeviceAnswersDeps['certificates'], clock: Clock): OpenEndpoint {
  const plain = plainConnection(clock);
  return (endpoint, signal) => {
    if (endpoint.channel === 'plain') return plain(endpoint, signal);
    // With another certificate than the one it is paired with, it is somebody else.
    const expected: ExpectedPeer =
      endpoint.certificates === undefined || endpoint.certificates.length === 0
        ? { tag: 'name' }
        : { tag: 'fingerprint', sha256: endpoint.certificates };
    const client = {
      trustedPem: certificates.trusted(),
      identities: () => {
        const identities = certificates.identities();
        if (identities.length === 0) throw new EdgeSyncError('peer-unreachable', 'TLS is switched off here');
        return identities;
      },
      isRevoked: (certificate: X509Certificate) => certificates.isRevoked(certificate),
      expected,
    };
    return tlsConnection(client, clock)(endpoint, signal);
  };
}

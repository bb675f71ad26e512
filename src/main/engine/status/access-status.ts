/** Who may send here, as the status tells it. */
import type { Device } from '../../../shared/devices.ts';
import { reportFor } from '../../../shared/errors.ts';
import type { AccessStatus } from '../../../shared/status.ts';

export interface AccessInputs {
  readonly devices: readonly Device[];
  readonly waitingCallers: number;
  readonly waitingClasses: number;
  readonly revision: number;
  readonly openAssociations: number;
}

export function accessStatus(inputs: AccessInputs): AccessStatus {
  const { devices, waitingCallers, waitingClasses, revision, openAssociations } = inputs;
  return {
    openAssociations,
    waitingCallers,
    waitingClasses,
    revision,
    devices: devices.map(({ id, name, aeTitle, channel, lastSeenAt }) => ({
      id,
      name,
      aeTitle,
      channel,
      lastSeenAt,
      warning: channel === 'plain' ? reportFor('device-plain') : null,
    })),
  };
}

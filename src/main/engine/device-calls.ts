/** The engine's answers about devices. Each one is a few lines on top of devices/. */
import type {
  Connection,
  Device,
  NetworkAddressFacts,
  ObservedClass,
  PairingChange,
  PairingInput,
  RefusedCaller,
} from '../../shared/devices.ts';
import type { DeviceDesk } from './devices/device-desk.ts';
import type { EngineOptions } from './engine.ts';
import type { Actor } from './engine-service.ts';
import type { NetworkInterfaces } from './ports.ts';
import type { StatusSource } from './status-source.ts';
import { addressScope, isLoopback, plainAddress } from './system/ip-address.ts';

/** One method per procedure of contract-devices.ts, which names the errors. */
export interface DeviceService {
  list(): readonly Device[];
  pair(pairing: PairingInput, actor: Actor): Promise<Device>;
  change(id: string, change: PairingChange, actor: Actor): Promise<Device>;
  remove(id: string, actor: Actor): Promise<void>;
  callers(): readonly RefusedCaller[];
  dismiss(id: string, actor: Actor): void;
  allowCaller(id: string, name: string, pairing: PairingChange, actor: Actor): Promise<Device>;
  observedClasses(): readonly ObservedClass[];
  allowClass(id: string, actor: Actor): Promise<void>;
  dismissClass(id: string, actor: Actor): Promise<void>;
  connection(): Connection;
  addresses(): readonly NetworkAddressFacts[];
}

export interface DeviceCallsDeps {
  readonly devices: DeviceDesk;
  readonly status: Pick<StatusSource, 'listening' | 'tls'>;
  readonly interfaces: NetworkInterfaces;
  readonly options: Pick<EngineOptions, 'settings'>;
}

export class DeviceCalls implements DeviceService {
  readonly #deps: DeviceCallsDeps;

  constructor(deps: DeviceCallsDeps) {
    this.#deps = deps;
  }

  list(): readonly Device[] {
    return this.#deps.devices.list();
  }

  pair(pairing: PairingInput, actor: Actor): Promise<Device> {
    return this.#deps.devices.pair(pairing, actor);
  }

  change(id: string, change: PairingChange, actor: Actor): Promise<Device> {
    return this.#deps.devices.change(id, change, actor);
  }

  remove(id: string, actor: Actor): Promise<void> {
    return this.#deps.devices.remove(id, actor);
  }

  callers(): readonly RefusedCaller[] {
    return this.#deps.devices.callers();
  }

  dismiss(id: string, actor: Actor): void {
    this.#deps.devices.dismiss(id, actor);
  }

  allowCaller(id: string, name: string, pairing: PairingChange, actor: Actor): Promise<Device> {
    return this.#deps.devices.allowCaller(id, name, pairing, actor);
  }

  observedClasses(): readonly ObservedClass[] {
    return this.#deps.devices.observedClasses();
  }

  allowClass(id: string, actor: Actor): Promise<void> {
    return this.#deps.devices.allowClass(id, actor);
  }

  dismissClass(id: string, actor: Actor): Promise<void> {
    return this.#deps.devices.dismissClass(id, actor);
  }

  connection(): Connection {
    const { status, interfaces, options } = this.#deps;
    const { dicom } = options.settings;
    const { listening, tls } = status;
    const host = listening.tag === 'up' ? listening.host : null;
    return {
      aeTitle: dicom.aeTitle,
      reach: host === null ? 'nobody' : isLoopback(host) ? 'this-pc' : 'network',
      host,
      port: listening.tag === 'up' ? listening.port : dicom.port,
      tlsPort: tls.tag === 'up' ? tls.port : dicom.tls.enabled ? dicom.tls.port : null,
      interface: interfaces.list().some((one) => one.interface === dicom.host) ? dicom.host : null,
    };
  }

  addresses(): readonly NetworkAddressFacts[] {
    const { status, interfaces } = this.#deps;
    const { listening } = status;
    const used = listening.tag === 'up' ? plainAddress(listening.host)?.address : undefined;
    return addressFacts(interfaces, used);
  }
}

/** Every address of this PC, as somebody who chooses one wants to see it. */
export function addressFacts(
  interfaces: NetworkInterfaces,
  used: string | undefined,
): readonly NetworkAddressFacts[] {
  return interfaces.list().map(({ interface: name, address }) => ({
    interface: name,
    address,
    scope: addressScope(address),
    used: used !== undefined && plainAddress(address)?.address === used,
  }));
}

import type { Command, CommandOptions } from 'commander';
import type { Clock } from '../engine/ports.ts';
import type { EngineClient } from '../rpc/client.ts';
import type { InstallationOptions } from './installation.ts';
import type { Output } from './output.ts';

/** What every group of commands is made with. */
export interface CommandKit {
  /** Adds a subcommand that takes the options of every command about an installation. */
  readonly ofInstallation: (
    parent: Command,
    nameAndArgs: string,
    description: string,
    kind?: CommandOptions,
  ) => Command;
  /** Asks the engine of an installation, opening one for the time if none runs; ends with the exit code of `use`. */
  readonly withClient: (
    options: InstallationOptions,
    use: (client: EngineClient) => Promise<number>,
  ) => Promise<void>;
  /** The engine that runs; its calls reject when there is none. */
  readonly running: (options: InstallationOptions) => EngineClient;
  readonly environment: NodeJS.ProcessEnv;
  readonly clock: Clock;
  /** The exit code of what was run. */
  readonly done: (code: number) => void;
  readonly output: Output;
}

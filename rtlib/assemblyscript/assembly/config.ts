// What processes may do.

import * as host from "./host/process";
import * as wasi from "./host/wasi";
import { Failure, Result } from "./result";
import { OUT } from "./scratch";

/**
 * What a process may do, to be given to `Process.spawn` and `Module.spawn`. A new one permits
 * nothing but messages and the network. A child never gets more than its parent has.
 */
export class Config {
  /** Use `create`. */
  constructor(public readonly id: i64) {}

  /** Makes a configuration. */
  static create(): Result<Config> {
    const id = host.create_config();
    if (id == u64.MAX_VALUE) {
      return Result.failed<Config>(new Failure("permission denied: create configurations (config_set_can_create_configs)"));
    }
    return Result.of<Config>(new Config(id));
  }

  /** Forgets it. Processes that were spawned with it keep what they have. */
  drop(): void {
    host.drop_config(this.id);
  }

  /** The most linear memory, in bytes. */
  get maxMemory(): u64 {
    return host.config_get_max_memory(this.id);
  }
  set maxMemory(bytes: u64) {
    host.config_set_max_memory(this.id, bytes);
  }

  /** How much it may compute, in units of about 100,000 instructions; 0 is no limit. */
  get maxFuel(): u64 {
    return host.config_get_max_fuel(this.id);
  }
  set maxFuel(units: u64) {
    host.config_set_max_fuel(this.id, units);
  }

  /** How many messages may wait to be received; more end the process. 0 is the default. */
  get maxMessages(): u64 {
    return host.config_get_max_messages(this.id);
  }
  set maxMessages(n: u64) {
    host.config_set_max_messages(this.id, n);
  }

  /** How many bytes they may have; more end the process. 0 is the default. */
  get maxMailbox(): u64 {
    return host.config_get_max_mailbox(this.id);
  }
  set maxMailbox(bytes: u64) {
    host.config_set_max_mailbox(this.id, bytes);
  }

  /** Whether it may spawn processes. */
  get canSpawnProcesses(): bool {
    return host.config_can_spawn_processes(this.id) != 0;
  }
  set canSpawnProcesses(can: bool) {
    host.config_set_can_spawn_processes(this.id, can);
  }

  /** Whether it may make modules from bytes. */
  get canCompileModules(): bool {
    return host.config_can_compile_modules(this.id) != 0;
  }
  set canCompileModules(can: bool) {
    host.config_set_can_compile_modules(this.id, can);
  }

  /** Whether it may make configurations. */
  get canCreateConfigs(): bool {
    return host.config_can_create_configs(this.id) != 0;
  }
  set canCreateConfigs(can: bool) {
    host.config_set_can_create_configs(this.id, can);
  }

  /** Allows to connect to what the rule matches, `HOST[:PORT[-PORT]]`, and to nothing else. */
  allowConnect(rule: string): Failure | null {
    const r = String.UTF8.encode(rule);
    return failure(host.config_allow_connect(this.id, changetype<usize>(r), r.byteLength, OUT));
  }

  /** Forbids to connect to what the rule matches. */
  denyConnect(rule: string): Failure | null {
    const r = String.UTF8.encode(rule);
    return failure(host.config_deny_connect(this.id, changetype<usize>(r), r.byteLength, OUT));
  }

  /** Allows to listen at what the rule matches, and at nothing else. */
  allowListen(rule: string): Failure | null {
    const r = String.UTF8.encode(rule);
    return failure(host.config_allow_listen(this.id, changetype<usize>(r), r.byteLength, OUT));
  }

  /** Forbids to listen at what the rule matches. */
  denyListen(rule: string): Failure | null {
    const r = String.UTF8.encode(rule);
    return failure(host.config_deny_listen(this.id, changetype<usize>(r), r.byteLength, OUT));
  }

  /** Allows to look up names that the rule matches, and no others. */
  allowResolve(rule: string): Failure | null {
    const r = String.UTF8.encode(rule);
    return failure(host.config_allow_resolve(this.id, changetype<usize>(r), r.byteLength, OUT));
  }

  /** Forbids to look up names that the rule matches. */
  denyResolve(rule: string): Failure | null {
    const r = String.UTF8.encode(rule);
    return failure(host.config_deny_resolve(this.id, changetype<usize>(r), r.byteLength, OUT));
  }

  /** Modules that import from the namespace are not spawned, for example `lunatic::sqlite`. */
  forbidNamespace(name: string): void {
    const n = String.UTF8.encode(name);
    host.config_forbid_namespace(this.id, changetype<usize>(n), n.byteLength);
  }

  /** Adds an argument; the first is the program's name. */
  addArgument(argument: string): void {
    const a = String.UTF8.encode(argument);
    wasi.config_add_command_line_argument(this.id, changetype<usize>(a), a.byteLength);
  }

  /** Adds an environment variable. */
  addVariable(name: string, value: string): void {
    const n = String.UTF8.encode(name);
    const v = String.UTF8.encode(value);
    wasi.config_add_environment_variable(this.id, changetype<usize>(n), n.byteLength, changetype<usize>(v), v.byteLength);
  }

  /** Opens a directory, which the process sees under the same name. */
  preopenDir(name: string): void {
    const n = String.UTF8.encode(name);
    wasi.config_preopen_dir(this.id, changetype<usize>(n), n.byteLength);
  }
}

/** What a host function with a status and an error at OUT has answered. */
function failure(status: u32): Failure | null {
  return status == 0 ? null : Failure.ofHost(load<u64>(OUT));
}

// Other modules.

import { Config } from "./config";
import * as host from "./host/process";
import { Process } from "./process";
import { Reader } from "./reader";
import { Failure, Result } from "./result";
import { OUT } from "./scratch";
import { newTag } from "./tags";
import { Attachment, Writer } from "./writer";

/** The parameters of an exported function, in order. */
export class Parameters {
  private bytes: Array<u8> = [];

  /** Adds an i32. */
  i32(value: i32): Parameters {
    return this.add(0x7f, <u32>value);
  }

  /** Adds an i64. */
  i64(value: i64): Parameters {
    return this.add(0x7e, value);
  }

  private add(type: u8, value: u64): Parameters {
    this.bytes.push(type);
    for (let i = 0; i < 16; i++) this.bytes.push(i < 8 ? <u8>(value >> (i << 3)) : 0);
    return this;
  }

  /** Where they are, for the host. */
  get pointer(): usize {
    return this.bytes.dataStart;
  }

  /** How many bytes they have. */
  get length(): i32 {
    return this.bytes.length;
  }
}

/** A module whose functions can be spawned. It can be sent in messages. */
export class Module {
  /** Use `load`. */
  constructor(public id: i64) {}

  /** Makes a module of the bytes of a .wasm file, which `lunatic-build` has not rewritten yet. */
  static load(bytes: Uint8Array): Result<Module> {
    const status = host.compile_module(bytes.dataStart, bytes.byteLength, OUT);
    if (status == 0) return Result.of<Module>(new Module(load<i64>(OUT)));
    if (status == 1) return Result.failed<Module>(Failure.ofHost(load<u64>(OUT)));
    return Result.failed<Module>(new Failure("permission denied: compile modules (config_set_can_compile_modules)"));
  }

  /** The module of this process. */
  static self(): Module {
    return new Module(-1);
  }

  /** Starts a process in an exported function without results. It takes messages of type M. */
  spawn<M>(name: string, parameters: Parameters | null = null, config: Config | null = null): Result<Process<M>> {
    return this.start<M>(0, name, parameters, config);
  }

  /** The same, and links both. */
  spawnLink<M>(name: string, parameters: Parameters | null = null, config: Config | null = null): Result<Process<M>> {
    return this.start<M>(newTag(), name, parameters, config);
  }

  private start<M>(link: i64, name: string, parameters: Parameters | null, config: Config | null): Result<Process<M>> {
    const n = String.UTF8.encode(name);
    const status = host.spawn(
      link, config ? config.id : -1, this.id, changetype<usize>(n), n.byteLength,
      parameters ? parameters.pointer : 0, parameters ? parameters.length : 0, OUT,
    );
    const id = load<u64>(OUT);
    if (status != 0) return Result.failed<Process<M>>(Failure.ofHost(id));
    const process = new Process<M>(id);
    process.linkTag = link;
    return Result.of<Process<M>>(process);
  }

  /** Forgets the module. Processes of it go on. */
  drop(): void {
    host.drop_module(this.id);
  }

  encode(w: Writer): void {
    w.attach(Attachment.Module, this.id);
  }

  decode(r: Reader): void {
    this.id = r.attachment(Attachment.Module);
  }
}

// What a supervisor knows about a child.

import { Pid } from "./pid";
import { Reader, decode } from "./reader";
import { Result } from "./result";
import { FOREVER } from "./scratch";
import { Writer, encode } from "./writer";

/** When a child that has ended is started again. */
export enum Restart {
  /** Always. */
  Permanent,
  /** If it did not end normally. */
  Transient,
  /** Never; its description goes with it. */
  Temporary,
}

/** Among the time-outs of a shutdown: it is killed at once. */
export const BRUTAL_KILL: u64 = FOREVER - 1;

/**
 * The description of a child. Its start function runs within the supervisor, each time the child is
 * started. It answers a process of any kind: `Process`, `ServerRef`, `SupervisorRef`.
 *
 *     Child.of("cache", () => Cache.start())
 *     Child.with("worker 3", 3, (n: i32) => Worker.start(n)).restarting(Restart.Transient)
 */
export class Child {
  /** When it is started again. */
  restart: Restart = Restart.Permanent;
  /** How long it may take to shut down, in milliseconds; or BRUTAL_KILL, or FOREVER. */
  shutdown: u64 = 5000;
  /** Under which it is registered each time it is started; null is none. */
  name: string | null = null;

  /** Use `of` and `with`. */
  constructor(
    /** Its name within the supervisor. */
    public id: string,
    private begin: u32,
    private fn: u32,
    private argument: Uint8Array,
  ) {}

  /** A child that is started by a function. */
  static of<T extends Pid>(id: string, start: () => Result<T>): Child {
    const begin = (fn: u32, argument: Uint8Array): Result<Pid> => anyOf<T>(call_indirect<Result<T>>(fn));
    return new Child(id, begin.index, start.index, new Uint8Array(0));
  }

  /** A child that is started by a function with an argument. Sockets and modules are none. */
  static with<A, T extends Pid>(id: string, argument: A, start: (argument: A) => Result<T>): Child {
    const begin = (fn: u32, argument: Uint8Array): Result<Pid> => anyOf<T>(call_indirect<Result<T>>(fn, decode<A>(argument)));
    return new Child(id, begin.index, start.index, encode<A>(argument));
  }

  /** Sets when it is started again. */
  restarting(when: Restart): Child {
    this.restart = when;
    return this;
  }

  /** Sets how long it may take to shut down. Supervisors should have FOREVER. */
  shuttingDown(within: u64): Child {
    this.shutdown = within;
    return this;
  }

  /** Sets the name under which it is registered. */
  named(name: string): Child {
    this.name = name;
    return this;
  }

  /** Calls the start function. */
  start(): Result<Pid> {
    return call_indirect<Result<Pid>>(this.begin, this.fn, this.argument);
  }

  encode(w: Writer): void {
    w.string(this.id);
    w.u32(this.begin);
    w.u32(this.fn);
    w.write(this.argument);
    w.write(this.restart);
    w.u64(this.shutdown);
    w.write(this.name);
  }

  decode(r: Reader): void {
    this.id = r.string();
    this.begin = r.u32();
    this.fn = r.u32();
    this.argument = r.read<Uint8Array>();
    this.restart = r.read<Restart>();
    this.shutdown = r.u64();
    this.name = r.read<string | null>();
  }
}

function anyOf<T extends Pid>(started: Result<T>): Result<Pid> {
  return started.ok ? Result.of<Pid>(started.value) : Result.failed<Pid>(started.error!);
}

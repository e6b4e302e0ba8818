// Spawning processes, and sending to them.

import { call } from "./call";
import { Config } from "./config";
import * as message from "./host/message";
import * as host from "./host/process";
import * as timers from "./host/timer";
import { data, receiveTag } from "./inbox";
import { Mailbox } from "./mailbox";
import { Pid, selfId } from "./pid";
import { Reader } from "./reader";
import { Failure, Result } from "./result";
import { FOREVER, OUT } from "./scratch";
import { FIRST, newTag } from "./tags";
import { Timer } from "./timer";
import { borrow, giveBack } from "./writer";

// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "proc_exit")
declare function proc_exit(code: u32): void;

/** A process that takes messages of type M. */
export class Process<M> extends Pid {
  /** The process with an id. The messages it takes must be of type M. */
  constructor(id: u64) {
    super(id);
  }

  /**
   * Starts a process that runs a function of this module. Functions are no closures: what the
   * process needs to know is sent to it, or given with `spawnWith`.
   *
   *     const echo = Process.spawn<string>((mailbox) => {
   *       console.log(mailbox.take());
   *     }).value;
   *     echo.send("hello");
   *
   * It gets what this process may do, or less: see `Config`.
   */
  static spawn<M>(fn: (mailbox: Mailbox<M>) => void, config: Config | null = null): Result<Process<M>> {
    return start<M>(beginning<M>(), fn.index, 0, config);
  }

  /** The same, and links both: when one fails, so does the other. See `trapExits`. */
  static spawnLink<M>(fn: (mailbox: Mailbox<M>) => void, config: Config | null = null): Result<Process<M>> {
    return start<M>(beginning<M>(), fn.index, newTag(), config);
  }

  /** Starts a process with a value of any type that can be sent. */
  static spawnWith<A, M>(argument: A, fn: (argument: A, mailbox: Mailbox<M>) => void, config: Config | null = null): Result<Process<M>> {
    return startWith<A, M>(argument, fn.index, 0, config);
  }

  /** The same, and links both. */
  static spawnLinkWith<A, M>(argument: A, fn: (argument: A, mailbox: Mailbox<M>) => void, config: Config | null = null): Result<Process<M>> {
    return startWith<A, M>(argument, fn.index, newTag(), config);
  }

  /**
   * The living process with a name or, if there is none, one that is started and registered in one
   * step: of those who ask at the same time one starts it.
   */
  static spawnNamed<M>(name: string, fn: (mailbox: Mailbox<M>) => void, config: Config | null = null): Result<Process<M>> {
    const n = String.UTF8.encode(name);
    const entry = String.UTF8.encode(ENTRY);
    const status = host.get_or_spawn(
      changetype<usize>(n), n.byteLength, 0, config ? config.id : -1, -1, changetype<usize>(entry), entry.byteLength,
      entryParameters(beginning<M>(), fn.index), ENTRY_PARAMETERS, OUT, OUT + 8,
    );
    const id = load<u64>(OUT, 8);
    if (status == 1) return Result.failed<Process<M>>(Failure.ofHost(id));
    return Result.of<Process<M>>(new Process<M>(id));
  }

  /** This process, to give to others. */
  static self<M>(): Process<M> {
    return new Process<M>(selfId());
  }

  /** Sends a message. It is lost if there is no such process. */
  send(message: M, tag: i64 = 0): void {
    const w = borrow();
    w.message<M>(message);
    w.send(this.id, tag);
    giveBack(w);
  }

  /** Sends a message in so many milliseconds. */
  sendAfter(message: M, milliseconds: u64, tag: i64 = 0): Timer {
    const w = borrow();
    w.message<M>(message);
    w.put(tag);
    giveBack(w);
    return new Timer(timers.send_after(this.id, milliseconds));
  }

  /**
   * Sends a message and waits for the answer of type R, which the process gives with
   * `received.reply<R>(...)`. It fails with the time-out, or with the reason of the end if the
   * process ends before it has answered.
   */
  request<R>(message: M, timeout: u64 = FOREVER): Result<R> {
    return call<M, R>(this.id, message, timeout);
  }
}

/** The function in which a process with messages of type M begins. */
function beginning<M>(): u32 {
  const begin = (fn: u32): void => {
    call_indirect<void>(fn, new Mailbox<M>());
  };
  return begin.index;
}

/** The entry function: see entry.ts. */
const ENTRY = "lunatic_enter";

/** The size of its parameters: two records of 17 bytes. */
// @ts-ignore: decorator
@inline const ENTRY_PARAMETERS: u32 = 34;

/** Its parameters, for the host. */
function entryParameters(begin: u32, fn: u32): usize {
  const at = memory.data(34);
  store<u8>(at, 0x7f);
  store<u32>(at + 1, begin);
  store<u8>(at + 17, 0x7f);
  store<u32>(at + 18, fn);
  return at;
}

/** Starts a process in the entry function. */
function start<M>(begin: u32, fn: u32, link: i64, config: Config | null): Result<Process<M>> {
  const entry = String.UTF8.encode(ENTRY);
  const status = host.spawn(
    link, config ? config.id : -1, -1, changetype<usize>(entry), entry.byteLength, entryParameters(begin, fn), ENTRY_PARAMETERS, OUT,
  );
  const id = load<u64>(OUT);
  if (status != 0) return Result.failed<Process<M>>(Failure.ofHost(id));
  const process = new Process<M>(id);
  process.linkTag = link;
  return Result.of<Process<M>>(process);
}

function startWith<A, M>(argument: A, fn: u32, link: i64, config: Config | null): Result<Process<M>> {
  const begin = (fn: u32): void => {
    call_indirect<void>(fn, firstMessage().read<A>(), new Mailbox<M>());
  };
  return startSending<A, M>(argument, begin.index, fn, link, config);
}

/** Starts a process of the library's own, which has no typed mailbox. */
export function startProcess<A>(argument: A, fn: (argument: A) => void, link: i64, config: Config | null): Result<Process<u8>> {
  const begin = (fn: u32): void => {
    call_indirect<void>(fn, firstMessage().read<A>());
  };
  return startSending<A, u8>(argument, begin.index, fn.index, link, config);
}

/** Starts a process with a message that it begins with. */
function startSending<A, M>(argument: A, begin: u32, fn: u32, link: i64, config: Config | null): Result<Process<M>> {
  const w = borrow();
  w.write<A>(argument);
  w.put(FIRST);
  giveBack(w);
  message.send_to_next_child();
  return start<M>(begin, fn, link, config);
}

/** The message that the process begins with. */
function firstMessage(): Reader {
  receiveTag(FIRST, FOREVER);
  return data();
}

/** Waits. */
export function sleep(milliseconds: u64): void {
  host.sleep_ms(milliseconds);
}

/** Lets other processes run. */
export function yieldNow(): void {
  host.sleep_ms(0);
}

/**
 * Says whether this process is told about the ends of linked processes by messages
 * (`Kind.LinkDied`), instead of dying with them.
 */
export function trapExits(on: bool): void {
  host.die_when_link_dies(on ? 0 : 1);
}

/** Ends this process: normally if the code is 0, else as a failure. */
export function exit(code: i32): void {
  proc_exit(code);
  unreachable();
}

/** The id of the environment: the processes that reach each other. */
export function environmentId(): u64 {
  return host.environment_id();
}

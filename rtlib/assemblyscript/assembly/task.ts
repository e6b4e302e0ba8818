// Tasks: processes that compute one value. docs/supervision.md has the semantics.

import { From, outcome } from "./call";
import { Config } from "./config";
import { Kind, Pending, expect, forget, receiveTag } from "./inbox";
import { Pid, selfId } from "./pid";
import { startProcess } from "./process";
import { Reader } from "./reader";
import { Failure, ExitReason, Result } from "./result";
import { FOREVER } from "./scratch";
import { newTag } from "./tags";
import { Writer } from "./writer";

/**
 * A process that computes a value of type T. It belongs to the process that has started it.
 *
 *     const task = Task.asyncWith<i32, i32>(7, (n) => 6 * n).value;
 *     task.await().value; // 42
 */
export class Task<T> extends Pending {
  private result: Result<T> | null = null;

  private constructor(
    private process: Pid,
    private tag: i64,
  ) {
    super();
  }

  /** Starts a task. It is not linked: its failure is an answer. */
  static async<T>(fn: () => T, config: Config | null = null): Result<Task<T>> {
    return Task.start<u32, T>(fn.index, (fn: u32): T => call_indirect<T>(fn), 0, config);
  }

  /** Starts a task with an argument. */
  static asyncWith<A, T>(argument: A, fn: (argument: A) => T, config: Config | null = null): Result<Task<T>> {
    return Task.start<A, T>(argument, fn, 0, config);
  }

  /** Starts a task, and links both: when one fails, so does the other. */
  static asyncLink<T>(fn: () => T, config: Config | null = null): Result<Task<T>> {
    return Task.start<u32, T>(fn.index, (fn: u32): T => call_indirect<T>(fn), newTag(), config);
  }

  /** Starts a task with an argument, and links both. */
  static asyncLinkWith<A, T>(argument: A, fn: (argument: A) => T, config: Config | null = null): Result<Task<T>> {
    return Task.start<A, T>(argument, fn, newTag(), config);
  }

  private static start<A, T>(argument: A, fn: (argument: A) => T, link: i64, config: Config | null): Result<Task<T>> {
    const tag = newTag();
    const work = new Work<A, T>(argument, fn.index, new From<T>(selfId(), tag));
    const process = startProcess<Work<A, T>>(work, (work: Work<A, T>) => {
      work.owner.reply(call_indirect<T>(work.fn, work.argument));
    }, link, config);
    if (!process.ok) return Result.failed<Task<T>>(process.error!);
    const task = new Task<T>(process.value, tag);
    task.process.monitor(tag);
    expect(tag, task);
    return Result.of<Task<T>>(task);
  }

  /**
   * Waits for the value. It fails with the reason of the task's end, or with the time-out: then the
   * task goes on and can be awaited again.
   */
  await(timeout: u64 = FOREVER): Result<T> {
    if (!this.result) {
      const kind = receiveTag(this.tag, timeout);
      if (kind == Kind.TimedOut) return Result.failed<T>(Failure.timeout());
      this.arrived(kind);
    }
    return this.result!;
  }

  /** Kills the task and waits until it has ended. If it had a value, `await` still answers it. */
  cancel(): void {
    if (this.result) return;
    this.process.unlink();
    this.process.kill();
    this.await();
    // The value may have come first; this comes last in any case.
    receiveTag(this.process.monitor(), FOREVER);
  }

  /** Takes what has become of it. */
  arrived(kind: Kind): void {
    this.result = outcome<T>(kind);
    forget(this.tag);
    if (kind == Kind.Message) this.process.stopMonitoring(this.tag);
  }
}

/** What a task is started with. */
class Work<A, T> {
  constructor(
    public argument: A,
    public fn: u32,
    public owner: From<T>,
  ) {}

  encode(w: Writer): void {
    w.write<A>(this.argument);
    w.u32(this.fn);
    w.write(this.owner);
  }

  decode(r: Reader): void {
    this.argument = r.read<A>();
    this.fn = r.u32();
    this.owner = r.read<From<T>>();
  }
}

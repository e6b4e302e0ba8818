// Failures as values: AssemblyScript has no exceptions.

import * as host from "./host/error";
import { Reader } from "./reader";
import { Writer } from "./writer";

/** How a process ended. */
export enum ExitReason {
  /** Its function returned, or it exited with code 0. */
  Normal = 0,
  /** It trapped, or exited with another code. */
  Failed = 1,
  /** Somebody killed it, or it died with a linked process. */
  Killed = 2,
  /** There was no such process any more when it was asked about. */
  NoProcess = 3,
}

/** The reason as a word: `normal`, `failed`, `killed` or `noproc`. */
export function reasonName(reason: ExitReason): string {
  switch (reason) {
    case ExitReason.Normal: return "normal";
    case ExitReason.Failed: return "failed";
    case ExitReason.Killed: return "killed";
    default: return "noproc";
  }
}

/** What kind of failure it is. */
export enum Cause {
  /** Somebody refused, and the text says why: the host, a server's init, a supervisor. */
  Refused,
  /** The time was over. */
  TimedOut,
  /** The process that should have answered has ended; `reason` says how. */
  Ended,
}

/** Why something did not work. */
export class Failure extends Error {
  constructor(
    message: string,
    /** What kind of failure it is. */
    public cause: Cause = Cause.Refused,
    /** How the process ended that should have answered. */
    public reason: ExitReason = ExitReason.Normal,
    /** The process that was started already; 0 if it is about something else. */
    public process: u64 = 0,
  ) {
    super(message);
    this.name = "Failure";
  }

  /** The failure of what has taken too long. */
  static timeout(): Failure {
    return new Failure("timeout", Cause.TimedOut);
  }

  /** The failure of what a process has not lived to do. */
  static ended(reason: ExitReason): Failure {
    return new Failure(reasonName(reason), Cause.Ended, reason);
  }

  /** The failure that a host function tells with the id of an error. */
  static ofHost(id: u64): Failure {
    const text = new ArrayBuffer(host.string_size(id));
    host.to_string(id, changetype<usize>(text));
    host.drop(id);
    return new Failure(String.UTF8.decode(text));
  }

  encode(w: Writer): void {
    w.string(this.message);
    w.write(this.cause);
    w.write(this.reason);
    w.u64(this.process);
  }

  decode(r: Reader): void {
    this.name = "Failure";
    this.stack = "";
    this.message = r.string();
    this.cause = r.read<Cause>();
    this.reason = r.read<ExitReason>();
    this.process = r.u64();
  }

  /** Whether the time was over. */
  get timedOut(): bool {
    return this.cause == Cause.TimedOut;
  }

  /** Whether a permission is missing. The text names it. */
  get denied(): bool {
    return this.message.startsWith("permission denied:");
  }
}

/**
 * A value, or why there is none.
 *
 *     const child = Process.spawn<string>(work);
 *     if (!child.ok) return console.error(child.error!.message);
 *     child.value.send("hello");
 */
export class Result<T> {
  /** Use `of` and `failed`. */
  constructor(
    private readonly held: T,
    /** Why there is no value; null if there is one. */
    public readonly error: Failure | null,
  ) {}

  /** A value. */
  static of<T>(value: T): Result<T> {
    return new Result<T>(value, null);
  }

  /** A failure. */
  static failed<T>(failure: Failure): Result<T> {
    return new Result<T>(nothing<T>(), failure);
  }

  /** Whether there is a value. */
  get ok(): bool {
    return this.error === null;
  }

  /** The value. Traps with the failure's text if there is none. */
  get value(): T {
    const error = this.error;
    if (error) abort(error.message);
    return this.held;
  }

  /** The value. Traps with a text of yours, and the failure's, if there is none. */
  expect(what: string): T {
    const error = this.error;
    if (error) abort(what + ": " + error.message);
    return this.held;
  }

  /** The value, or another one if there is none. */
  or(other: T): T {
    return this.error ? other : this.held;
  }
}

/** A value of any type that nobody looks at: 0, or null even where the type has none. */
// @ts-ignore: decorator
@inline
export function nothing<T>(): T {
  if (isReference<T>()) return changetype<T>(0);
  // @ts-ignore: it is a number
  return <T>0;
}

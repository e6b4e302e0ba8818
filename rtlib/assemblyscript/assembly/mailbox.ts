// Receiving messages of one type.

import { From } from "./call";
import { Kind, data, deceased, reason, receive, receiveAny, tag } from "./inbox";
import { Process } from "./process";
import { ExitReason, nothing } from "./result";
import { FOREVER } from "./scratch";
import { CALL } from "./tags";
import { selfId } from "./pid";

/** Something that has arrived: a message of type M, the end of a process, or nothing in time. */
export class Received<M> {
  private held: M = nothing<M>();
  private asker: u64 = 0;
  private answer: i64 = 0;

  /** What it is. */
  kind: Kind;
  /** The tag it has; 0 is none. That of a link or monitor says which one it is about. */
  tag: i64 = 0;
  /** The process that has ended (`Kind.ProcessDied`). */
  process: u64 = 0;
  /** How the process of `LinkDied` or `ProcessDied` has ended. */
  reason: ExitReason = ExitReason.Normal;

  /** Takes what was just received. */
  constructor(kind: Kind) {
    this.kind = kind;
    if (kind != Kind.TimedOut) this.tag = tag();
    if (kind == Kind.LinkDied || kind == Kind.ProcessDied) {
      this.process = deceased();
      this.reason = reason();
    } else if (kind == Kind.Message) {
      const r = data();
      if (this.tag == CALL) {
        this.asker = r.u64();
        this.answer = r.i64();
      }
      this.held = r.message<M>();
    }
  }

  /** Whether it is a message. */
  get isMessage(): bool {
    return this.kind == Kind.Message;
  }

  /** Whether there was nothing in time. */
  get timedOut(): bool {
    return this.kind == Kind.TimedOut;
  }

  /** The message. Traps if it is none. */
  get value(): M {
    switch (this.kind) {
      case Kind.Message: break;
      case Kind.TimedOut: abort("no message: timeout"); break;
      case Kind.Shutdown: abort("no message: this process was asked to shut down"); break;
      default: abort("no message: another process has ended");
    }
    return this.held;
  }

  /** Whether the sender waits for an answer. */
  get isRequest(): bool {
    return this.answer != 0;
  }

  /** Who waits for an answer of type R, to answer later. Traps if nobody does. */
  from<R>(): From<R> {
    if (this.answer == 0) abort("nobody waits for an answer to this message");
    return new From<R>(this.asker, this.answer);
  }

  /** Answers. R is what the sender has asked for: `process.request<R>(...)`. */
  reply<R>(value: R): void {
    this.from<R>().reply(value);
  }
}

/**
 * The messages of this process, of type M. A process has one mailbox: it may be looked at as one of
 * several types, if tags tell them apart.
 */
export class Mailbox<M> {
  /** This process, to give to others. */
  get process(): Process<M> {
    return new Process<M>(selfId());
  }

  /** Waits for anything. `timeout` is in milliseconds; 0 looks at what is there. */
  receive(timeout: u64 = FOREVER): Received<M> {
    return new Received<M>(receiveAny(timeout));
  }

  /** Waits for something with the tag. */
  receiveTag(tag: i64, timeout: u64 = FOREVER): Received<M> {
    const tags: StaticArray<i64> = [tag];
    return this.receiveTags(tags, timeout);
  }

  /** Waits for something with one of the tags, the oldest first. The others stay in their places. */
  receiveTags(tags: StaticArray<i64>, timeout: u64 = FOREVER): Received<M> {
    return new Received<M>(receive(changetype<usize>(tags), tags.length, timeout));
  }

  /** Waits for the next message. Traps if something else arrives: use `receive` where it may. */
  take(): M {
    return this.receive().value;
  }
}

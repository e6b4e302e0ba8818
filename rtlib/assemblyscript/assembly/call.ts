// Request and reply.

import * as host from "./host/process";
import { Kind, data, reason, receiveTag } from "./inbox";
import { selfId } from "./pid";
import { Reader } from "./reader";
import { Failure, Result } from "./result";
import { CALL, newTag } from "./tags";
import { Writer, borrow, giveBack } from "./writer";

/** Who waits for an answer of type R. It can be kept, and sent to other processes. */
export class From<R> {
  constructor(
    /** The process that waits. */
    public process: u64,
    /** The tag of the answer. */
    public tag: i64,
  ) {}

  /** Answers. Only the first answer counts. */
  reply(value: R): void {
    const w = borrow();
    w.message<R>(value);
    w.send(this.process, this.tag);
    giveBack(w);
  }

  encode(w: Writer): void {
    w.u64(this.process);
    w.i64(this.tag);
  }

  decode(r: Reader): void {
    this.process = r.u64();
    this.tag = r.i64();
  }
}

/**
 * Sends a request and waits for the answer. It fails with the time-out, or with the reason of the
 * end if the process ends before it has answered.
 */
export function call<M, R>(to: u64, message: M, timeout: u64): Result<R> {
  const answer = newTag();
  const w = borrow();
  w.u64(selfId());
  w.i64(answer);
  w.message<M>(message);
  // The end of the process comes with the tag of the answer: whichever is first.
  host.monitor_with_tag(answer, to);
  w.send(to, CALL);
  giveBack(w);
  const result = outcome<R>(receiveTag(answer, timeout));
  host.stop_monitoring_with_tag(answer, to);
  receiveTag(answer, 0); // both may have come
  return result;
}

/** The result that a message with the tag of an answer is. */
export function outcome<R>(kind: Kind): Result<R> {
  if (kind == Kind.Message) return Result.of<R>(data().message<R>());
  if (kind == Kind.TimedOut) return Result.failed<R>(Failure.timeout());
  return Result.failed<R>(Failure.ended(reason()));
}

// Processes, whatever messages they take.

import * as message from "./host/message";
import * as host from "./host/process";
import { Kind, reason, receiveTag } from "./inbox";
import { Reader } from "./reader";
import { ExitReason, Failure, Result } from "./result";
import { FOREVER } from "./scratch";
import { SHUTDOWN, newTag } from "./tags";
import { Writer } from "./writer";

let self: u64 = 0;

/** The id of this process. */
export function selfId(): u64 {
  if (self == 0) self = host.process_id();
  return self;
}

/** A process. It can be sent in messages. */
export class Pid {
  /** The tag of the link, if it was started with one (`spawnLink`); else 0. It is not sent along. */
  linkTag: i64 = 0;

  /** The process with an id. */
  constructor(public id: u64) {}

  /** This process. */
  static self(): Pid {
    return new Pid(selfId());
  }

  /** Whether it is alive. */
  get alive(): bool {
    return host.exists(this.id) != 0;
  }

  /** Whether it is the same process. */
  is(other: Pid): bool {
    return this.id == other.id;
  }

  /** Ends it, whatever it does. */
  kill(): void {
    host.kill(this.id);
  }

  /** Asks it to end in good order, as a supervisor does. Servers obey; see `Kind.Shutdown`. */
  shutdown(): void {
    message.send_data(this.id, SHUTDOWN, 0, 0);
  }

  /** The same, and waits until it has ended. Answers how, or fails with the time-out. */
  stop(timeout: u64 = FOREVER): Result<ExitReason> {
    const tag = this.monitor();
    this.shutdown();
    const kind = receiveTag(tag, timeout);
    if (kind != Kind.TimedOut) return Result.of<ExitReason>(reason());
    this.stopMonitoring(tag);
    return Result.failed<ExitReason>(Failure.timeout());
  }

  /**
   * Links this process and that one: when one of them fails or is killed, so is the other, or it is
   * told (`trapExits`) by a message with the tag that this answers. A tag of your own will do, too.
   */
  link(tag: i64 = 0): i64 {
    if (tag == 0) tag = newTag();
    host.link(tag, this.id);
    return tag;
  }

  /** Removes the link. */
  unlink(): void {
    host.unlink(this.id);
  }

  /**
   * Asks for a message at the end of that process, with the tag that this answers; a tag of your
   * own will do, too. Each call makes a monitor of its own, unless the tag is the same.
   */
  monitor(tag: i64 = 0): i64 {
    if (tag == 0) tag = newTag();
    host.monitor_with_tag(tag, this.id);
    return tag;
  }

  /** Withdraws a monitor: there is no message of it any more. */
  stopMonitoring(tag: i64): void {
    host.stop_monitoring_with_tag(tag, this.id);
    receiveTag(tag, 0); // it may have come already
  }

  /** The id as text. */
  toString(): string {
    return this.id.toString();
  }

  encode(w: Writer): void {
    w.u64(this.id);
  }

  decode(r: Reader): void {
    this.id = r.u64();
  }
}

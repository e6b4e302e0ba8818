// Receiving without types: what mailboxes, calls, servers and tasks stand on.

import { deadline, remaining } from "./clock";
import * as host from "./host/message";
import { Reader, received } from "./reader";
import { ExitReason } from "./result";
import { BUFFER, BUFFER_SIZE, INFO, TAGS, TIMED_OUT } from "./scratch";
import { FIRST, SHUTDOWN } from "./tags";

/** What has arrived. */
export enum Kind {
  /** A message from a process. */
  Message = 0,
  /** A linked process has failed or was killed. Only a process that traps exits sees this. */
  LinkDied = 1,
  /** A monitored process has ended. */
  ProcessDied = 2,
  /** This process is asked to end in good order. */
  Shutdown = 3,
  /** Nothing, in time. */
  TimedOut = 9027,
}

/** Waits for the oldest message that has one of the tags; any message if there are none. */
export function receive(tags: usize, count: u32, timeout: u64): Kind {
  const kind = host.receive_data(tags, count, timeout, BUFFER, BUFFER_SIZE, INFO);
  if (kind == TIMED_OUT) return Kind.TimedOut;
  if (kind == Kind.Message && tag() == SHUTDOWN) return Kind.Shutdown;
  return <Kind>kind;
}

/** Waits for a message with a tag. */
export function receiveTag(tag: i64, timeout: u64): Kind {
  store<i64>(TAGS, tag);
  return receive(TAGS, 1, timeout);
}

/**
 * Waits for any message but answers that nobody waits for any more, which are dropped, and what is
 * to become of tasks, which is kept for them.
 */
export function receiveAny(timeout: u64): Kind {
  const end = deadline(timeout);
  let kind = receive(0, 0, timeout);
  while (kind != Kind.TimedOut && ours(kind)) kind = receive(0, 0, remaining(timeout, end));
  return kind;
}

/** Whether a message was for the library itself. */
function ours(kind: Kind): bool {
  const t = tag();
  if (t < FIRST) return false;
  const later = pending;
  if (later && later.has(t)) {
    later.get(t).arrived(kind);
    return true;
  }
  return kind == Kind.Message;
}

/** The tag of the last message. */
// @ts-ignore: decorator
@inline export function tag(): i64 {
  return load<i64>(INFO, 8);
}

/** The process that has ended, if the last message says that one has. */
// @ts-ignore: decorator
@inline export function deceased(): u64 {
  return load<u64>(INFO, 16);
}

/** How it has ended. */
export function reason(): ExitReason {
  return <ExitReason>host.get_exit_reason();
}

/** What the message holds. */
export function data(): Reader {
  return received();
}

/** The same, to be read when other messages have been received. */
export function keep(r: Reader): Reader {
  return Reader.of(r.raw(r.left));
}

// ---- What is waited for later ----

/** Something whose answer may arrive before anybody waits for it. */
export abstract class Pending {
  /** Takes the message that has just been received. */
  abstract arrived(kind: Kind): void;
}

// By tag. Most processes have none.
let pending: Map<i64, Pending> | null = null;

/** From now on messages with the tag are for p. */
export function expect(tag: i64, p: Pending): void {
  if (!pending) pending = new Map<i64, Pending>();
  pending!.set(tag, p);
}

/** No longer. */
export function forget(tag: i64): void {
  const p = pending;
  if (p) p.delete(tag);
}

// Messages that are sent later: see Process.sendAfter.

import * as host from "./host/timer";

/** A message that waits to be sent. It is sent even if this process has ended by then. */
export class Timer {
  constructor(public id: u64) {}

  /** Drops the message. Answers whether it was in time. */
  cancel(): bool {
    return host.cancel_timer(this.id) != 0;
  }
}

// Deadlines of waits that may have to begin anew.

import { FOREVER, OUT } from "./scratch";

// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "clock_time_get")
declare function clock_time_get(clock: u32, precision: u64, time: usize): u32;

/** Milliseconds of a clock that runs evenly. */
export function now(): u64 {
  clock_time_get(1, 1, OUT);
  return load<u64>(OUT) / 1_000_000;
}

/** When a time-out that begins now is over. The clock is not asked if it need not be. */
export function deadline(timeout: u64): u64 {
  if (timeout == 0 || timeout == FOREVER) return timeout;
  const end = now() + timeout;
  return end < timeout ? FOREVER : end;
}

/** What is left of the time-out until the deadline. */
export function remaining(timeout: u64, deadline: u64): u64 {
  if (timeout == 0 || timeout == FOREVER) return timeout;
  const t = now();
  return t < deadline ? deadline - t : 0;
}

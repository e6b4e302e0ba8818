// Catching traps.

import { catch_ } from "./host/trap";

/**
 * Calls a function; answers whether it has come to its end. If it traps (`abort`, `throw`, an index
 * out of range, ...), this process goes on. Memory, globals and resources stay as the failing code
 * has left them: better let a process end, and a supervisor start it again.
 */
export function attempt(fn: () => void): bool {
  return attemptWith<u32>(fn.index, (fn: u32) => { call_indirect<void>(fn); });
}

/** The same with an argument, from which the function may also answer. */
export function attemptWith<A>(argument: A, fn: (argument: A) => void): bool {
  const begin = (pointer: usize): u32 => {
    const a = changetype<Attempt<A>>(pointer);
    call_indirect<void>(a.fn, a.argument);
    return 1;
  };
  const a = new Attempt<A>(fn.index, argument);
  // A trap leaves the collector's stack as it was at that moment.
  const stack = __stack_pointer;
  if (catch_(begin.index, changetype<usize>(a)) != 0) return true;
  __stack_pointer = stack;
  return false;
}

class Attempt<A> {
  constructor(public fn: u32, public argument: A) {}
}

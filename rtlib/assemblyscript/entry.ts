// The exports through which the runtime enters a program: asconfig.json adds this file to the
// program's entries. It imports nothing: all that is specific to a program comes as numbers of
// functions in its table, which are the same in every process of a module.

/** Where a spawned process begins: a function of the library, which calls the program's function. */
export function lunatic_enter(begin: u32, fn: u32): void {
  call_indirect<void>(begin, fn);
}

/** What `lunatic::trap::catch` calls. */
export function _lunatic_catch_trap(begin: u32, pointer: usize): u32 {
  return call_indirect<u32>(begin, pointer);
}

// `lunatic::trap`: Traps that are caught. docs/abi.md has what each function does.
// @ts-nocheck: decorators of functions are not TypeScript

@external("lunatic::trap", "catch")
export declare function catch_(fn: u32, pointer: usize): u32;

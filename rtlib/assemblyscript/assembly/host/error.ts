// `lunatic::error`: Texts of errors. docs/abi.md has what each function does.
// @ts-nocheck: decorators of functions are not TypeScript

@external("lunatic::error", "string_size")
export declare function string_size(error_id: u64): u32;
@external("lunatic::error", "to_string")
export declare function to_string(error_id: u64, ptr: usize): void;
@external("lunatic::error", "drop")
export declare function drop(error_id: u64): void;

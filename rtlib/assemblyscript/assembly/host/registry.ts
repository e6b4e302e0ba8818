// `lunatic::registry`: Names of processes. docs/abi.md has what each function does.
// @ts-nocheck: decorators of functions are not TypeScript

@external("lunatic::registry", "put")
export declare function put(name: usize, name_len: u32, node_id: u64, process_id: u64): void;
@external("lunatic::registry", "get")
export declare function get(name: usize, name_len: u32, node_id_ptr: usize, process_id_ptr: usize): u32;
@external("lunatic::registry", "remove")
export declare function remove(name: usize, name_len: u32): void;

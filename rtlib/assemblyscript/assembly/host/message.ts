// `lunatic::message`: The scratch slot, sending and receiving. docs/abi.md has what each function does.
// @ts-nocheck: decorators of functions are not TypeScript

@external("lunatic::message", "create_data")
export declare function create_data(tag: i64, size_hint: u64): void;
@external("lunatic::message", "write_data")
export declare function write_data(ptr: usize, len: u32): u32;
@external("lunatic::message", "read_data")
export declare function read_data(ptr: usize, len: u32): u32;
@external("lunatic::message", "get_exit_reason")
export declare function get_exit_reason(): u32;
@external("lunatic::message", "push_module")
export declare function push_module(module_id: i64): u64;
@external("lunatic::message", "take_module")
export declare function take_module(index: u64): u64;
@external("lunatic::message", "push_tcp_stream")
export declare function push_tcp_stream(stream_id: u64): u64;
@external("lunatic::message", "take_tcp_stream")
export declare function take_tcp_stream(index: u64): u64;
@external("lunatic::message", "push_tls_stream")
export declare function push_tls_stream(stream_id: u64): u64;
@external("lunatic::message", "take_tls_stream")
export declare function take_tls_stream(index: u64): u64;
@external("lunatic::message", "push_udp_socket")
export declare function push_udp_socket(socket_id: u64): u64;
@external("lunatic::message", "take_udp_socket")
export declare function take_udp_socket(index: u64): u64;
@external("lunatic::message", "send")
export declare function send(process_id: u64): u32;
@external("lunatic::message", "send_data")
export declare function send_data(process_id: u64, tag: i64, ptr: usize, len: u32): u32;
@external("lunatic::message", "receive_data")
export declare function receive_data(tags: usize, tags_len: u32, timeout: u64, buf: usize, buf_len: u32, info_ptr: usize): u32;
@external("lunatic::message", "send_to_next_child")
export declare function send_to_next_child(): u32;

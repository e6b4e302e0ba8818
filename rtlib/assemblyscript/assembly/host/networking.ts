// `lunatic::networking`: Sockets and names. docs/abi.md has what each function does.
// @ts-nocheck: decorators of functions are not TypeScript

@external("lunatic::networking", "resolve")
export declare function resolve(name: usize, name_len: u32, timeout: u64, id_ptr: usize): u32;
@external("lunatic::networking", "resolve_next")
export declare function resolve_next(iter_id: u64, type_ptr: usize, addr_ptr: usize, port_ptr: usize, flow_ptr: usize, scope_ptr: usize): u32;
@external("lunatic::networking", "drop_dns_iterator")
export declare function drop_dns_iterator(iter_id: u64): void;
@external("lunatic::networking", "tcp_bind")
export declare function tcp_bind(addr_type: u32, addr: usize, port: u32, flow: u32, scope: u32, id_ptr: usize): u32;
@external("lunatic::networking", "drop_tcp_listener")
export declare function drop_tcp_listener(listener_id: u64): void;
@external("lunatic::networking", "tcp_local_addr")
export declare function tcp_local_addr(listener_id: u64, id_ptr: usize): u32;
@external("lunatic::networking", "tcp_accept")
export declare function tcp_accept(listener_id: u64, id_ptr: usize, peer_iter_ptr: usize): u32;
@external("lunatic::networking", "tcp_connect")
export declare function tcp_connect(addr_type: u32, addr: usize, port: u32, flow: u32, scope: u32, timeout: u64, id_ptr: usize): u32;
@external("lunatic::networking", "tcp_peer_addr")
export declare function tcp_peer_addr(stream_id: u64, id_ptr: usize): u32;
@external("lunatic::networking", "drop_tcp_stream")
export declare function drop_tcp_stream(stream_id: u64): void;
@external("lunatic::networking", "clone_tcp_stream")
export declare function clone_tcp_stream(stream_id: u64): u64;
@external("lunatic::networking", "tcp_write_vectored")
export declare function tcp_write_vectored(stream_id: u64, iovs: usize, iovs_len: u32, out_ptr: usize): u32;
@external("lunatic::networking", "tcp_read")
export declare function tcp_read(stream_id: u64, buf: usize, buf_len: u32, out_ptr: usize): u32;
@external("lunatic::networking", "tcp_peek")
export declare function tcp_peek(stream_id: u64, buf: usize, buf_len: u32, out_ptr: usize): u32;
@external("lunatic::networking", "set_read_timeout")
export declare function set_read_timeout(stream_id: u64, millis: u64): void;
@external("lunatic::networking", "set_write_timeout")
export declare function set_write_timeout(stream_id: u64, millis: u64): void;
@external("lunatic::networking", "set_peek_timeout")
export declare function set_peek_timeout(stream_id: u64, millis: u64): void;
@external("lunatic::networking", "get_read_timeout")
export declare function get_read_timeout(stream_id: u64): u64;
@external("lunatic::networking", "get_write_timeout")
export declare function get_write_timeout(stream_id: u64): u64;
@external("lunatic::networking", "get_peek_timeout")
export declare function get_peek_timeout(stream_id: u64): u64;
@external("lunatic::networking", "tcp_flush")
export declare function tcp_flush(stream_id: u64, error_id_ptr: usize): u32;
@external("lunatic::networking", "tls_bind")
export declare function tls_bind(addr_type: u32, addr: usize, port: u32, flow: u32, scope: u32, id_ptr: usize, cert: usize, cert_len: u32, key: usize, key_len: u32): u32;
@external("lunatic::networking", "drop_tls_listener")
export declare function drop_tls_listener(listener_id: u64): void;
@external("lunatic::networking", "tls_local_addr")
export declare function tls_local_addr(listener_id: u64, id_ptr: usize): u32;
@external("lunatic::networking", "tls_accept")
export declare function tls_accept(listener_id: u64, id_ptr: usize, peer_iter_ptr: usize): u32;
@external("lunatic::networking", "tls_connect")
export declare function tls_connect(host: usize, host_len: u32, port: u32, timeout: u64, id_ptr: usize, certs: usize, certs_len: u32): u32;
@external("lunatic::networking", "drop_tls_stream")
export declare function drop_tls_stream(stream_id: u64): void;
@external("lunatic::networking", "clone_tls_stream")
export declare function clone_tls_stream(stream_id: u64): u64;
@external("lunatic::networking", "tls_write_vectored")
export declare function tls_write_vectored(stream_id: u64, iovs: usize, iovs_len: u32, out_ptr: usize): u32;
@external("lunatic::networking", "tls_read")
export declare function tls_read(stream_id: u64, buf: usize, buf_len: u32, out_ptr: usize): u32;
@external("lunatic::networking", "set_tls_read_timeout")
export declare function set_tls_read_timeout(stream_id: u64, millis: u64): void;
@external("lunatic::networking", "set_tls_write_timeout")
export declare function set_tls_write_timeout(stream_id: u64, millis: u64): void;
@external("lunatic::networking", "get_tls_read_timeout")
export declare function get_tls_read_timeout(stream_id: u64): u64;
@external("lunatic::networking", "get_tls_write_timeout")
export declare function get_tls_write_timeout(stream_id: u64): u64;
@external("lunatic::networking", "tls_flush")
export declare function tls_flush(stream_id: u64, error_id_ptr: usize): u32;
@external("lunatic::networking", "udp_bind")
export declare function udp_bind(addr_type: u32, addr: usize, port: u32, flow: u32, scope: u32, id_ptr: usize): u32;
@external("lunatic::networking", "drop_udp_socket")
export declare function drop_udp_socket(socket_id: u64): void;
@external("lunatic::networking", "udp_local_addr")
export declare function udp_local_addr(socket_id: u64, id_ptr: usize): u32;
@external("lunatic::networking", "udp_peer_addr")
export declare function udp_peer_addr(socket_id: u64, id_ptr: usize): u32;
@external("lunatic::networking", "udp_receive")
export declare function udp_receive(socket_id: u64, buf: usize, buf_len: u32, out_ptr: usize): u32;
@external("lunatic::networking", "udp_receive_from")
export declare function udp_receive_from(socket_id: u64, buf: usize, buf_len: u32, out_ptr: usize, iter_ptr: usize): u32;
@external("lunatic::networking", "udp_connect")
export declare function udp_connect(socket_id: u64, addr_type: u32, addr: usize, port: u32, flow: u32, scope: u32, timeout: u64, id_ptr: usize): u32;
@external("lunatic::networking", "udp_send_to")
export declare function udp_send_to(socket_id: u64, buf: usize, buf_len: u32, addr_type: u32, addr: usize, port: u32, flow: u32, scope: u32, out_ptr: usize): u32;
@external("lunatic::networking", "udp_send")
export declare function udp_send(socket_id: u64, buf: usize, buf_len: u32, out_ptr: usize): u32;
@external("lunatic::networking", "clone_udp_socket")
export declare function clone_udp_socket(socket_id: u64): u64;
@external("lunatic::networking", "set_udp_socket_broadcast")
export declare function set_udp_socket_broadcast(socket_id: u64, on: u32): void;
@external("lunatic::networking", "get_udp_socket_broadcast")
export declare function get_udp_socket_broadcast(socket_id: u64): u32;
@external("lunatic::networking", "set_udp_socket_ttl")
export declare function set_udp_socket_ttl(socket_id: u64, ttl: u32): void;
@external("lunatic::networking", "get_udp_socket_ttl")
export declare function get_udp_socket_ttl(socket_id: u64): u32;

//! The host functions, as docs/abi.md lists them. One module for each namespace.
//!
//! On other targets than WebAssembly the declarations are there so that the crate can be checked and
//! documented; nothing can be linked with them.

#![allow(clippy::too_many_arguments)]

/// What a call returns when its time is over.
pub const TIMED_OUT: u32 = 9027;

/// Stands for the caller's own configuration, or module, where something is spawned.
pub const OWN: u64 = u64::MAX;

/// No time-out.
pub const FOREVER: u64 = u64::MAX;

/// Kinds of messages, as `receive` tells them.
pub const DATA: u32 = 0;
pub const LINK_DIED: u32 = 1;
pub const PROCESS_DIED: u32 = 2;

macro_rules! namespace {
    ($module:ident = $import:literal { $($(#[$meta:meta])* fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)?;)* }) => {
        pub mod $module {
            #[cfg_attr(target_arch = "wasm32", link(wasm_import_module = $import))]
            extern "C" {
                $($(#[$meta])* pub fn $name($($arg: $ty),*) $(-> $ret)?;)*
            }
        }
    };
}

namespace!(error = "lunatic::error" {
    fn string_size(error: u64) -> u32;
    fn to_string(error: u64, text: *mut u8);
    fn drop(error: u64);
});

namespace!(process = "lunatic::process" {
    fn compile_module(module: *const u8, len: usize, id: *mut u64) -> i32;
    fn drop_module(module: u64);
    fn create_config() -> i64;
    fn drop_config(config: u64);
    fn config_set_max_memory(config: u64, bytes: u64);
    fn config_get_max_memory(config: u64) -> u64;
    fn config_set_max_fuel(config: u64, fuel: u64);
    fn config_get_max_fuel(config: u64) -> u64;
    fn config_set_can_compile_modules(config: u64, can: u32);
    fn config_can_compile_modules(config: u64) -> u32;
    fn config_set_can_create_configs(config: u64, can: u32);
    fn config_can_create_configs(config: u64) -> u32;
    fn config_set_can_spawn_processes(config: u64, can: u32);
    fn config_can_spawn_processes(config: u64) -> u32;
    fn config_set_max_messages(config: u64, n: u64);
    fn config_get_max_messages(config: u64) -> u64;
    fn config_set_max_mailbox(config: u64, bytes: u64);
    fn config_get_max_mailbox(config: u64) -> u64;
    fn config_allow_connect(config: u64, rule: *const u8, len: usize, error: *mut u64) -> u32;
    fn config_deny_connect(config: u64, rule: *const u8, len: usize, error: *mut u64) -> u32;
    fn config_allow_listen(config: u64, rule: *const u8, len: usize, error: *mut u64) -> u32;
    fn config_deny_listen(config: u64, rule: *const u8, len: usize, error: *mut u64) -> u32;
    fn config_allow_resolve(config: u64, rule: *const u8, len: usize, error: *mut u64) -> u32;
    fn config_deny_resolve(config: u64, rule: *const u8, len: usize, error: *mut u64) -> u32;
    fn config_forbid_namespace(config: u64, name: *const u8, len: usize);
    fn spawn(link: i64, config: u64, module: u64, func: *const u8, func_len: usize, params: *const u8, params_len: usize, id: *mut u64) -> u32;
    fn get_or_spawn(name: *const u8, name_len: usize, link: i64, config: u64, module: u64, func: *const u8, func_len: usize, params: *const u8, params_len: usize, node: *mut u64, id: *mut u64) -> u32;
    fn sleep_ms(millis: u64);
    fn die_when_link_dies(on: u32);
    fn process_id() -> u64;
    fn link(tag: i64, process: u64);
    fn unlink(process: u64);
    fn monitor_with_tag(tag: i64, process: u64);
    fn stop_monitoring_with_tag(tag: i64, process: u64);
    fn kill(process: u64);
    fn exists(process: u64) -> u32;
});

namespace!(wasi = "lunatic::wasi" {
    fn config_add_environment_variable(config: u64, key: *const u8, key_len: usize, value: *const u8, value_len: usize);
    fn config_add_command_line_argument(config: u64, arg: *const u8, len: usize);
    fn config_preopen_dir(config: u64, dir: *const u8, len: usize);
});

namespace!(message = "lunatic::message" {
    fn create_data(tag: i64, size_hint: u64);
    fn write_data(data: *const u8, len: usize) -> u32;
    fn read_data(data: *mut u8, len: usize) -> u32;
    fn get_exit_reason() -> u32;
    fn push_module(module: u64) -> u64;
    fn take_module(index: u64) -> u64;
    fn push_tcp_stream(stream: u64) -> u64;
    fn take_tcp_stream(index: u64) -> u64;
    fn push_tls_stream(stream: u64) -> u64;
    fn take_tls_stream(index: u64) -> u64;
    fn push_udp_socket(socket: u64) -> u64;
    fn take_udp_socket(index: u64) -> u64;
    fn send(process: u64) -> u32;
    fn send_data(process: u64, tag: i64, data: *const u8, len: usize) -> u32;
    fn receive_data(tags: *const i64, n: usize, timeout: u64, buf: *mut u8, len: usize, info: *mut [u64; 3]) -> u32;
});

namespace!(timer = "lunatic::timer" {
    fn send_after(process: u64, millis: u64) -> u64;
    fn cancel_timer(timer: u64) -> u32;
});

namespace!(registry = "lunatic::registry" {
    fn put(name: *const u8, len: usize, node: u64, process: u64);
    fn get(name: *const u8, len: usize, node: *mut u64, process: *mut u64) -> u32;
    fn remove(name: *const u8, len: usize);
});

namespace!(trap = "lunatic::trap" {
    fn catch(function: usize, pointer: usize) -> u32;
});

namespace!(metrics = "lunatic::metrics" {
    fn counter(name: *const u8, len: usize, value: u64);
    fn gauge(name: *const u8, len: usize, value: f64);
    fn increment_gauge(name: *const u8, len: usize, value: f64);
    fn histogram(name: *const u8, len: usize, value: f64);
});

namespace!(sqlite = "lunatic::sqlite" {
    fn open(path: *const u8, len: usize, id: *mut u64) -> u64;
    fn execute(connection: u64, sql: *const u8, len: usize) -> u32;
    fn query_prepare(connection: u64, sql: *const u8, len: usize) -> u64;
    fn bind_value(statement: u64, values: *const u8, len: usize);
    fn sqlite3_changes(connection: u64) -> u32;
    fn statement_reset(statement: u64);
    fn sqlite3_step(statement: u64) -> u32;
    fn sqlite3_finalize(statement: u64);
    fn column_names(statement: u64, len: *mut u32) -> *mut u8;
    fn read_row(statement: u64, len: *mut u32) -> *mut u8;
    fn last_error(connection: u64, len: *mut u32) -> *mut u8;
});

namespace!(networking = "lunatic::networking" {
    fn resolve(name: *const u8, len: usize, timeout: u64, id: *mut u64) -> u32;
    fn resolve_next(iter: u64, kind: *mut u32, addr: *mut u8, port: *mut u16, flow: *mut u32, scope: *mut u32) -> u32;
    fn drop_dns_iterator(iter: u64);
    fn tcp_bind(kind: u32, addr: *const u8, port: u32, flow: u32, scope: u32, id: *mut u64) -> u32;
    fn drop_tcp_listener(listener: u64);
    fn tcp_local_addr(listener: u64, id: *mut u64) -> u32;
    fn tcp_accept(listener: u64, id: *mut u64, peer: *mut u64) -> u32;
    fn tcp_connect(kind: u32, addr: *const u8, port: u32, flow: u32, scope: u32, timeout: u64, id: *mut u64) -> u32;
    fn tcp_peer_addr(stream: u64, id: *mut u64) -> u32;
    fn drop_tcp_stream(stream: u64);
    fn clone_tcp_stream(stream: u64) -> u64;
    fn tcp_write_vectored(stream: u64, iovs: *const u8, n: usize, out: *mut u64) -> u32;
    fn tcp_read(stream: u64, buf: *mut u8, len: usize, out: *mut u64) -> u32;
    fn tcp_peek(stream: u64, buf: *mut u8, len: usize, out: *mut u64) -> u32;
    fn set_read_timeout(stream: u64, millis: u64);
    fn set_write_timeout(stream: u64, millis: u64);
    fn set_peek_timeout(stream: u64, millis: u64);
    fn get_read_timeout(stream: u64) -> u64;
    fn get_write_timeout(stream: u64) -> u64;
    fn tcp_flush(stream: u64, error: *mut u64) -> u32;
    fn tls_bind(kind: u32, addr: *const u8, port: u32, flow: u32, scope: u32, id: *mut u64, cert: *const u8, cert_len: usize, key: *const u8, key_len: usize) -> u32;
    fn drop_tls_listener(listener: u64);
    fn tls_local_addr(listener: u64, id: *mut u64) -> u32;
    fn tls_accept(listener: u64, id: *mut u64, peer: *mut u64) -> u32;
    fn tls_connect(host: *const u8, len: usize, port: u32, timeout: u64, id: *mut u64, certs: *const u8, n: usize) -> u32;
    fn drop_tls_stream(stream: u64);
    fn clone_tls_stream(stream: u64) -> u64;
    fn tls_write_vectored(stream: u64, iovs: *const u8, n: usize, out: *mut u64) -> u32;
    fn tls_read(stream: u64, buf: *mut u8, len: usize, out: *mut u64) -> u32;
    fn set_tls_read_timeout(stream: u64, millis: u64);
    fn set_tls_write_timeout(stream: u64, millis: u64);
    fn get_tls_read_timeout(stream: u64) -> u64;
    fn get_tls_write_timeout(stream: u64) -> u64;
    fn tls_flush(stream: u64, error: *mut u64) -> u32;
    fn udp_bind(kind: u32, addr: *const u8, port: u32, flow: u32, scope: u32, id: *mut u64) -> u32;
    fn drop_udp_socket(socket: u64);
    fn udp_local_addr(socket: u64, id: *mut u64) -> u32;
    fn udp_peer_addr(socket: u64, id: *mut u64) -> u32;
    fn udp_receive(socket: u64, buf: *mut u8, len: usize, out: *mut u64) -> u32;
    fn udp_receive_from(socket: u64, buf: *mut u8, len: usize, out: *mut u64, peer: *mut u64) -> u32;
    fn udp_connect(socket: u64, kind: u32, addr: *const u8, port: u32, flow: u32, scope: u32, timeout: u64, error: *mut u64) -> u32;
    fn udp_send_to(socket: u64, buf: *const u8, len: usize, kind: u32, addr: *const u8, port: u32, flow: u32, scope: u32, out: *mut u64) -> u32;
    fn udp_send(socket: u64, buf: *const u8, len: usize, out: *mut u64) -> u32;
    fn clone_udp_socket(socket: u64) -> u64;
    fn set_udp_socket_broadcast(socket: u64, on: u32);
    fn get_udp_socket_broadcast(socket: u64) -> u32;
    fn set_udp_socket_ttl(socket: u64, ttl: u32);
    fn get_udp_socket_ttl(socket: u64) -> u32;
});

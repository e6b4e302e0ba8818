// `lunatic::process`: Processes, modules and configurations. docs/abi.md has what each function does.
// @ts-nocheck: decorators of functions are not TypeScript

@external("lunatic::process", "spawn")
export declare function spawn(link: i64, config_id: i64, module_id: i64, func: usize, func_len: u32, params: usize, params_len: u32, id_ptr: usize): u32;
@external("lunatic::process", "get_or_spawn")
export declare function get_or_spawn(name: usize, name_len: u32, link: i64, config_id: i64, module_id: i64, func: usize, func_len: u32, params: usize, params_len: u32, node_id_ptr: usize, id_ptr: usize): u32;
@external("lunatic::process", "sleep_ms")
export declare function sleep_ms(millis: u64): void;
@external("lunatic::process", "die_when_link_dies")
export declare function die_when_link_dies(on: u32): void;
@external("lunatic::process", "process_id")
export declare function process_id(): u64;
@external("lunatic::process", "environment_id")
export declare function environment_id(): u64;
@external("lunatic::process", "link")
export declare function link(tag: i64, process_id: u64): void;
@external("lunatic::process", "unlink")
export declare function unlink(process_id: u64): void;
@external("lunatic::process", "monitor_with_tag")
export declare function monitor_with_tag(tag: i64, process_id: u64): void;
@external("lunatic::process", "stop_monitoring_with_tag")
export declare function stop_monitoring_with_tag(tag: i64, process_id: u64): void;
@external("lunatic::process", "kill")
export declare function kill(process_id: u64): void;
@external("lunatic::process", "exists")
export declare function exists(process_id: u64): u32;
@external("lunatic::process", "compile_module")
export declare function compile_module(ptr: usize, len: u32, id_ptr: usize): u32;
@external("lunatic::process", "drop_module")
export declare function drop_module(module_id: i64): void;
@external("lunatic::process", "create_config")
export declare function create_config(): u64;
@external("lunatic::process", "drop_config")
export declare function drop_config(config_id: i64): void;
@external("lunatic::process", "config_set_max_memory")
export declare function config_set_max_memory(config_id: i64, bytes: u64): void;
@external("lunatic::process", "config_get_max_memory")
export declare function config_get_max_memory(config_id: i64): u64;
@external("lunatic::process", "config_set_max_fuel")
export declare function config_set_max_fuel(config_id: i64, fuel: u64): void;
@external("lunatic::process", "config_get_max_fuel")
export declare function config_get_max_fuel(config_id: i64): u64;
@external("lunatic::process", "config_set_can_compile_modules")
export declare function config_set_can_compile_modules(config_id: i64, can: u32): void;
@external("lunatic::process", "config_can_compile_modules")
export declare function config_can_compile_modules(config_id: i64): u32;
@external("lunatic::process", "config_set_can_create_configs")
export declare function config_set_can_create_configs(config_id: i64, can: u32): void;
@external("lunatic::process", "config_can_create_configs")
export declare function config_can_create_configs(config_id: i64): u32;
@external("lunatic::process", "config_set_can_spawn_processes")
export declare function config_set_can_spawn_processes(config_id: i64, can: u32): void;
@external("lunatic::process", "config_can_spawn_processes")
export declare function config_can_spawn_processes(config_id: i64): u32;
@external("lunatic::process", "config_set_max_messages")
export declare function config_set_max_messages(config_id: i64, n: u64): void;
@external("lunatic::process", "config_get_max_messages")
export declare function config_get_max_messages(config_id: i64): u64;
@external("lunatic::process", "config_set_max_mailbox")
export declare function config_set_max_mailbox(config_id: i64, bytes: u64): void;
@external("lunatic::process", "config_get_max_mailbox")
export declare function config_get_max_mailbox(config_id: i64): u64;
@external("lunatic::process", "config_allow_connect")
export declare function config_allow_connect(config_id: i64, rule: usize, rule_len: u32, id_ptr: usize): u32;
@external("lunatic::process", "config_deny_connect")
export declare function config_deny_connect(config_id: i64, rule: usize, rule_len: u32, id_ptr: usize): u32;
@external("lunatic::process", "config_allow_listen")
export declare function config_allow_listen(config_id: i64, rule: usize, rule_len: u32, id_ptr: usize): u32;
@external("lunatic::process", "config_deny_listen")
export declare function config_deny_listen(config_id: i64, rule: usize, rule_len: u32, id_ptr: usize): u32;
@external("lunatic::process", "config_allow_resolve")
export declare function config_allow_resolve(config_id: i64, rule: usize, rule_len: u32, id_ptr: usize): u32;
@external("lunatic::process", "config_deny_resolve")
export declare function config_deny_resolve(config_id: i64, rule: usize, rule_len: u32, id_ptr: usize): u32;
@external("lunatic::process", "config_forbid_namespace")
export declare function config_forbid_namespace(config_id: i64, name: usize, name_len: u32): void;

// `lunatic::wasi`: More of a configuration. docs/abi.md has what each function does.
// @ts-nocheck: decorators of functions are not TypeScript

@external("lunatic::wasi", "config_add_environment_variable")
export declare function config_add_environment_variable(config_id: i64, key: usize, key_len: u32, value: usize, value_len: u32): void;
@external("lunatic::wasi", "config_add_command_line_argument")
export declare function config_add_command_line_argument(config_id: i64, arg: usize, arg_len: u32): void;
@external("lunatic::wasi", "config_preopen_dir")
export declare function config_preopen_dir(config_id: i64, dir: usize, dir_len: u32): void;

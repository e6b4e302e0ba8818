// `lunatic::metrics`: Metrics for Prometheus. docs/abi.md has what each function does.
// @ts-nocheck: decorators of functions are not TypeScript

@external("lunatic::metrics", "counter")
export declare function counter(name: usize, name_len: u32, value: u64): void;
@external("lunatic::metrics", "gauge")
export declare function gauge(name: usize, name_len: u32, value: f64): void;
@external("lunatic::metrics", "increment_gauge")
export declare function increment_gauge(name: usize, name_len: u32, value: f64): void;
@external("lunatic::metrics", "histogram")
export declare function histogram(name: usize, name_len: u32, value: f64): void;

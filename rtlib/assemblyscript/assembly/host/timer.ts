// `lunatic::timer`: Messages that are sent later. docs/abi.md has what each function does.
// @ts-nocheck: decorators of functions are not TypeScript

@external("lunatic::timer", "send_after")
export declare function send_after(process_id: u64, millis: u64): u64;
@external("lunatic::timer", "cancel_timer")
export declare function cancel_timer(timer_id: u64): u32;

// Places in memory that host calls answer into. What is in them is good until the next host call.

// @ts-ignore: decorator
@lazy export const OUT: usize = memory.data(32, 8);

/** Tags that a receive waits for, where the library makes the list. */
// @ts-ignore: decorator
@lazy export const TAGS: usize = memory.data(16, 8);

/** What receive_data tells: size, tag and process id. */
// @ts-ignore: decorator
@lazy export const INFO: usize = memory.data(24, 8);

/** Where the beginning of a received message goes; most messages fit. */
// @ts-ignore: decorator
@lazy export const BUFFER: usize = memory.data(512, 8);
// @ts-ignore: decorator
@inline export const BUFFER_SIZE: u32 = 512;

/** What host functions answer. */
// @ts-ignore: decorator
@inline export const TIMED_OUT: u32 = 9027;

/** A time-out that never comes. */
// @ts-ignore: decorator
@inline export const FOREVER: u64 = u64.MAX_VALUE;

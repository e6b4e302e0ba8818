// Tags of messages. A program's own are 0 (none) to 2^31 - 1; docs/supervision.md has the rest.

/** Please end in good order. No data. */
// @ts-ignore: decorator
@inline export const SHUTDOWN: i64 = -1;
/** A request: process id and tag of the answer, then the request. */
// @ts-ignore: decorator
@inline export const CALL: i64 = -2;
/** A request that nobody answers. */
// @ts-ignore: decorator
@inline export const CAST: i64 = -3;

/** The first tag of the library's own. It marks what a process is started with. */
// @ts-ignore: decorator
@inline export const FIRST: i64 = 1 << 32;

let last: i64 = FIRST;

/** A tag that this process has not used before. */
export function newTag(): i64 {
  return ++last;
}

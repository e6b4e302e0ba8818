// The standard streams. All processes share them.

import { Failure, Result } from "./result";
import { OUT } from "./scratch";
import { Stream } from "./stream";

// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_read")
declare function fd_read(fd: u32, iovs: usize, n: u32, read: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_write")
declare function fd_write(fd: u32, iovs: usize, n: u32, written: usize): u32;

/** A standard stream. `console` and `process` are shorter for simple things. */
export class StandardStream extends Stream {
  constructor(private fd: u32) {
    super();
  }

  /** Standard input. */
  static input(): StandardStream {
    return new StandardStream(0);
  }

  /** Standard output. */
  static output(): StandardStream {
    return new StandardStream(1);
  }

  /** Standard error. */
  static error(): StandardStream {
    return new StandardStream(2);
  }

  read(buffer: Uint8Array): Result<i32> {
    return this.done(fd_read(this.fd, vector(buffer), 1, OUT));
  }

  write(bytes: Uint8Array): Result<i32> {
    return this.done(fd_write(this.fd, vector(bytes), 1, OUT));
  }

  private done(errno: u32): Result<i32> {
    if (errno == 0) return Result.of<i32>(load<i32>(OUT));
    return Result.failed<i32>(new Failure("errno " + errno.toString() + " of a standard stream"));
  }
}

/** A list of one buffer. */
export function vector(bytes: Uint8Array): usize {
  const at = memory.data(8, 8);
  store<usize>(at, bytes.dataStart);
  store<i32>(at, bytes.byteLength, 4);
  return at;
}

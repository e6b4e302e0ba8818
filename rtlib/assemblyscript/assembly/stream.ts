// Streams of bytes.

import { Failure, Result } from "./result";

/** Something that bytes are read from and written to. */
export abstract class Stream {
  /** Reads what is there into the buffer, waiting for some. Answers how much; 0 at the end. */
  abstract read(buffer: Uint8Array): Result<i32>;

  /** Writes some of the bytes. Answers how many. */
  abstract write(bytes: Uint8Array): Result<i32>;

  /** Writes all of the bytes. */
  writeAll(bytes: Uint8Array): Failure | null {
    let at = 0;
    while (at < bytes.length) {
      const n = this.write(bytes.subarray(at));
      if (!n.ok) return n.error;
      at += n.value;
    }
    return null;
  }

  /** Writes a string as UTF-8. */
  print(text: string): Failure | null {
    return this.writeAll(Uint8Array.wrap(String.UTF8.encode(text)));
  }

  /** Fills the buffer. Fails if the stream ends before. */
  readExactly(buffer: Uint8Array): Failure | null {
    let at = 0;
    while (at < buffer.length) {
      const n = this.read(buffer.subarray(at));
      if (!n.ok) return n.error;
      if (n.value == 0) return new Failure("the stream has ended");
      at += n.value;
    }
    return null;
  }

  /** Reads until the end, at most so many bytes. */
  readAll(most: i32 = 1 << 20): Result<Uint8Array> {
    let buffer = new Uint8Array(min(most, 4096));
    let at = 0;
    while (at < most) {
      if (at == buffer.length) {
        const larger = new Uint8Array(min(2 * at, most));
        larger.set(buffer);
        buffer = larger;
      }
      const n = this.read(buffer.subarray(at));
      if (!n.ok) return Result.failed<Uint8Array>(n.error!);
      if (n.value == 0) break;
      at += n.value;
    }
    return Result.of<Uint8Array>(buffer.slice(0, at));
  }
}

/** Reads the lines of a stream. It reads ahead: use nothing else to read from the stream. */
export class Lines {
  private buffer: Uint8Array = new Uint8Array(1024);
  private from: i32 = 0;
  private to: i32 = 0;

  /** Why there are no more lines; null at the end of the stream. */
  error: Failure | null = null;

  constructor(
    private stream: Stream,
    /** A line that is longer, in bytes, is a failure. */
    private longest: i32 = 1 << 16,
  ) {}

  /** The next line without its end (`\n` or `\r\n`); null if there is none: see `error`. */
  next(): string | null {
    this.error = null;
    let seen = this.from;
    for (;;) {
      for (; seen < this.to; seen++) {
        if (this.buffer[seen] == 10) return this.line(seen, seen + 1);
      }
      if (seen - this.from > this.longest) {
        this.error = new Failure("a line of more than " + this.longest.toString() + " bytes");
        break;
      }
      seen -= this.from;
      this.makeRoom();
      const n = this.stream.read(this.buffer.subarray(this.to));
      if (!n.ok) {
        this.error = n.error;
        break;
      }
      if (n.value == 0) return this.to > this.from ? this.line(this.to, this.to) : null;
      this.to += n.value;
    }
    return null;
  }

  /** The line up to `end`; the next one begins at `next`. */
  private line(end: i32, next: i32): string {
    const from = this.from;
    this.from = next;
    if (end > from && this.buffer[end - 1] == 13) end--;
    return String.UTF8.decodeUnsafe(this.buffer.dataStart + from, end - from);
  }

  /** Moves what is left to the beginning, and grows the buffer if it is full. */
  private makeRoom(): void {
    const left = this.to - this.from;
    const old = this.buffer;
    if (left == old.length) this.buffer = new Uint8Array(2 * left);
    memory.copy(this.buffer.dataStart, old.dataStart + this.from, left);
    this.from = 0;
    this.to = left;
  }
}

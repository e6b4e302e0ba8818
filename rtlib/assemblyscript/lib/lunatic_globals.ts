// What stands behind AssemblyScript's own globals in a program that runs under lunatic-run: abort,
// trace, console, process, performance, crypto, Date and the seed of Math.random, on top of WASI.
// asconfig.json puts each in the place of the one with the same name (--use NAME=lunatic_NAME), so
// that a program imports nothing from a JavaScript host. All exports of this file are globals.

import { Date as StandardDate } from "date";

// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_write")
declare function fd_write(fd: i32, iovs: usize, n: u32, written: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_read")
declare function fd_read(fd: i32, iovs: usize, n: u32, read: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "args_sizes_get")
declare function args_sizes_get(count: usize, size: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "args_get")
declare function args_get(pointers: usize, buffer: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "environ_sizes_get")
declare function environ_sizes_get(count: usize, size: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "environ_get")
declare function environ_get(pointers: usize, buffer: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "clock_time_get")
declare function clock_time_get(clock: u32, precision: u64, time: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "random_get")
declare function random_get(buffer: usize, length: u32): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "proc_exit")
declare function proc_exit(code: u32): void;

// Two buffers for fd_write, and what host calls answer.
// @ts-ignore: decorator
@lazy const iovs = memory.data(16, 8);
// @ts-ignore: decorator
@lazy const out = memory.data(16, 8);

/** Writes all of the bytes, as far as anybody takes them. */
function write(fd: i32, at: usize, left: usize): void {
  while (left > 0) {
    store<usize>(iovs, at);
    store<usize>(iovs, left, 4);
    if (fd_write(fd, iovs, 1, out) != 0) return;
    const n = load<u32>(out);
    if (n == 0) return;
    at += n;
    left -= n;
  }
}

function print(fd: i32, text: string): void {
  const bytes = String.UTF8.encode(text);
  write(fd, changetype<usize>(bytes), bytes.byteLength);
}

// ---- abort ----

// @ts-ignore: decorator
@lazy const report = memory.data(1024);
// @ts-ignore: decorator
@lazy let reported: usize = 0;

/** Appends text to the report. It allocates nothing: memory may be what has run out. */
function say(text: string): void {
  let at = changetype<usize>(text);
  let left = text.length;
  while (left > 0) {
    const n = min(left, 256);
    if (reported + 3 * n > 1024) flushReport();
    reported += String.UTF8.encodeUnsafe(at, n, report + reported);
    at += <usize>n << 1;
    left -= n;
  }
}

function sayNumber(n: u32): void {
  if (n >= 10) sayNumber(n / 10);
  store<u8>(report + reported++, 48 + <u8>(n % 10));
}

function flushReport(): void {
  write(2, report, reported);
  reported = 0;
}

/** Says what is wrong and where, on standard error, and traps. */
export function lunatic_abort(message: string | null = null, file: string | null = null, line: u32 = 0, column: u32 = 0): void {
  say("abort: ");
  say(message ? message : "no message");
  if (file) {
    say(" at ");
    say(file);
    say(":");
    sayNumber(line);
    say(":");
    sayNumber(column);
  }
  say("\n");
  flushReport();
  unreachable();
}

/** Writes a line to standard error, as AssemblyScript's trace does. */
export function lunatic_trace(message: string, n: i32 = 0, a0: f64 = 0, a1: f64 = 0, a2: f64 = 0, a3: f64 = 0, a4: f64 = 0): void {
  let text = "trace: " + message;
  if (n > 0) text += " " + a0.toString();
  if (n > 1) text += ", " + a1.toString();
  if (n > 2) text += ", " + a2.toString();
  if (n > 3) text += ", " + a3.toString();
  if (n > 4) text += ", " + a4.toString();
  print(2, text + "\n");
}

/** What Math.random starts from. */
export function lunatic_seed(): f64 {
  random_get(out, 8);
  return reinterpret<f64>(load<u64>(out));
}

// ---- Time ----

/** Nanoseconds of a clock of WASI: 0 is that of the day, 1 runs evenly. */
function nanoseconds(clock: u32): u64 {
  clock_time_get(clock, 1, out);
  return load<u64>(out);
}

export namespace lunatic_performance {
  /** Milliseconds, from an origin of no meaning. */
  export function now(): f64 {
    return <f64>nanoseconds(1) / 1_000_000;
  }
}

export class lunatic_Date extends StandardDate {
  /** Milliseconds since 1970. */
  static now(): i64 {
    return <i64>(nanoseconds(0) / 1_000_000);
  }
}

// ---- crypto ----

export namespace lunatic_crypto {
  export function getRandomValues(array: Uint8Array): void {
    random_get(array.dataStart, array.byteLength);
  }
}

// ---- console ----

// @ts-ignore: decorator
@lazy const since = new Map<string, u64>();

export namespace lunatic_console {
  export function log(message: string = ""): void {
    print(1, message + "\n");
  }

  export function info(message: string = ""): void {
    print(1, message + "\n");
  }

  export function debug(message: string = ""): void {
    print(1, message + "\n");
  }

  export function warn(message: string = ""): void {
    print(2, message + "\n");
  }

  export function error(message: string = ""): void {
    print(2, message + "\n");
  }

  export function assert<T>(condition: T, message: string = ""): void {
    if (!condition) print(2, "Assertion failed: " + message + "\n");
  }

  export function time(label: string = "default"): void {
    since.set(label, nanoseconds(1));
  }

  export function timeLog(label: string = "default"): void {
    if (since.has(label)) log(label + ": " + (<f64>(nanoseconds(1) - since.get(label)) / 1_000_000).toString() + "ms");
  }

  export function timeEnd(label: string = "default"): void {
    timeLog(label);
    since.delete(label);
  }
}

// ---- process ----

/** The strings of args_get or environ_get. */
function strings(count: u32, size: u32, get: (pointers: usize, buffer: usize) => u32): string[] {
  const all: string[] = [];
  if (count == 0) return all;
  const pointers = new StaticArray<usize>(count);
  const buffer = new ArrayBuffer(size);
  if (get(changetype<usize>(pointers), changetype<usize>(buffer)) != 0) return all;
  for (let i: u32 = 0; i < count; i++) {
    const from = pointers[i];
    const to = i + 1 < count ? pointers[i + 1] : changetype<usize>(buffer) + size;
    all.push(String.UTF8.decodeUnsafe(from, to - from - 1)); // without the zero behind it
  }
  return all;
}

function argv(): string[] {
  if (args_sizes_get(out, out + 4) != 0) return [];
  return strings(load<u32>(out), load<u32>(out, 4), (pointers, buffer) => args_get(pointers, buffer));
}

function environment(): Map<string, string> {
  const all = new Map<string, string>();
  if (environ_sizes_get(out, out + 4) != 0) return all;
  const pairs = strings(load<u32>(out), load<u32>(out, 4), (pointers, buffer) => environ_get(pointers, buffer));
  for (let i = 0; i < pairs.length; i++) {
    const at = pairs[i].indexOf("=");
    if (at >= 0) all.set(pairs[i].substring(0, at), pairs[i].substring(at + 1));
  }
  return all;
}

export namespace lunatic_process {
  // @ts-ignore: decorator
  @lazy export const arch = "wasm32";
  // @ts-ignore: decorator
  @lazy export const platform = "wasm";
  /** The arguments; the first is the program's name. */
  // @ts-ignore: decorator
  @lazy export const argv: string[] = argv();
  // @ts-ignore: decorator
  @lazy export const env: Map<string, string> = environment();

  /** Ends this process: normally if the code is 0, else as a failure. */
  export function exit(code: i32 = 0): void {
    proc_exit(code);
    unreachable();
  }

  /** Milliseconds since 1970. */
  export function time(): i64 {
    return <i64>(nanoseconds(0) / 1_000_000);
  }

  /** Nanoseconds of a clock that runs evenly. */
  export function hrtime(): u64 {
    return nanoseconds(1);
  }

  export namespace stdout {
    export function write(text: string): void {
      print(1, text);
    }
  }

  export namespace stderr {
    export function write(text: string): void {
      print(2, text);
    }
  }

  export namespace stdin {
    /** Reads what is there into the buffer, waiting for some. Answers how much; 0 at the end. */
    export function read(buffer: Uint8Array): i32 {
      store<usize>(iovs, buffer.dataStart);
      store<i32>(iovs, buffer.byteLength, 4);
      if (fd_read(0, iovs, 1, out) != 0) return 0;
      return load<i32>(out);
    }
  }
}

// What messages can hold, and how they are read.

import { Mailbox, Pid, Process, Reader, Writer, attempt, attemptWith, decode, encode } from "../assembly/index";

function check(what: string, ok: bool): void {
  console.log(what + ": " + (ok ? "same" : "DIFFERENT"));
}

function back<T>(value: T): T {
  return decode<T>(encode<T>(value));
}

class Point {
  constructor(public x: i32, public name: string) {}
  encode(w: Writer): void { w.i32(this.x); w.string(this.name); }
  decode(r: Reader): void { this.x = r.i32(); this.name = r.string(); }
}

class Path extends Point {
  points: Point[] = [];
  next: Path | null = null;
  constructor() { super(1, "path"); }
  encode(w: Writer): void { super.encode(w); w.write(this.points); w.write(this.next); }
  decode(r: Reader): void { super.decode(r); this.points = r.read<Point[]>(); this.next = r.read<Path | null>(); }
}

enum Color { Red, Green = 7 }

function numbers(): void {
  check("i8", back<i8>(-128) == -128);
  check("u16", back<u16>(65535) == 65535);
  check("i32", back<i32>(i32.MIN_VALUE) == i32.MIN_VALUE);
  check("u64", back<u64>(u64.MAX_VALUE) == u64.MAX_VALUE);
  check("f32", back<f32>(1.5) == 1.5);
  check("f64", back<f64>(0.1) == 0.1);
  check("NaN", isNaN(back<f64>(NaN)));
  check("bool", back<bool>(true) && !back<bool>(false));
  check("enum", back<Color>(Color.Green) == Color.Green);
}

function strings(): void {
  check("string", back<string>("gr\u00fc\u00df \u20ac \u{1F600}") == "gr\u00fc\u00df \u20ac \u{1F600}");
  check("empty string", back<string>("") == "");
  check("half a pair", back<string>("a\ud83d") == "a\ud83d");
  check("null", back<string | null>(null) === null);
  check("not null", back<string | null>("x")! == "x");
}

function lists(): void {
  check("array", back<i32[]>([1, -2, 3]).join() == "1,-2,3");
  check("empty array", back<i32[]>([]).length == 0);
  check("strings", back<string[]>(["a", "", "c"]).join() == "a,,c");
  check("arrays in an array", back<string[][]>([["a"], [], ["b", "c"]])[2].join() == "b,c");
  check("nulls in an array", back<(string | null)[]>(["a", null])[1] === null);
  const fixed: StaticArray<f64> = [1.5, 2.5];
  check("static array", back<StaticArray<f64>>(fixed)[1] == 2.5);
  const names: StaticArray<string> = ["a", "b"];
  check("static array of strings", back<StaticArray<string>>(names)[1] == "b");
  const floats = new Float32Array(3);
  floats[2] = 0.5;
  check("typed array", back<Float32Array>(floats)[2] == 0.5 && back<Float32Array>(floats).length == 3);
  check("part of a typed array", back<Float32Array>(floats.subarray(2))[0] == 0.5);
  const buffer = new ArrayBuffer(3);
  store<u8>(changetype<usize>(buffer), 9, 2);
  check("array buffer", load<u8>(changetype<usize>(back<ArrayBuffer>(buffer)), 2) == 9);
}

function collections(): void {
  const map = new Map<string, i32[]>();
  map.set("a", [1]);
  map.set("b", [2, 3]);
  const m = back<Map<string, i32[]>>(map);
  check("map", m.size == 2 && m.get("b")[1] == 3);
  const set = new Set<u64>();
  set.add(1 << 40);
  check("set", back<Set<u64>>(set).has(1 << 40) && back<Set<u64>>(set).size == 1);
}

function objects(): void {
  const path = new Path();
  path.points.push(new Point(2, "two"));
  path.next = new Path();
  path.next!.x = 5;
  const p = back<Path>(path);
  check("object", p.x == 1 && p.name == "path");
  check("objects in it", p.points.length == 1 && p.points[0].name == "two");
  check("object or null", p.next!.x == 5 && p.next!.next === null);
  check("process", back<Pid>(new Pid(77)).id == 77);
  check("function", back<(n: i32) => i32>((n: i32): i32 => n + 1)(41) == 42);
}

/** Bytes that are not what is read out of them trap, and cost nothing. */
function malformed(): void {
  const wrong: ((bytes: Uint8Array) => void)[] = [
    (b) => { decode<u64>(b); },
    (b) => { decode<string>(b); },
    (b) => { decode<i32[]>(b); },
    (b) => { decode<string[]>(b); },
    (b) => { decode<StaticArray<u16>>(b); },
    (b) => { decode<Float64Array>(b); },
    (b) => { decode<ArrayBuffer>(b); },
    (b) => { decode<Map<string, i32>>(b); },
    (b) => { decode<Path>(b); },
  ];
  let trapped = 0;
  for (let i = 0; i < wrong.length; i++) {
    // A length of 2^31 - 1, or of -1, and nothing behind it.
    if (!attemptWith(encode<i32>(i32.MAX_VALUE), wrong[i])) trapped++;
    if (!attemptWith(encode<i32>(-1), wrong[i])) trapped++;
  }
  console.log("trapped: " + trapped.toString() + " of 18, memory: " + (memory.size() < 16 ? "small" : "LARGE"));
}

/** A string, and a Uint8Array, are just their bytes: they can be taken for each other. */
function raw(): void {
  Process.self<string>().send("caf\u00e9");
  const bytes = new Mailbox<Uint8Array>().take();
  console.log("bytes of a string: " + bytes.length.toString());
  Process.self<Uint8Array>().send(bytes);
  console.log("string of bytes: " + new Mailbox<string>().take());
  Process.self<u32>().send(0x01020304);
  console.log("first byte of a number: " + new Mailbox<Uint8Array>().take()[0].toString());
}

/** A message that sends another one while it is written. */
class Eager {
  constructor(public to: Process<string>, public text: string) {}
  encode(w: Writer): void {
    w.write(this.to);
    this.to.send("from within");
    w.string(this.text);
  }
  decode(r: Reader): void {
    this.to = r.read<Process<string>>();
    this.text = r.string();
  }
}

function nested(): void {
  const echo = Process.spawn<Eager>((mailbox) => {
    const e = mailbox.take();
    e.to.send(e.text);
  }).value;
  echo.send(new Eager(Process.self<string>(), "after all"));
  const inbox = new Mailbox<string>();
  console.log("nested: " + inbox.take() + ", " + inbox.take());
}

/** Traps leave the collector's stack as it was. */
function deep(n: i32): void {
  const text = n.toString();
  if (n == 0) unreachable();
  deep(n - 1);
  assert(text == n.toString());
}

function traps(): void {
  let caught = 0;
  for (let i = 0; i < 2000; i++) if (!attempt(() => { deep(100); })) caught++;
  console.log("caught: " + caught.toString());
  const box = new Point(1, "box");
  console.log("came to its end: " + attemptWith(box, (p) => { p.x = 2; }).toString() + ", " + box.x.toString());
}

export function _start(): void {
  numbers();
  strings();
  lists();
  collections();
  objects();
  malformed();
  raw();
  nested();
  traps();
}

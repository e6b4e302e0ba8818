// AssemblyScript with its incremental collector: classes and interfaces, maps, arrays,
// strings, function references, and memory that grows. The import that blocks is called in
// the middle of recursion that allocates, while references live on the collector's shadow
// stack in linear memory.

// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "poll_oneoff")
declare function poll_oneoff(subscriptions: usize, events: usize, n: u32, count: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_write")
declare function fd_write(fd: i32, vectors: usize, n: u32, written: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "proc_exit")
declare function proc_exit(code: u32): void;

const subscription = memory.data(48, 8);
const event = memory.data(32, 8);
const vector = memory.data(12, 4);

let naps = 0;

// nap sleeps for one millisecond: a subscription to the monotonic clock.
function nap(): void {
  naps++;
  memory.fill(subscription, 0, 48);
  store<u32>(subscription, 1, 16);
  store<u64>(subscription, 1_000_000, 24);
  poll_oneoff(subscription, event, 1, vector);
}

function writeTo(fd: i32, s: string): void {
  const bytes = String.UTF8.encode(s + "\n");
  let at = changetype<usize>(bytes);
  let left = bytes.byteLength;
  while (left > 0) {
    store<usize>(vector, at);
    store<u32>(vector, left, 4);
    if (fd_write(fd, vector, 1, vector + 8) != 0) proc_exit(74);
    const n = load<u32>(vector, 8);
    at += n;
    left -= n;
  }
}

function print(s: string): void {
  writeTo(1, s);
}

// The compiler is told to call this instead of env.abort.
function aborted(message: string | null, file: string | null, line: u32, column: u32): void {
  writeTo(2, "abort: " + (message ? message : "") + " at " + line.toString());
  proc_exit(134);
}

let state: u32 = 2463534242;
function random(): u32 {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

// ---- Classes ----

interface Shape {
  area(): f64;
}

class Square implements Shape {
  constructor(public side: f64) {}
  area(): f64 {
    return this.side * this.side;
  }
}

class Tall extends Square {
  constructor(side: f64, public factor: f64) {
    super(side);
  }
  area(): f64 {
    nap();
    return super.area() * this.factor;
  }
}

function shapes(): void {
  const all: Shape[] = [];
  for (let i = 1; i <= 10; i++) {
    if (i % 2 == 0) all.push(new Tall(i, 0.5));
    else all.push(new Square(i));
  }
  let sum = 0.0;
  for (let i = 0; i < all.length; i++) sum += all[i].area();
  print("shapes: " + sum.toString());
}

// ---- Operands of every type on the stack while the call blocks ----

// A Back sleeps and returns its argument. It is called through an array, where the
// optimiser does not see it and leaves the call in the middle of the expression.
type Back<T> = (v: T) => T;
const i32s: Back<i32>[] = [(v: i32) => { nap(); return v; }];
const i64s: Back<i64>[] = [(v: i64) => { nap(); return v; }];
const f32s: Back<f32>[] = [(v: f32) => { nap(); return v; }];
const f64s: Back<f64>[] = [(v: f64) => { nap(); return v; }];

function operands(): void {
  let i: i32 = 7;
  let l: i64 = 1099511627781;
  let f: f32 = 1.5;
  let d = 0.1;
  for (let k = 0; k < 5; k++) {
    i = (i * 31 + k) ^ i32s[0](i & 255);
    l = (l * 7 + k) - i64s[0](l >> 2) * 3;
    f = f * 0.5 + f32s[0](f + <f32>k) / 4;
    d = (d + k) * f64s[0](d - k) / (1.0 + f64s[0](Math.abs(d)));
  }
  print("operands: " + i.toString() + " " + l.toString() + " " + (<f64>f).toString() + " " + reinterpret<u64>(d).toString(16));
}

// ---- Recursion that allocates and sleeps ----

class Tree {
  left: Tree | null = null;
  right: Tree | null = null;
  label: string;
  constructor(public key: i32) {
    this.label = "node " + key.toString();
  }
}

function build(lo: i32, hi: i32): Tree | null {
  if (lo > hi) return null;
  const mid = (lo + hi) >> 1;
  const garbage = new Array<string>(8);
  for (let i = 0; i < 8; i++) garbage[i] = mid.toString() + ":" + i.toString();
  const t = new Tree(mid);
  t.left = build(lo, mid - 1);
  if (mid % 97 == 0) nap(); // garbage, t and every caller's tree are live
  t.right = build(mid + 1, hi);
  assert(garbage[7] == mid.toString() + ":7", "collected too early");
  return t;
}

function check(t: Tree | null): i64 {
  if (!t) return 0;
  assert(t.label == "node " + t.key.toString(), "label is lost");
  return check(t.left) + check(t.right) + t.key;
}

function trees(): void {
  let total: i64 = 0;
  for (let round = 0; round < 3; round++) total += check(build(1, 2000)); // 2000 * 2001 / 2 each
  print("trees: " + total.toString());
}

// ---- Library ----

function byLowDigits(a: u32, b: u32): i32 {
  if (random() % 1500 == 0) nap();
  const x = a % 1000, y = b % 1000;
  if (x != y) return x < y ? -1 : 1;
  return a < b ? -1 : i32(a > b);
}

function library(): void {
  const counts = new Map<string, i32>();
  for (let i = 0; i < 6000; i++) {
    const key = "k" + (random() % 300).toString();
    counts.set(key, (counts.has(key) ? counts.get(key) : 0) + 1);
  }
  const keys = counts.keys().sort();
  let sum = 0;
  for (let i = 0; i < keys.length; i++) sum += counts.get(keys[i]);
  print("map: " + counts.size.toString() + " keys, sum " + sum.toString() + ", first " + keys[0] + " " + counts.get(keys[0]).toString());
  for (let i = 0; i < keys.length; i += 2) counts.delete(keys[i]);
  print("deleted: " + counts.size.toString() + ", " + (counts.has(keys[0]) ? "STILL THERE" : "gone"));

  const a = new Array<u32>();
  for (let i = 0; i < 3000; i++) a.push(random());
  a.sort(byLowDigits);
  let sorted = true;
  for (let i = 1; i < a.length; i++) sorted = sorted && a[i - 1] % 1000 <= a[i] % 1000;
  print("sort: " + (sorted ? "sorted" : "NOT SORTED"));
  const squares = [1, 2, 3, 4, 5, 6].map<i32>((v) => { nap(); return v * v; }).filter((v) => v % 2 == 0);
  print("map and filter: " + squares.join(" ") + ", " + squares.reduce((s, v) => s + v, 0).toString());
  const words = "the quick brown fox jumps over the lazy dog".split(" ");
  print("words: " + words.reverse().join(" ").toUpperCase() + ", " + words.indexOf("fox").toString());
  print("numbers: " + (1.0 / 3).toString() + " " + (1e21).toString() + " " + u64.MAX_VALUE.toString() + " " + parseInt("7f", 16).toString());
  print("utf-16: " + "gr\u00fc\u00df \u20ac \u{1F600}".length.toString() + " gr\u00fc\u00df \u20ac \u{1F600}");
  const set = new Set<i32>();
  for (let i = 0; i < 1000; i++) set.add(i * i % 97);
  print("set: " + set.size.toString());
  const bytes = new Uint8Array(256);
  for (let i = 0; i < 256; i++) bytes[i] = i as u8;
  const view = new DataView(bytes.buffer, 8, 8);
  print("view: " + view.getUint32(0, true).toString(16) + " " + view.getUint16(2, false).toString(16));
}

// ---- Memory that grows ----

function grow(): void {
  const before = memory.size();
  const kept: Uint32Array[] = [];
  for (let i = 0; i < 200; i++) {
    const block = new Uint32Array(4096); // 16 KiB
    for (let j = 0; j < 4096; j += 64) block[j] = i * 4096 + j;
    if (i % 2 == 0) kept.push(block);
    if (i % 20 == 0) nap();
  }
  let wrong = 0;
  for (let i = 0; i < kept.length; i++) for (let j = 0; j < 4096; j += 64) wrong += i32(kept[i][j] != u32(i * 2 * 4096 + j));
  print("memory: " + (memory.size() > before ? "grew" : "DID NOT GROW") + ", " + wrong.toString() + " words wrong");
  __collect();
}

export function _start(): void {
  shapes();
  operands();
  trees();
  library();
  grow();
  print("naps: " + naps.toString());
}

// From values to the bytes of a message.

import * as message from "./host/message";

/** What a message can carry beside bytes. */
export const enum Attachment {
  Module,
  TcpStream,
  TlsStream,
  UdpSocket,
}

/**
 * Writes values as bytes, one after another.
 *
 * `write` takes any value that can be sent:
 *
 * - numbers and booleans, little-endian in their own size;
 * - strings, as UTF-8;
 * - arrays, static arrays, typed arrays, array buffers, maps and sets of such values;
 * - null, where the type allows it;
 * - functions, which are only good in processes of the same module;
 * - objects of a class with the methods `encode(w: Writer): void` and `decode(r: Reader): void`.
 *
 * A value that contains itself cannot be sent.
 */
export class Writer {
  private buffer: ArrayBuffer = new ArrayBuffer(128);
  private size: i32 = 0;
  private kinds: Array<Attachment> | null = null;
  private ids: Array<u64> | null = null;

  /** The number of bytes that have been written. */
  get length(): i32 {
    return this.size;
  }

  /** The bytes that have been written. */
  bytes(): Uint8Array {
    if (this.kinds) abort("sockets and modules cannot be kept as bytes");
    return Uint8Array.wrap(this.buffer.slice(0, this.size));
  }

  /** Forgets what has been written. */
  clear(): void {
    this.size = 0;
    this.kinds = null;
    this.ids = null;
    if (this.buffer.byteLength > 1 << 16) this.buffer = new ArrayBuffer(128);
  }

  /** Makes room for n bytes at the end; answers where they are. */
  private grow(n: i32): usize {
    const at = this.size;
    const size = at + n;
    let room = this.buffer.byteLength;
    if (<u32>size > <u32>room) {
      while (<u32>room < <u32>size) room = room << 1;
      const larger = new ArrayBuffer(room);
      memory.copy(changetype<usize>(larger), changetype<usize>(this.buffer), at);
      this.buffer = larger;
    }
    this.size = size;
    return changetype<usize>(this.buffer) + at;
  }

  /** Writes a number or boolean in its own size. */
  number<T>(value: T): void {
    store<T>(this.grow(<i32>sizeof<T>()), value);
  }

  /** Writes a byte. */
  u8(value: u8): void {
    this.number<u8>(value);
  }

  /** Writes a boolean as a byte. */
  bool(value: bool): void {
    this.number<bool>(value);
  }

  /** Writes 4 bytes. */
  i32(value: i32): void {
    this.number<i32>(value);
  }

  /** Writes 4 bytes. */
  u32(value: u32): void {
    this.number<u32>(value);
  }

  /** Writes 8 bytes. */
  i64(value: i64): void {
    this.number<i64>(value);
  }

  /** Writes 8 bytes. */
  u64(value: u64): void {
    this.number<u64>(value);
  }

  /** Writes 8 bytes. */
  f64(value: f64): void {
    this.number<f64>(value);
  }

  /** Writes bytes as they are, without their number. */
  raw(from: usize, length: i32): void {
    memory.copy(this.grow(length), from, length);
  }

  /** Writes a string as UTF-8, without its length. */
  text(value: string): void {
    const length = String.UTF8.byteLength(value);
    String.UTF8.encodeUnsafe(changetype<usize>(value), value.length, this.grow(length));
  }

  /** Writes the length of a string in bytes, and the string as UTF-8. */
  string(value: string): void {
    this.i32(String.UTF8.byteLength(value));
    this.text(value);
  }

  /** Attaches a resource, and writes its number. */
  attach(kind: Attachment, id: u64): void {
    if (!this.kinds) {
      this.kinds = [];
      this.ids = [];
    }
    this.kinds!.push(kind);
    this.ids!.push(id);
    this.i32(this.kinds!.length - 1);
  }

  /** Writes any value that can be sent. */
  write<T>(value: T): void {
    if (isNullable<T>()) {
      const there = changetype<usize>(value) != 0;
      this.bool(there);
      if (there) this.present(<NonNullable<T>>value);
    } else {
      this.present(value);
    }
  }

  private present<T>(value: T): void {
    if (isFunction<T>()) {
      this.u32(changetype<u32>(changetype<usize>(value)));
    } else if (!isReference<T>()) {
      this.number<T>(value);
    } else if (isString<T>()) {
      this.string(changetype<string>(value));
    } else if (isDefined(value.encode)) {
      value.encode(this);
    } else if (value instanceof Map) {
      this.map(value);
    } else if (value instanceof Set) {
      this.set(value);
    } else if (value instanceof ArrayBuffer) {
      this.i32(value.byteLength);
      this.raw(changetype<usize>(value), value.byteLength);
    } else if (isArrayLike<T>() && isDefined(value[0])) {
      this.list<T, valueof<T>>(value);
    } else {
      ERROR("a value of this class cannot be sent: it needs encode(w: Writer): void and decode(r: Reader): void");
    }
  }

  private list<T, E>(values: T): void {
    // @ts-ignore: it is like an array
    const length = values.length;
    this.i32(length);
    if (!isReference<E>()) {
      const size = <i32>(<usize>length << alignof<E>());
      // @ts-ignore: it is like an array
      this.raw(values instanceof StaticArray ? changetype<usize>(values) : values.dataStart, size);
    } else {
      // @ts-ignore: it is like an array
      for (let i = 0; i < length; i++) this.write<E>(values[i]);
    }
  }

  private map<K, V>(values: Map<K, V>): void {
    const keys = values.keys();
    this.i32(keys.length);
    for (let i = 0; i < keys.length; i++) {
      this.write<K>(keys[i]);
      this.write<V>(values.get(keys[i]));
    }
  }

  private set<E>(set: Set<E>): void {
    const values = set.values();
    this.i32(values.length);
    for (let i = 0; i < values.length; i++) this.write<E>(values[i]);
  }

  /**
   * Writes a whole message. A string, and a Uint8Array, are just their bytes: so programs in
   * other languages can read them without knowing of this format.
   */
  message<M>(value: M): void {
    if (isNullable<M>() || !isReference<M>()) {
      this.write<M>(value);
    } else if (isString<M>()) {
      this.text(changetype<string>(value));
    } else if (value instanceof Uint8Array) {
      this.raw(value.dataStart, value.byteLength);
    } else {
      this.write<M>(value);
    }
  }

  /** Sends what has been written. */
  send(to: u64, tag: i64): void {
    if (!this.kinds) {
      message.send_data(to, tag, changetype<usize>(this.buffer), this.size);
    } else {
      this.put(tag);
      message.send(to);
    }
  }

  /** Puts what has been written into the scratch slot. */
  put(tag: i64): void {
    message.create_data(tag, this.size);
    message.write_data(changetype<usize>(this.buffer), this.size);
    const kinds = this.kinds;
    const ids = this.ids;
    if (!kinds || !ids) return;
    for (let i = 0; i < kinds.length; i++) {
      switch (kinds[i]) {
        case Attachment.Module: message.push_module(ids[i]); break;
        case Attachment.TcpStream: message.push_tcp_stream(ids[i]); break;
        case Attachment.TlsStream: message.push_tls_stream(ids[i]); break;
        case Attachment.UdpSocket: message.push_udp_socket(ids[i]); break;
      }
    }
  }
}

// The writer that is not in use. An encode may send a message of its own: then there are two.
let spare: Writer | null = null;

/** An empty writer, for a message. */
export function borrow(): Writer {
  const w = spare;
  if (!w) return new Writer();
  spare = null;
  w.clear();
  return w;
}

/** Gives a writer back. */
export function giveBack(w: Writer): void {
  spare = w;
}

/** The bytes of a value: what `write` makes of it. */
export function encode<T>(value: T): Uint8Array {
  const w = new Writer();
  w.write<T>(value);
  return w.bytes();
}

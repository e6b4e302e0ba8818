// From the bytes of a message to values.

import * as message from "./host/message";
import { BUFFER, BUFFER_SIZE, INFO } from "./scratch";
import { nothing } from "./result";
import { Attachment } from "./writer";

const TOO_SHORT = "a message ends early: was a value of another type sent?";

/** Reads what a Writer has written. Traps if the bytes end early: it was another type. */
export class Reader {
  constructor(
    private at: usize,
    private end: usize,
    // Keeps the bytes alive.
    private owner: ArrayBuffer | null = null,
  ) {}

  /** A reader of bytes of your own. */
  static of(bytes: Uint8Array): Reader {
    return new Reader(bytes.dataStart, bytes.dataStart + bytes.byteLength, bytes.buffer);
  }

  /** The number of bytes that are left. */
  get left(): i32 {
    return <i32>(this.end - this.at);
  }

  /** Takes n bytes; answers where they are. */
  private take(n: i32): usize {
    if (<u32>n > <u32>(this.end - this.at)) throw new Error(TOO_SHORT);
    const at = this.at;
    this.at = at + n;
    return at;
  }

  /** Reads a number or boolean in its own size. */
  number<T>(): T {
    return load<T>(this.take(<i32>sizeof<T>()));
  }

  /** Reads a byte. */
  u8(): u8 {
    return this.number<u8>();
  }

  /** Reads a byte as a boolean. */
  bool(): bool {
    return this.number<u8>() != 0;
  }

  /** Reads 4 bytes. */
  i32(): i32 {
    return this.number<i32>();
  }

  /** Reads 4 bytes. */
  u32(): u32 {
    return this.number<u32>();
  }

  /** Reads 8 bytes. */
  i64(): i64 {
    return this.number<i64>();
  }

  /** Reads 8 bytes. */
  u64(): u64 {
    return this.number<u64>();
  }

  /** Reads 8 bytes. */
  f64(): f64 {
    return this.number<f64>();
  }

  /** Reads n bytes of UTF-8. */
  text(n: i32): string {
    return String.UTF8.decodeUnsafe(this.take(n), n);
  }

  /** Reads a string with its length before it. */
  string(): string {
    return this.text(this.i32());
  }

  /** Reads n bytes. */
  raw(n: i32): Uint8Array {
    const from = this.take(n);
    const bytes = new Uint8Array(n);
    memory.copy(bytes.dataStart, from, n);
    return bytes;
  }

  /** Takes the attachment whose number comes next; answers its id. */
  attachment(kind: Attachment): u64 {
    const i = <u64>this.i32();
    switch (kind) {
      case Attachment.Module: return message.take_module(i);
      case Attachment.TcpStream: return message.take_tcp_stream(i);
      case Attachment.TlsStream: return message.take_tls_stream(i);
      default: return message.take_udp_socket(i);
    }
  }

  /** Reads a value of any type that can be sent. */
  read<T>(): T {
    if (isNullable<T>()) {
      if (!this.bool()) return changetype<T>(0);
      return changetype<T>(this.present<NonNullable<T>>());
    }
    return this.present<T>();
  }

  private present<T>(): T {
    // What it says about the type is asked of a null that nobody touches.
    const like = nothing<T>();
    if (isFunction<T>()) {
      return changetype<T>(<usize>this.u32());
    } else if (!isReference<T>()) {
      return this.number<T>();
    } else if (isString<T>()) {
      return changetype<T>(this.string());
    } else if (isDefined(like.decode)) {
      // The constructor is not called: decode sets every field.
      const value = changetype<T>(__new(offsetof<T>(), idof<T>()));
      value.decode(this);
      return value;
    } else if (like instanceof Map) {
      return changetype<T>(this.map(like));
    } else if (like instanceof Set) {
      return changetype<T>(this.set(like));
    } else if (like instanceof ArrayBuffer) {
      const size = this.i32();
      const from = this.take(size);
      const value = new ArrayBuffer(size);
      memory.copy(changetype<usize>(value), from, size);
      return changetype<T>(value);
    } else if (like instanceof StaticArray) {
      return changetype<T>(this.staticArray<valueof<T>>());
    } else if (isArray<T>()) {
      return changetype<T>(this.array<valueof<T>>());
    } else if (isArrayLike<T>() && isDefined(like[0])) {
      const length = this.length<valueof<T>>();
      const size = length << <i32>alignof<valueof<T>>();
      const from = this.take(size);
      const value = instantiate<T>(length);
      memory.copy(value.dataStart, from, size);
      return value;
    } else {
      ERROR("a value of this class cannot be received: it needs encode(w: Writer): void and decode(r: Reader): void");
    }
  }

  /** Reads the length of a list. Nothing is allocated for elements that cannot be there. */
  private length<E>(): i32 {
    const length = this.i32();
    let least: u64 = 0; // bytes of an element; an object may have none
    if (!isReference<E>()) least = sizeof<E>();
    else if (isNullable<E>()) least = 1;
    if (length < 0 || <u64>length * least > <u64>this.left) throw new Error(TOO_SHORT);
    return length;
  }

  private array<E>(): Array<E> {
    const length = this.length<E>();
    if (!isReference<E>()) {
      const size = <usize>length << alignof<E>();
      const values = new Array<E>(length);
      memory.copy(values.dataStart, this.take(<i32>size), size);
      return values;
    }
    const values = new Array<E>();
    for (let i = 0; i < length; i++) values.push(this.read<E>());
    return values;
  }

  private staticArray<E>(): StaticArray<E> {
    if (isReference<E>()) return StaticArray.fromArray<E>(this.array<E>());
    const length = this.length<E>();
    const size = <usize>length << alignof<E>();
    const values = new StaticArray<E>(length);
    memory.copy(changetype<usize>(values), this.take(<i32>size), size);
    return values;
  }

  private map<K, V>(like: Map<K, V>): Map<K, V> {
    const values = new Map<K, V>();
    const length = this.length<K>();
    for (let i = 0; i < length; i++) {
      const key = this.read<K>();
      values.set(key, this.read<V>());
    }
    return values;
  }

  private set<E>(like: Set<E>): Set<E> {
    const values = new Set<E>();
    const length = this.length<E>();
    for (let i = 0; i < length; i++) values.add(this.read<E>());
    return values;
  }

  /** Reads a whole message: what Writer.message has written. */
  message<M>(): M {
    if (isNullable<M>() || !isReference<M>()) return this.read<M>();
    if (isString<M>()) return changetype<M>(this.text(this.left));
    if (nothing<M>() instanceof Uint8Array) return changetype<M>(this.raw(this.left));
    return this.read<M>();
  }
}

/** A reader of the data message that receive_data or request_data has just put into the slot. */
export function received(): Reader {
  const size = <usize>load<u64>(INFO);
  if (size <= BUFFER_SIZE) return new Reader(BUFFER, BUFFER + size);
  const all = new ArrayBuffer(<i32>size);
  const at = changetype<usize>(all);
  memory.copy(at, BUFFER, BUFFER_SIZE);
  message.read_data(at + BUFFER_SIZE, <u32>(size - BUFFER_SIZE));
  return new Reader(at, at + size, all);
}

/** The value whose bytes `encode` has made. */
export function decode<T>(bytes: Uint8Array): T {
  return Reader.of(bytes).read<T>();
}

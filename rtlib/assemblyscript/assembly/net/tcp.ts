// TCP.

import * as host from "../host/networking";
import { Reader } from "../reader";
import { Failure, Result } from "../result";
import { FOREVER, OUT } from "../scratch";
import { vector } from "../stdio";
import { Stream } from "../stream";
import { Attachment, Writer } from "../writer";
import { Address, address, failure, ioFailure, resolve } from "./address";

/** Waits for connections. */
export class TcpListener {
  /** Use `bind`. */
  constructor(private id: u64) {}

  /** Listens at an address: `127.0.0.1:8080`, `[::]:8080`. Port 0 is any free one. */
  static bind(at: string): Result<TcpListener> {
    const a = Address.of(at);
    if (!a.ok) return Result.failed<TcpListener>(a.error!);
    const to = a.value;
    const status = host.tcp_bind(to.family, to.pointer, to.port, 0, to.scope, OUT);
    if (status != 0) return Result.failed<TcpListener>(failure(status));
    return Result.of<TcpListener>(new TcpListener(load<u64>(OUT)));
  }

  /** Waits for the next connection. */
  accept(): Result<TcpStream> {
    const status = host.tcp_accept(this.id, OUT, OUT + 8);
    if (status != 0) return Result.failed<TcpStream>(failure(status));
    const stream = new TcpStream(load<u64>(OUT));
    host.drop_dns_iterator(load<u64>(OUT, 8));
    return Result.of<TcpStream>(stream);
  }

  /** Where it listens. */
  localAddress(): Result<Address> {
    return address(host.tcp_local_addr(this.id, OUT));
  }

  /** Stops listening. */
  close(): void {
    host.drop_tcp_listener(this.id);
  }
}

/**
 * A connection. It can be sent in messages: then it belongs to the receiver, and this object is of
 * no use any more. `clone` it first to keep it.
 */
export class TcpStream extends Stream {
  /** Use `connect` and `TcpListener.accept`. */
  constructor(private id: u64) {
    super();
  }

  /** Connects to `HOST:PORT`. The time-out is for each of the addresses that are tried. */
  static connect(to: string, timeout: u64 = FOREVER): Result<TcpStream> {
    const all = resolve(to, timeout);
    if (!all.ok) return Result.failed<TcpStream>(all.error!);
    let error = new Failure("no address: " + to);
    for (let i = 0; i < all.value.length; i++) {
      const a = all.value[i];
      const status = host.tcp_connect(a.family, a.pointer, a.port, 0, a.scope, timeout, OUT);
      if (status == 0) return Result.of<TcpStream>(new TcpStream(load<u64>(OUT)));
      error = failure(status);
    }
    return Result.failed<TcpStream>(error);
  }

  read(buffer: Uint8Array): Result<i32> {
    return count(host.tcp_read(this.id, buffer.dataStart, buffer.byteLength, OUT));
  }

  /** Reads without taking: the next read finds the same. */
  peek(buffer: Uint8Array): Result<i32> {
    return count(host.tcp_peek(this.id, buffer.dataStart, buffer.byteLength, OUT));
  }

  write(bytes: Uint8Array): Result<i32> {
    return count(host.tcp_write_vectored(this.id, vector(bytes), 1, OUT));
  }

  /** Waits until what was written is with the system. */
  flush(): Failure | null {
    const status = host.tcp_flush(this.id, OUT);
    return status == 0 ? null : ioFailure(status);
  }

  /** Who is at the other end. */
  peerAddress(): Result<Address> {
    return address(host.tcp_peer_addr(this.id, OUT));
  }

  /** Milliseconds after which a read fails. */
  get readTimeout(): u64 {
    return host.get_read_timeout(this.id);
  }
  set readTimeout(milliseconds: u64) {
    host.set_read_timeout(this.id, milliseconds);
  }

  /** Milliseconds after which a write or flush fails. */
  get writeTimeout(): u64 {
    return host.get_write_timeout(this.id);
  }
  set writeTimeout(milliseconds: u64) {
    host.set_write_timeout(this.id, milliseconds);
  }

  /** Milliseconds after which a peek fails. */
  get peekTimeout(): u64 {
    return host.get_peek_timeout(this.id);
  }
  set peekTimeout(milliseconds: u64) {
    host.set_peek_timeout(this.id, milliseconds);
  }

  /** Another handle of the same connection, which is closed with its last handle. */
  clone(): TcpStream {
    return new TcpStream(host.clone_tcp_stream(this.id));
  }

  /** Gives up this handle. */
  close(): void {
    host.drop_tcp_stream(this.id);
  }

  encode(w: Writer): void {
    w.attach(Attachment.TcpStream, this.id);
  }

  decode(r: Reader): void {
    this.id = r.attachment(Attachment.TcpStream);
  }
}

/** How many bytes a host function has put at OUT. */
export function count(status: u32): Result<i32> {
  if (status == 0) return Result.of<i32>(load<i32>(OUT));
  return Result.failed<i32>(ioFailure(status));
}

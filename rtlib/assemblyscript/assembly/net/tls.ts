// TLS over TCP.

import * as host from "../host/networking";
import { Reader } from "../reader";
import { Failure, Result } from "../result";
import { FOREVER, OUT } from "../scratch";
import { vector } from "../stdio";
import { Stream } from "../stream";
import { Attachment, Writer } from "../writer";
import { Address, address, addresses, failure, ioFailure } from "./address";
import { count } from "./tcp";

/** Waits for connections. */
export class TlsListener {
  /** Use `bind`. */
  constructor(private id: u64) {}

  /** Listens at an address with a certificate and its key, both PEM. */
  static bind(at: string, certificate: string, key: string): Result<TlsListener> {
    const a = Address.of(at);
    if (!a.ok) return Result.failed<TlsListener>(a.error!);
    const to = a.value;
    const c = String.UTF8.encode(certificate);
    const k = String.UTF8.encode(key);
    const status = host.tls_bind(
      to.family, to.pointer, to.port, 0, to.scope, OUT,
      changetype<usize>(c), c.byteLength, changetype<usize>(k), k.byteLength,
    );
    if (status != 0) return Result.failed<TlsListener>(failure(status));
    return Result.of<TlsListener>(new TlsListener(load<u64>(OUT)));
  }

  /** Waits for the next connection. After one whose handshake has failed, accept again. */
  accept(): Result<TlsStream> {
    const status = host.tls_accept(this.id, OUT, OUT + 8);
    if (status != 0) return Result.failed<TlsStream>(failure(status));
    const stream = new TlsStream(load<u64>(OUT));
    stream.peer = addresses(load<u64>(OUT, 8))[0];
    return Result.of<TlsStream>(stream);
  }

  /** Where it listens. */
  localAddress(): Result<Address> {
    return address(host.tls_local_addr(this.id, OUT));
  }

  /** Stops listening. */
  close(): void {
    host.drop_tls_listener(this.id);
  }
}

/** A connection. It can be sent in messages, as a `TcpStream`. */
export class TlsStream extends Stream {
  /** Who is at the other end, if the stream was accepted here. */
  peer: Address | null = null;

  /** Use `connect` and `TlsListener.accept`. */
  constructor(private id: u64) {
    super();
  }

  /**
   * Connects to a host, which is also the name in its certificate. `authorities` are the
   * certificates to trust, PEM; without any those of the system are.
   */
  static connect(name: string, port: u16, authorities: string[] = [], timeout: u64 = FOREVER): Result<TlsStream> {
    const n = String.UTF8.encode(name);
    const texts: ArrayBuffer[] = [];
    const list = new StaticArray<usize>(2 * authorities.length);
    for (let i = 0; i < authorities.length; i++) {
      const text = String.UTF8.encode(authorities[i]);
      texts.push(text);
      list[2 * i] = changetype<usize>(text);
      list[2 * i + 1] = text.byteLength;
    }
    const status = host.tls_connect(changetype<usize>(n), n.byteLength, port, timeout, OUT, changetype<usize>(list), texts.length);
    if (status != 0) return Result.failed<TlsStream>(failure(status));
    return Result.of<TlsStream>(new TlsStream(load<u64>(OUT)));
  }

  read(buffer: Uint8Array): Result<i32> {
    return count(host.tls_read(this.id, buffer.dataStart, buffer.byteLength, OUT));
  }

  write(bytes: Uint8Array): Result<i32> {
    return count(host.tls_write_vectored(this.id, vector(bytes), 1, OUT));
  }

  /** Waits until what was written is with the system. */
  flush(): Failure | null {
    const status = host.tls_flush(this.id, OUT);
    return status == 0 ? null : ioFailure(status);
  }

  /** Milliseconds after which a read fails. */
  get readTimeout(): u64 {
    return host.get_tls_read_timeout(this.id);
  }
  set readTimeout(milliseconds: u64) {
    host.set_tls_read_timeout(this.id, milliseconds);
  }

  /** Milliseconds after which a write or flush fails. */
  get writeTimeout(): u64 {
    return host.get_tls_write_timeout(this.id);
  }
  set writeTimeout(milliseconds: u64) {
    host.set_tls_write_timeout(this.id, milliseconds);
  }

  /** Another handle of the same connection, which is closed with its last handle. */
  clone(): TlsStream {
    const other = new TlsStream(host.clone_tls_stream(this.id));
    other.peer = this.peer;
    return other;
  }

  /** Gives up this handle. */
  close(): void {
    host.drop_tls_stream(this.id);
  }

  encode(w: Writer): void {
    w.attach(Attachment.TlsStream, this.id);
    w.write(this.peer);
  }

  decode(r: Reader): void {
    this.id = r.attachment(Attachment.TlsStream);
    this.peer = r.read<Address | null>();
  }
}

// UDP.

import * as host from "../host/networking";
import { Reader } from "../reader";
import { Failure, Result } from "../result";
import { FOREVER, OUT } from "../scratch";
import { Attachment, Writer } from "../writer";
import { Address, address, addresses, failure } from "./address";
import { count } from "./tcp";

/** What has arrived at a socket. */
export class Datagram {
  constructor(
    /** How many bytes of the buffer it fills. */
    public length: i32,
    /** Who has sent it. */
    public from: Address,
  ) {}
}

/** A socket for datagrams. It can be sent in messages, as a `TcpStream`. */
export class UdpSocket {
  /** Use `bind`. */
  constructor(private id: u64) {}

  /** A socket at an address: `127.0.0.1:5353`, `[::]:0`. Port 0 is any free one. */
  static bind(at: string): Result<UdpSocket> {
    const a = Address.of(at);
    if (!a.ok) return Result.failed<UdpSocket>(a.error!);
    const to = a.value;
    const status = host.udp_bind(to.family, to.pointer, to.port, 0, to.scope, OUT);
    if (status != 0) return Result.failed<UdpSocket>(failure(status));
    return Result.of<UdpSocket>(new UdpSocket(load<u64>(OUT)));
  }

  /** Sends a datagram. */
  sendTo(bytes: Uint8Array, to: Address): Result<i32> {
    return count(host.udp_send_to(this.id, bytes.dataStart, bytes.byteLength, to.family, to.pointer, to.port, 0, to.scope, OUT));
  }

  /** Waits for a datagram. What does not fit into the buffer is lost. */
  receiveFrom(buffer: Uint8Array): Result<Datagram> {
    const n = count(host.udp_receive_from(this.id, buffer.dataStart, buffer.byteLength, OUT, OUT + 8));
    if (!n.ok) return Result.failed<Datagram>(n.error!);
    return Result.of<Datagram>(new Datagram(n.value, addresses(load<u64>(OUT, 8))[0]));
  }

  /** Sets whom `send` sends to, and `receive` hears. */
  connect(to: Address): Failure | null {
    const status = host.udp_connect(this.id, to.family, to.pointer, to.port, 0, to.scope, FOREVER, OUT);
    return status == 0 ? null : failure(status);
  }

  /** Sends a datagram to the peer. */
  send(bytes: Uint8Array): Result<i32> {
    return count(host.udp_send(this.id, bytes.dataStart, bytes.byteLength, OUT));
  }

  /** Waits for a datagram. Answers its length. */
  receive(buffer: Uint8Array): Result<i32> {
    return count(host.udp_receive(this.id, buffer.dataStart, buffer.byteLength, OUT));
  }

  /** Where it is bound. */
  localAddress(): Result<Address> {
    return address(host.udp_local_addr(this.id, OUT));
  }

  /** Whom it is connected to; null if it is not. */
  peerAddress(): Address | null {
    const status = host.udp_peer_addr(this.id, OUT);
    const a = address(status);
    return a.ok ? a.value : null;
  }

  /** Whether it may send broadcasts. */
  get broadcast(): bool {
    return host.get_udp_socket_broadcast(this.id) != 0;
  }
  set broadcast(on: bool) {
    host.set_udp_socket_broadcast(this.id, on ? 1 : 0);
  }

  /** Time to live of what it sends. */
  get ttl(): u32 {
    return host.get_udp_socket_ttl(this.id);
  }
  set ttl(hops: u32) {
    host.set_udp_socket_ttl(this.id, hops);
  }

  /** Another handle of the same socket, which is closed with its last handle. */
  clone(): UdpSocket {
    return new UdpSocket(host.clone_udp_socket(this.id));
  }

  /** Gives up this handle. */
  close(): void {
    host.drop_udp_socket(this.id);
  }

  encode(w: Writer): void {
    w.attach(Attachment.UdpSocket, this.id);
  }

  decode(r: Reader): void {
    this.id = r.attachment(Attachment.UdpSocket);
  }
}

// Addresses, and looking up names.

import * as host from "../host/networking";
import { Reader } from "../reader";
import { Failure, Result } from "../result";
import { FOREVER, OUT, TIMED_OUT } from "../scratch";
import { Writer } from "../writer";

/** An address of the network with a port. It can be sent in messages. */
export class Address {
  constructor(
    /** 4 or 16 bytes. */
    public bytes: StaticArray<u8>,
    public port: u16,
    /** The zone of an IPv6 address that is local to a link; else 0. */
    public scope: u32 = 0,
  ) {}

  /** The first address of `HOST:PORT`, where HOST is an address or a name. IPv6 stands in brackets. */
  static of(hostPort: string, timeout: u64 = FOREVER): Result<Address> {
    const all = resolve(hostPort, timeout);
    if (!all.ok) return Result.failed<Address>(all.error!);
    if (all.value.length == 0) return Result.failed<Address>(new Failure("no address: " + hostPort));
    return Result.of<Address>(all.value[0]);
  }

  /** 4 or 6. */
  get family(): u32 {
    return this.bytes.length == 4 ? 4 : 6;
  }

  /** Where the bytes are, for the host. */
  get pointer(): usize {
    return changetype<usize>(this.bytes);
  }

  /** The address without its port. */
  get host(): string {
    const b = this.bytes;
    if (b.length == 4) return b[0].toString() + "." + b[1].toString() + "." + b[2].toString() + "." + b[3].toString();
    return ipv6(b);
  }

  /** As `of` takes it. */
  toString(): string {
    const host = this.bytes.length == 4 ? this.host : "[" + this.host + "]";
    return host + ":" + this.port.toString();
  }

  encode(w: Writer): void {
    w.write(this.bytes);
    w.write(this.port);
    w.u32(this.scope);
  }

  decode(r: Reader): void {
    this.bytes = r.read<StaticArray<u8>>();
    this.port = r.read<u16>();
    this.scope = r.u32();
  }
}

/** The text of RFC 5952: the longest run of zero groups, the first of several, is two colons. */
function ipv6(b: StaticArray<u8>): string {
  let from = -1;
  let length = 1; // a single group is not shortened
  for (let i = 0; i < 8; i++) {
    let n = 0;
    while (i + n < 8 && group(b, i + n) == 0) n++;
    if (n > length) {
      from = i;
      length = n;
    }
  }
  let text = "";
  for (let i = 0; i < 8; i++) {
    if (i == from) {
      text += "::";
      i += length - 1;
      continue;
    }
    if (i > 0 && !text.endsWith("::")) text += ":";
    text += group(b, i).toString(16);
  }
  return text;
}

function group(b: StaticArray<u8>, i: i32): u32 {
  return (<u32>b[2 * i] << 8) | b[2 * i + 1];
}

/** The addresses of `HOST:PORT`. The text of an address is one itself. */
export function resolve(hostPort: string, timeout: u64 = FOREVER): Result<Address[]> {
  const name = String.UTF8.encode(hostPort);
  const status = host.resolve(changetype<usize>(name), name.byteLength, timeout, OUT);
  if (status != 0) return Result.failed<Address[]>(failure(status));
  return Result.of<Address[]>(addresses(load<u64>(OUT)));
}

/** All addresses of an iterator, which is dropped. */
export function addresses(iterator: u64): Address[] {
  const all: Address[] = [];
  // The address itself (16), then type, port, flow and scope.
  const at = memory.data(32, 8);
  while (host.resolve_next(iterator, at + 16, at, at + 20, at + 24, at + 28) == 0) {
    const n = load<u32>(at + 16) == 4 ? 4 : 16;
    const bytes = new StaticArray<u8>(n);
    memory.copy(changetype<usize>(bytes), at, n);
    all.push(new Address(bytes, load<u16>(at + 20), n == 4 ? 0 : load<u32>(at + 28)));
  }
  host.drop_dns_iterator(iterator);
  return all;
}

/** The only address of an iterator, whose id is at OUT if the status is 0. */
export function address(status: u32): Result<Address> {
  if (status != 0) return Result.failed<Address>(failure(status));
  return Result.of<Address>(addresses(load<u64>(OUT))[0]);
}

/** The failure of a function with a status other than 0, which has put an error's id at OUT. */
export function failure(status: u32): Failure {
  const f = Failure.ofHost(load<u64>(OUT));
  return status == TIMED_OUT ? Failure.timeout() : f;
}

/** The same for reading and writing, which put nothing there when they time out. */
export function ioFailure(status: u32): Failure {
  return status == TIMED_OUT ? Failure.timeout() : Failure.ofHost(load<u64>(OUT));
}

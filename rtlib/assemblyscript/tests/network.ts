// TCP, TLS, UDP, names, and sockets in messages.

import {
  Address, Lines, Mailbox, Process, Reader, Result, Stream, Task, TcpListener, TcpStream, TlsListener, TlsStream, UdpSocket, Writer, resolve, sleep,
} from "../assembly/index";

function text(buffer: Uint8Array, n: i32): string {
  return String.UTF8.decodeUnsafe(buffer.dataStart, n);
}

function fails<T>(r: Result<T>): string {
  return r.ok ? "NO FAILURE" : r.error!.timedOut ? "timeout" : "failed";
}

function addresses(): void {
  const all: string[] = [
    "127.0.0.1:80", "[::1]:443", "[2001:db8:0:0:1:0:0:1]:1", "[::ffff:1.2.3.4]:5", "[fe80:0:0:1::]:2", "[1:2:3:4:5:6:7:8]:3", "[::]:0", "[1:0:3:4:5:6:7:8]:3",
  ];
  for (let i = 0; i < all.length; i++) console.log(Address.of(all[i]).value.toString());
  console.log("not an address: " + fails(Address.of("127.0.0.1")));
  console.log("localhost: " + (resolve("localhost:80").or([]).length > 0).toString());
}

/** Answers each line in capitals, until the end. */
function serve(stream: Stream): void {
  const lines = new Lines(stream);
  for (let line = lines.next(); line !== null; line = lines.next()) stream.print(line.toUpperCase() + "\n");
}

/** An object with a socket in it. */
class Job {
  constructor(public name: string, public stream: TcpStream) {}
  encode(w: Writer): void { w.string(this.name); w.write(this.stream); }
  decode(r: Reader): void { this.name = r.string(); this.stream = r.read<TcpStream>(); }
}

function tcp(): void {
  const listener = TcpListener.bind("127.0.0.1:0").value;
  const at = listener.localAddress().value;
  console.log("listens at " + at.host);
  const client = TcpStream.connect(at.toString(), 60_000).value;
  const server = listener.accept().value;
  console.log("peer: " + (server.peerAddress().value.host == "127.0.0.1").toString() + ", " + (client.peerAddress().value.port == at.port).toString());

  const buffer = new Uint8Array(10);
  client.readTimeout = 5;
  console.log("time-out of a read: " + client.readTimeout.toString() + ", " + fails(client.read(buffer)));
  client.readTimeout = u64.MAX_VALUE;
  client.peekTimeout = 5;
  console.log("of a peek: " + fails(client.peek(buffer)));
  client.peekTimeout = u64.MAX_VALUE;
  client.writeTimeout = 60_000;

  server.print("hello");
  console.log("flush: " + (server.flush() === null).toString());
  const whole = new Uint8Array(5);
  console.log("peek: " + text(buffer, client.peek(buffer).value));
  console.log("read: " + (client.readExactly(whole) === null ? text(whole, 5) : "failed"));

  // The socket goes to a worker, in a message; a clone of it stays.
  const clone = server.clone();
  const worker = Process.spawn<Job>((mailbox) => {
    const job = mailbox.take();
    job.stream.print(job.name + "\n");
    serve(job.stream);
  }).value;
  const end = worker.monitor();
  worker.send(new Job("worker", server));
  const lines = new Lines(client, 100);
  console.log("from " + lines.next()!);
  client.print("one\r\ntwo\n");
  console.log(lines.next()! + " " + lines.next()!);
  clone.print("from the clone\n");
  clone.close();
  console.log(lines.next()!);
  client.print("x".repeat(90) + "\n");
  console.log("long: " + lines.next()!.length.toString());
  client.close();
  new Mailbox<u8>().receiveTag(end);

  // The end of a stream, and more bytes than any buffer holds.
  const sender = Task.asyncWith<string, i32>(at.toString(), (to) => {
    const s = TcpStream.connect(to, 60_000).value;
    const bytes = new Uint8Array(3_000_000);
    for (let i = 0; i < bytes.length; i++) bytes[i] = <u8>(i % 251);
    s.writeAll(bytes);
    s.flush();
    s.close();
    return bytes.length;
  }).value;
  const big = listener.accept().value;
  const all = big.readAll(4_000_000).value;
  let same = true;
  for (let i = 0; i < all.length; i++) same = same && all[i] == <u8>(i % 251);
  console.log("received " + all.length.toString() + " of " + sender.await().value.toString() + ", " + (same ? "same" : "DIFFERENT"));
  console.log("end: " + big.read(buffer).value.toString() + ", " + (big.readExactly(whole) === null ? "NO FAILURE" : "failed"));
  listener.close();
  console.log("nobody listens: " + fails(TcpStream.connect(at.toString(), 60_000)));
  console.log("not ours: " + fails(TcpListener.bind("192.0.2.1:1")));
}

function tls(): void {
  const listener = TlsListener.bind("127.0.0.1:0", process.env.get("CERTIFICATE"), process.env.get("KEY")).value;
  const port = listener.localAddress().value.port;
  console.log("wrong key: " + fails(TlsListener.bind("127.0.0.1:0", process.env.get("CERTIFICATE"), process.env.get("OTHER_KEY"))));
  const client = Task.asyncWith<u16, string>(port, (port) => {
    const s = TlsStream.connect("localhost", port, [process.env.get("CERTIFICATE")], 60_000).value;
    s.writeTimeout = 60_000;
    s.print("secret\n");
    s.flush();
    const line = new Lines(s).next();
    s.readTimeout = 5;
    const waited = fails(s.read(new Uint8Array(1)));
    s.clone().close();
    s.close();
    return (line ? line : "nothing") + ", " + waited;
  }).value;
  const accepted = listener.accept().value;
  console.log("peer: " + accepted.peer!.host);
  const worker = Process.spawnWith<TlsStream, u8>(accepted, (stream, mailbox) => { serve(stream); }).value;
  const end = worker.monitor();
  console.log("tls: " + client.await().value);
  new Mailbox<u8>().receiveTag(end);

  const distrust = Task.asyncWith<u16, string>(port, (port) => fails(TlsStream.connect("localhost", port, [], 60_000))).value;
  console.log("handshake: " + fails(listener.accept()));
  console.log("without the authority: " + distrust.await().value);
  listener.close();
}

function udp(): void {
  const a = UdpSocket.bind("127.0.0.1:0").value;
  const b = UdpSocket.bind("127.0.0.1:0").value;
  const at = b.localAddress().value;
  const buffer = new Uint8Array(100);
  console.log("sent: " + a.sendTo(Uint8Array.wrap(String.UTF8.encode("ping")), at).value.toString());
  const d = b.receiveFrom(buffer).value;
  console.log("received: " + text(buffer, d.length) + ", " + (d.from.port == a.localAddress().value.port).toString());
  console.log("connected: " + (a.peerAddress() === null).toString() + ", " + (a.connect(at) === null).toString() + ", " + (a.peerAddress()!.port == at.port).toString());
  // The other socket goes to a process that answers.
  const echo = Process.spawnWith<UdpSocket, u8>(b.clone(), (socket, mailbox) => {
    const buffer = new Uint8Array(100);
    const d = socket.receiveFrom(buffer).value;
    socket.sendTo(buffer.subarray(0, d.length), d.from);
  });
  a.send(Uint8Array.wrap(String.UTF8.encode("pong")));
  console.log("answered: " + text(buffer, a.receive(buffer).value) + ", " + echo.ok.toString());
  a.ttl = 9;
  a.broadcast = true;
  console.log("options: " + a.ttl.toString() + ", " + a.broadcast.toString());
  a.close();
  b.close();
}

export function _start(): void {
  addresses();
  tcp();
  tls();
  udp();
}

// Other modules, permissions and limits.

import { Config, ExitReason, Mailbox, Module, Parameters, Pid, Process, TcpListener, TcpStream, metrics, reasonName, resolve, trapExits } from "../assembly/index";

// (module
//   (import "lunatic::process" "kill" (func $kill (param i64)))
//   (func (export "fine"))
//   (func (export "crash") unreachable)
//   (func (export "check") (param i32 i64)   ;; traps unless they are 7 and 8
//     (if (i32.ne (local.get 0) (i32.const 7)) (then unreachable))
//     (if (i64.ne (local.get 1) (i64.const 8)) (then unreachable))))
const BYTES: StaticArray<u8> = [
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00,
  // types: (i64) -> (), () -> (), (i32 i64) -> ()
  0x01, 0x0d, 0x03, 0x60, 0x01, 0x7e, 0x00, 0x60, 0x00, 0x00, 0x60, 0x02, 0x7f, 0x7e, 0x00,
  // import
  0x02, 0x19, 0x01, 0x10, 0x6c, 0x75, 0x6e, 0x61, 0x74, 0x69, 0x63, 0x3a, 0x3a, 0x70, 0x72, 0x6f, 0x63, 0x65, 0x73, 0x73,
  0x04, 0x6b, 0x69, 0x6c, 0x6c, 0x00, 0x00,
  // functions
  0x03, 0x04, 0x03, 0x01, 0x01, 0x02,
  // exports
  0x07, 0x18, 0x03, 0x04, 0x66, 0x69, 0x6e, 0x65, 0x00, 0x01, 0x05, 0x63, 0x72, 0x61, 0x73, 0x68, 0x00, 0x02,
  0x05, 0x63, 0x68, 0x65, 0x63, 0x6b, 0x00, 0x03,
  // code
  0x0a, 0x1d, 0x03, 0x02, 0x00, 0x0b, 0x03, 0x00, 0x00, 0x0b,
  0x14, 0x00, 0x20, 0x00, 0x41, 0x07, 0x47, 0x04, 0x40, 0x00, 0x0b, 0x20, 0x01, 0x42, 0x08, 0x52, 0x04, 0x40, 0x00, 0x0b, 0x0b,
];

const inbox = new Mailbox<string>();

function end(p: Pid): string {
  const reason = inbox.receiveTag(p.monitor()).reason;
  return reasonName(reason == ExitReason.NoProcess ? ExitReason.Normal : reason);
}

function bytes(): Uint8Array {
  const b = new Uint8Array(BYTES.length);
  for (let i = 0; i < b.length; i++) b[i] = BYTES[i];
  return b;
}

function modules(): void {
  const m = Module.load(bytes()).value;
  console.log("fine: " + end(m.spawn<u8>("fine").value));
  const linked = m.spawnLink<u8>("fine").value;
  console.log("linked: " + end(linked));

  const broken = bytes();
  broken[0] = 1;
  console.log("broken: " + Module.load(broken).ok.toString());

  // Processes of it, started by another process that was sent the module, and their ends.
  const starter = Process.spawn<Module>((mailbox) => {
    trapExits(true);
    const request = mailbox.receive();
    const watch = new Mailbox<u8>();
    const ends: string[] = [];
    const names: string[] = ["crash", "check", "check", "nobody"];
    for (let i = 0; i < names.length; i++) {
      const parameters = new Parameters();
      if (i == 1) parameters.i32(7).i64(8);
      if (i == 2) parameters.i32(7).i64(9);
      const p = request.value.spawnLink<u8>(names[i], parameters).value;
      watch.receiveTag(p.monitor());
      const died = watch.receiveTag(p.linkTag, 0);
      ends.push(died.timedOut ? "normal" : reasonName(died.reason));
    }
    request.reply<string>(ends.join(" "));
  }).value;
  console.log("sent: " + starter.request<string>(m).value);
  m.drop();
  console.log("itself: " + end(Module.self().spawn<u8>("nothing").value));
}

/** Spawned by name. */
export function nothing(): void {}

function permissions(): void {
  const none = Config.create().value;
  console.log("a new one: " + none.canSpawnProcesses.toString() + " " + none.canCompileModules.toString() + " " + none.canCreateConfigs.toString());
  none.maxMemory = 1 << 20;
  none.maxFuel = 100;
  none.maxMessages = 10;
  none.maxMailbox = 1 << 16;
  console.log("limits: " + none.maxMemory.toString() + " " + none.maxFuel.toString() + " " + none.maxMessages.toString() + " " + none.maxMailbox.toString());
  none.addArgument("program");
  none.addArgument("argument");
  none.addVariable("NAME", "value");
  console.log("no such rule: " + (none.allowConnect("[") !== null).toString());
  console.log("rules: " + (none.allowConnect("127.0.0.1:1-9") === null && none.denyConnect("127.0.0.1:7") === null && none.denyListen("*") === null
    && none.allowListen("127.0.0.1") === null && none.allowResolve("example.com") === null && none.denyResolve("*.example.com") === null).toString());

  const child = Process.spawn<u8>((mailbox) => {
    const request = mailbox.receive();
    const said: string[] = [];
    const spawned = Process.spawn<u8>((mailbox) => {});
    said.push("spawn: " + (spawned.ok ? "allowed" : spawned.error!.denied ? "denied" : spawned.error!.message));
    const config = Config.create();
    said.push("config: " + (config.ok ? "allowed" : config.error!.denied ? "denied" : config.error!.message));
    const module = Module.load(bytes());
    said.push("module: " + (module.ok ? "allowed" : module.error!.denied ? "denied" : module.error!.message));
    const connect = TcpStream.connect("127.0.0.1:7");
    said.push("connect: " + (connect.ok ? "allowed" : connect.error!.denied ? "denied" : connect.error!.message));
    const listen = TcpListener.bind("127.0.0.1:0");
    said.push("listen: " + (listen.ok ? "allowed" : listen.error!.denied ? "denied" : listen.error!.message));
    const names = resolve("www.example.com:80");
    said.push("resolve: " + (names.ok ? "allowed" : names.error!.denied ? "denied" : names.error!.message));
    said.push("arguments: " + process.argv.join(" ") + ", " + process.env.get("NAME"));
    request.reply<string[]>(said);
  }, none).value;
  const said = child.request<string[]>(0).value;
  for (let i = 0; i < said.length; i++) console.log(said[i]);

  const eater = Process.spawn<u8>((mailbox) => {
    mailbox.take();
    const kept: Uint8Array[] = [];
    for (let i = 0; i < 40; i++) kept.push(new Uint8Array(100_000));
  }, none).value;
  let tag = eater.monitor();
  eater.send(0);
  console.log("memory: " + reasonName(inbox.receiveTag(tag).reason));

  const looper = Process.spawn<u8>((mailbox) => {
    mailbox.take();
    while (loops >= 0) loops = (loops + 1) & 0xffff;
  }, none).value;
  tag = looper.monitor();
  looper.send(0);
  console.log("fuel: " + reasonName(inbox.receiveTag(tag).reason));

  const lazy = Process.spawn<u8>((mailbox) => {
    mailbox.receive().reply<u8>(0);
    mailbox.receiveTag(5);
  }, none).value;
  tag = lazy.monitor();
  lazy.request<u8>(0).value;
  for (let i = 0; i < 100; i++) lazy.send(0);
  console.log("mailbox: " + reasonName(inbox.receiveTag(tag).reason));

  none.forbidNamespace("lunatic::process");
  const forbidden = Process.spawn<u8>((mailbox) => {}, none);
  console.log("namespace: " + (forbidden.ok ? "allowed" : "refused"));
  none.drop();
}

let loops: i32 = 0;

/** One process for all who ask. */
function named(): void {
  const fn = (mailbox: Mailbox<i32>): void => {
    let asked = 0;
    for (;;) mailbox.receive().reply<i32>(++asked);
  };
  const first = Process.spawnNamed<i32>("one", fn).value;
  const second = Process.spawnNamed<i32>("one", fn).value;
  console.log("named: " + first.is(second).toString() + ", " + first.request<i32>(0).value.toString() + ", " + second.request<i32>(0).value.toString());
  metrics.count("asked_total", 2);
  metrics.gauge("asked", 2);
  metrics.addToGauge("asked", -1);
  metrics.histogram("asked_seconds", 0.1);
}

export function _start(): void {
  modules();
  named();
  permissions();
}

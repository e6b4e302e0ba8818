// The scenarios of rtlib/behaviour: its README.md says what each does.

import {
  BRUTAL_KILL, Child, ChildState, ExitReason, FOREVER, From, Info, Kind, Mailbox, Pid, Process, Reader, Restart, Result,
  Server, ServerRef, StopReason, Strategy, Supervisor, SupervisorRef, Task, Writer, exit, reasonName, register, sleep,
  trapExits, unregister, whereis, whereisId,
} from "../assembly/index";

export function _start(): void {
  const name = process.argv.length > 1 ? process.argv[1] : "";
  if (name == "processes") processes();
  else if (name == "mailbox") mailbox();
  else if (name == "server") server();
  else if (name == "server_init") serverInit();
  else if (name == "server_stop") serverStop();
  else if (name == "call_timeout") callTimeout();
  else if (name == "call_dies") callDies();
  else if (name == "deferred") deferred();
  else if (name == "restart_types") restartTypes();
  else if (name == "one_for_all") oneForAll();
  else if (name == "rest_for_one") restForOne();
  else if (name == "intensity") intensity();
  else if (name == "period") period();
  else if (name == "shutdown") shutdown();
  else if (name == "start_fails") startFails();
  else if (name == "restart_fails") restartFails();
  else if (name == "dynamic") dynamic();
  else if (name == "names") names();
  else if (name == "supervisor_killed") supervisorKilled();
  else if (name == "nested") nested();
  else if (name == "task") task();
  else {
    console.error("no such scenario: " + name);
    exit(2);
  }
}

function print(line: string): void {
  console.log(line);
}

function step(what: string): void {
  print("> " + what);
}

function yesNo(b: bool): string {
  return b ? "yes" : "no";
}

/** The value as text, or why there is none. */
function outcome<T>(r: Result<T>): string {
  if (!r.ok) return r.error!.message;
  if (isString<T>()) return changetype<string>(r.value);
  return r.value.toString();
}

/** The mailbox of the first process, where it takes what other processes tell it. */
const inbox = new Mailbox<string>();

/** Waits for the end of a monitored process. */
function awaitEnd(tag: i64): ExitReason {
  return inbox.receiveTag(tag).reason;
}

// ---- processes ----

class Sum {
  constructor(public a: i32, public b: i32, public to: Process<i32>) {}
  encode(w: Writer): void { w.i32(this.a); w.i32(this.b); w.write(this.to); }
  decode(r: Reader): void { this.a = r.i32(); this.b = r.i32(); this.to = r.read<Process<i32>>(); }
}

function processes(): void {
  const adder = Process.spawnWith<i32, Sum>(20, (n, mailbox) => {
    const sum = mailbox.take();
    sum.to.send(n + sum.a + sum.b, 1);
  }).value;
  adder.send(new Sum(15, 7, Process.self<i32>()));
  print("sum: " + new Mailbox<i32>().receiveTag(1).value.toString());

  const end = awaitEnd(Process.spawn<u8>((mailbox) => {}).value.monitor());
  print("monitor: " + reasonName(end == ExitReason.NoProcess ? ExitReason.Normal : end));

  const crasher = Process.spawn<u8>((mailbox) => {
    mailbox.receiveTag(1);
    unreachable();
  }).value;
  let tag = crasher.monitor();
  crasher.send(0, 1);
  print("monitor: " + reasonName(awaitEnd(tag)));

  const waiter = Process.spawn<u8>((mailbox) => { mailbox.take(); }).value;
  tag = waiter.monitor();
  waiter.kill();
  print("monitor: " + reasonName(awaitEnd(tag)));

  print("monitor: " + reasonName(awaitEnd(new Pid(999999).monitor())));

  trapExits(true);
  tag = Process.spawnLink<u8>((mailbox) => { unreachable(); }).value.linkTag;
  const died = inbox.receive();
  assert(died.kind == Kind.LinkDied);
  print("link: " + reasonName(died.reason) + (died.tag == tag ? ", tag matches" : ", another tag"));

  const linked = Process.spawnLink<u8>((mailbox) => {}).value;
  awaitEnd(linked.monitor());
  print("link: " + (inbox.receiveTag(linked.linkTag, 0).timedOut ? "nothing" : "something"));

  const parent = Process.spawn<u8>((mailbox) => {
    mailbox.take();
    Process.spawnLink<u8>((mailbox) => { unreachable(); });
    mailbox.take();
  }).value;
  tag = parent.monitor();
  parent.send(0);
  print("linked: " + reasonName(awaitEnd(tag)));

  const living = Process.spawn<u8>((mailbox) => { mailbox.take(); }).value;
  const before = living.alive;
  tag = living.monitor();
  living.send(0);
  awaitEnd(tag);
  print("exists: " + yesNo(before) + ", " + yesNo(living.alive));
}

// ---- mailbox ----

function mailbox(): void {
  const me = Process.self<string>();
  me.send("a", 1);
  me.send("b", 2);
  me.send("c");
  me.send("d", 2);
  const first = inbox.receiveTag(2).value;
  const second = inbox.receiveTags([1, 2]).value;
  const third = inbox.take();
  print("received: " + first + " " + second + " " + third + " " + inbox.take());

  print(inbox.receiveTag(5, 10).timedOut ? "timeout" : "something");

  const echo = Process.spawn<Uint8Array>((mailbox) => {
    for (;;) {
      const request = mailbox.receive();
      request.reply<Uint8Array>(request.value);
    }
  }).value;
  const hello = Uint8Array.wrap(String.UTF8.encode("hello"));
  print("reply: " + String.UTF8.decode(echo.request<Uint8Array>(hello).value.buffer));

  me.sendAfter("later", 10, 3);
  me.send("now", 4);
  const now = inbox.receiveTags([3, 4]).value;
  print("received: " + now + " " + inbox.receiveTags([3, 4]).value);

  const canceled = me.sendAfter("never", 3_600_000, 3).cancel();
  print("canceled: " + yesNo(canceled) + ", " + (inbox.receiveTag(3, 0).timedOut ? "timeout" : "something"));

  register("me", me);
  const found = whereis<string>("me");
  const same = found !== null && found.is(me);
  unregister("me");
  print("registry: " + (same ? "found" : "another") + ", " + (whereisId("me") == 0 ? "none" : "found"));

  Process.spawnWith<Process<i32>, u8>(Process.self<i32>(), (to, mailbox) => {
    for (let i = 0; i < 1000; i++) to.send(i, 8);
  });
  const numbers = new Mailbox<i32>();
  let sum = 0;
  let order = true;
  for (let i = 0; i < 1000; i++) {
    const n = numbers.receiveTag(8).value;
    sum += n;
    order = order && n == i;
  }
  print("sum: " + sum.toString() + (order ? ", in order" : ", not in order"));

  const large = new Uint8Array(100_000);
  for (let i = 0; i < large.length; i++) large[i] = <u8>(i % 251);
  const back = echo.request<Uint8Array>(large).value;
  let equal = back.length == large.length;
  for (let i = 0; equal && i < back.length; i++) equal = back[i] == <u8>(i % 251);
  print("large: " + (equal ? "same" : "different"));
}

// ---- Servers ----

/** A request: what, and a number. */
class Ask {
  constructor(public what: string, public n: i32 = 0) {}
  encode(w: Writer): void { w.string(this.what); w.i32(this.n); }
  decode(r: Reader): void { this.what = r.string(); this.n = r.i32(); }
}

type Ref = ServerRef<Ask, string>;

class Start {
  constructor(public n: i32, public owner: Process<string>) {}
  encode(w: Writer): void { w.i32(this.n); w.write(this.owner); }
  decode(r: Reader): void { this.n = r.i32(); this.owner = r.read<Process<string>>(); }
}

class Numbers extends Server<Start, Ask, string> {
  private n: i32 = 0;
  private infos: i32 = 0;
  private owner: Process<string> = new Process<string>(0);

  static begin(n: i32): Ref {
    return Server.start<Numbers, Start, Ask, string>(new Start(n, Process.self<string>())).value;
  }

  init(start: Start): string | null {
    this.n = start.n;
    this.owner = start.owner;
    return null;
  }

  handleCall(request: Ask, from: From<string>): void {
    if (request.what == "infos") {
      from.reply(this.infos.toString());
    } else if (request.what == "stop") {
      from.reply("bye");
      this.stop();
    } else {
      this.n += request.n;
      from.reply(this.n.toString());
    }
  }

  handleCast(request: Ask): void {
    if (request.what == "fail") this.fail();
    this.n += request.n;
  }

  handleInfo(info: Info): void {
    if (info.kind == Kind.Message && info.tag == 7 && info.read<string>() == "plain") this.infos++;
  }

  terminate(reason: StopReason): void {
    let text = this.n.toString();
    if (reason == StopReason.Shutdown) text = "shutdown";
    else if (reason == StopReason.Failed) text = "failed";
    this.owner.send(text, 9);
  }
}

function server(): void {
  step("start 10");
  const s = Numbers.begin(10);
  step("call add 5");
  print(outcome(s.call(new Ask("add", 5))));
  step("cast add 1");
  s.cast(new Ask("add", 1));
  step("call get");
  print(outcome(s.call(new Ask("get"))));
  step("send two messages");
  const plain = new Process<string>(s.id);
  plain.send("plain", 7);
  plain.send("plain", 7);
  step("call infos");
  print(outcome(s.call(new Ask("infos"))));
  const end = s.monitor();
  step("call stop");
  print(outcome(s.call(new Ask("stop"))));
  print("terminate: " + inbox.receiveTag(9).value);
  print("end: " + reasonName(awaitEnd(end)));
  step("call get");
  print(outcome(s.call(new Ask("get"))));
}

class Picky extends Server<string, u8, u8> {
  init(how: string): string | null {
    if (how == "crash") unreachable();
    if (how == "exit") exit(0);
    return "no luck";
  }
}

function serverInit(): void {
  const how: string[] = ["refuse", "crash", "exit"];
  for (let i = 0; i < how.length; i++) {
    step(how[i]);
    print(Server.start<Picky, string, u8, u8>(how[i]).error!.message);
  }
}

function serverStop(): void {
  let s = Numbers.begin(1);
  let end = s.monitor();
  step("shutdown");
  s.shutdown();
  print("terminate: " + inbox.receiveTag(9).value);
  print("end: " + reasonName(awaitEnd(end)));
  s = Numbers.begin(1);
  end = s.monitor();
  step("fail");
  s.cast(new Ask("fail"));
  print("terminate: " + inbox.receiveTag(9).value);
  print("end: " + reasonName(awaitEnd(end)));
}

class Slow extends Server<i32, Ask, i32> {
  late: From<i32>[] = [];

  handleCall(request: Ask, from: From<i32>): void {
    if (request.what == "never") return;
    if (request.what == "late") {
      this.late.push(from);
      return;
    }
    while (this.late.length > 0) this.late.pop().reply(1);
    if (request.what == "crash") unreachable();
    if (request.what == "kill") {
      this.self.kill();
      sleep(FOREVER);
    }
    if (request.what == "exit") exit(0);
    from.reply(42);
  }
}

function callTimeout(): void {
  let s = Server.start<Slow, i32, Ask, i32>(0).value;
  step("call never");
  print(outcome(s.call(new Ask("never"), 20)));
  step("call get");
  print(outcome(s.call(new Ask("get"))));
  s = Server.start<Slow, i32, Ask, i32>(0).value;
  step("call late");
  print(outcome(s.call(new Ask("late"), 5)));
  step("call get");
  print(outcome(s.call(new Ask("get"))));
  step("look");
  print(inbox.receive(0).timedOut ? "nothing" : "something");
}

function callDies(): void {
  const how: string[] = ["crash", "kill", "exit"];
  let s: ServerRef<Ask, i32> | null = null;
  for (let i = 0; i < how.length; i++) {
    s = Server.start<Slow, i32, Ask, i32>(0).value;
    step(how[i]);
    print(outcome(s.call(new Ask(how[i]))));
  }
  step("call again");
  print(outcome(s!.call(new Ask("get"))));
}

class Gate extends Server<i32, Ask, i32> {
  private waiting: From<i32>[] = [];

  handleCall(request: Ask, from: From<i32>): void {
    if (request.what == "wait") {
      this.waiting.push(from);
    } else if (request.what == "waiting") {
      from.reply(this.waiting.length);
    } else {
      for (let i = 0; i < this.waiting.length; i++) this.waiting[i].reply(request.n);
      from.reply(this.waiting.length);
    }
  }
}

function deferred(): void {
  const gate = Server.start<Gate, i32, Ask, i32>(0).value;
  step("wait, three times");
  const tasks: Task<i32>[] = [];
  for (let i = 0; i < 3; i++) {
    tasks.push(Task.asyncWith<ServerRef<Ask, i32>, i32>(gate, (gate) => gate.call(new Ask("wait")).value).value);
  }
  while (gate.call(new Ask("waiting")).value != 3) sleep(1);
  step("release 7");
  print(gate.call(new Ask("release", 7)).value.toString());
  for (let i = 0; i < 3; i++) print(tasks[i].await().value.toString());
}

// ---- Supervisors ----

class Worker extends Server<i32, Ask, i32> {
  private n: i32 = 0;

  static start(): Result<ServerRef<Ask, i32>> {
    return Server.start<Worker, i32, Ask, i32>(0);
  }

  static child(id: string): Child {
    return Child.of<ServerRef<Ask, i32>>(id, () => Worker.start());
  }

  handleCall(request: Ask, from: From<i32>): void {
    this.n += request.n;
    from.reply(this.n);
  }

  handleCast(request: Ask): void {
    if (request.what == "crash") unreachable();
    if (request.what == "stop") this.stop();
  }
}

/** A worker whose init refuses. */
class Bad extends Server<i32, Ask, i32> {
  static child(id: string): Child {
    return Child.of<ServerRef<Ask, i32>>(id, () => Server.start<Bad, i32, Ask, i32>(0));
  }

  init(argument: i32): string | null {
    return "no luck";
  }
}

/** The tag of events. */
const EVENT: i64 = 11;

function supervisor(strategy: Strategy): Supervisor {
  return new Supervisor(strategy).limit(10, 60_000).tell(Pid.self(), EVENT);
}

/** Prints the next n events. */
function events(n: i32): void {
  for (let i = 0; i < n; i++) print(inbox.receiveTag(EVENT).value);
}

/** The worker that is the running child with an id. */
function worker(s: SupervisorRef, id: string): ServerRef<Ask, i32> {
  const children = s.whichChildren();
  for (let i = 0; i < children.length; i++) {
    if (children[i].id == id && children[i].running) return new ServerRef<Ask, i32>(children[i].process);
  }
  abort("no running child " + id);
  return new ServerRef<Ask, i32>(0);
}

function add(s: SupervisorRef, id: string, n: i32): void {
  step("add " + n.toString() + " to " + id);
  print(worker(s, id).call(new Ask("add", n)).value.toString());
}

function get(s: SupervisorRef, id: string): void {
  step("get of " + id);
  print(worker(s, id).call(new Ask("get")).value.toString());
}

function crash(s: SupervisorRef, id: string): void {
  step("crash " + id);
  worker(s, id).cast(new Ask("crash"));
}

function stop(s: SupervisorRef, id: string): void {
  step("stop " + id);
  worker(s, id).cast(new Ask("stop"));
}

function children(s: SupervisorRef): void {
  step("children");
  const all = s.whichChildren();
  for (let i = 0; i < all.length; i++) print(all[i].id + (all[i].running ? " up" : " down"));
}

function shutDown(s: SupervisorRef, n: i32): void {
  step("shutdown");
  s.shutdown();
  events(n);
}

function restartTypes(): void {
  const s = supervisor(Strategy.OneForOne)
    .add(Worker.child("a"))
    .add(Worker.child("b").restarting(Restart.Transient))
    .add(Worker.child("c").restarting(Restart.Temporary))
    .start().value;
  events(3);
  stop(s, "c");
  events(1);
  children(s);
  stop(s, "b");
  events(1);
  children(s);
  step("restart b");
  s.restartChild("b").value;
  events(1);
  crash(s, "b");
  events(2);
  step("kill b");
  worker(s, "b").kill();
  events(2);
  stop(s, "a");
  events(2);
  children(s);
  shutDown(s, 3);
}

function oneForAll(): void {
  const s = supervisor(Strategy.OneForAll)
    .add(Worker.child("a"))
    .add(Worker.child("b"))
    .add(Worker.child("c"))
    .add(Worker.child("d").restarting(Restart.Temporary))
    .start().value;
  events(4);
  add(s, "a", 5);
  crash(s, "b");
  events(7);
  get(s, "a");
  children(s);
  shutDown(s, 4);
}

function restForOne(): void {
  const s = supervisor(Strategy.RestForOne).add(Worker.child("a")).add(Worker.child("b")).add(Worker.child("c")).start().value;
  events(3);
  add(s, "a", 5);
  add(s, "c", 6);
  crash(s, "b");
  events(4);
  get(s, "a");
  get(s, "c");
  shutDown(s, 4);
}

function intensity(): void {
  const s = supervisor(Strategy.OneForOne).limit(2, 60_000).add(Worker.child("a")).add(Worker.child("b")).start().value;
  events(2);
  const end = s.monitor();
  for (let i = 0; i < 2; i++) {
    crash(s, "a");
    events(2);
  }
  crash(s, "a");
  events(3);
  print("supervisor: " + reasonName(awaitEnd(end)));
}

function period(): void {
  const s = supervisor(Strategy.OneForOne).limit(1, 100).add(Worker.child("a")).start().value;
  events(1);
  for (let i = 0; i < 3; i++) {
    if (i > 0) sleep(300);
    crash(s, "a");
    events(2);
  }
  shutDown(s, 2);
}

/** A plain process that waits for a message that nobody sends. */
function stubborn(): Result<Process<u8>> {
  return Process.spawn<u8>((mailbox) => { mailbox.receiveTag(99); });
}

function shutdown(): void {
  const s = supervisor(Strategy.OneForOne)
    .add(Worker.child("polite"))
    .add(Child.of<Process<u8>>("stubborn", () => stubborn()).shuttingDown(20))
    .add(Child.of<Process<u8>>("brutal", () => stubborn()).shuttingDown(BRUTAL_KILL))
    .start().value;
  events(3);
  const end = s.monitor();
  shutDown(s, 4);
  print("supervisor: " + reasonName(awaitEnd(end)));
}

function startFails(): void {
  const error = supervisor(Strategy.OneForOne).add(Worker.child("a")).add(Bad.child("b")).start().error!;
  events(3);
  print("error: " + error.message);
}

class Switch extends Server<i32, Ask, i32> {
  private on: i32 = 1;

  handleCall(request: Ask, from: From<i32>): void {
    if (request.what == "off") this.on = 0;
    from.reply(this.on);
  }
}

class Flaky extends Worker {
  init(argument: i32): string | null {
    return ServerRef.whereis<Ask, i32>("switch")!.call(new Ask("ok")).value == 1 ? null : "it is off";
  }
}

function restartFails(): void {
  const toggle = Server.start<Switch, i32, Ask, i32>(0).value;
  register("switch", toggle);
  const s = supervisor(Strategy.OneForOne)
    .limit(3, 60_000)
    .add(Child.of<ServerRef<Ask, i32>>("flaky", () => Server.start<Flaky, i32, Ask, i32>(0)))
    .start().value;
  events(1);
  const end = s.monitor();
  step("off");
  toggle.call(new Ask("off"));
  crash(s, "flaky");
  events(5);
  print("supervisor: " + reasonName(awaitEnd(end)));
}

/** Prints what has happened, n events, and then the answer. */
function answered(n: i32, error: string | null, done: string): void {
  events(n);
  if (!error) print(done);
  else if (error == "no luck") print("failed: " + error);
  else print(error);
}

function startChild(s: SupervisorRef, child: Child, n: i32): void {
  step("start " + child.id);
  const r = s.startChild(child);
  answered(n, r.ok ? null : r.error!.message, "started");
}

function restartChild(s: SupervisorRef, id: string, n: i32): void {
  step("restart " + id);
  const r = s.restartChild(id);
  answered(n, r.ok ? null : r.error!.message, "started");
}

function terminateChild(s: SupervisorRef, id: string, n: i32): void {
  step("terminate " + id);
  const error = s.terminateChild(id);
  answered(n, error ? error.message : null, "done");
}

function deleteChild(s: SupervisorRef, id: string): void {
  step("delete " + id);
  const error = s.deleteChild(id);
  answered(0, error ? error.message : null, "done");
}

function dynamic(): void {
  const s = supervisor(Strategy.OneForOne).start().value;
  startChild(s, Worker.child("a"), 1);
  startChild(s, Worker.child("a"), 0);
  terminateChild(s, "a", 1);
  terminateChild(s, "a", 0);
  startChild(s, Worker.child("a"), 0);
  children(s);
  restartChild(s, "a", 1);
  restartChild(s, "a", 0);
  deleteChild(s, "a");
  startChild(s, Bad.child("bad"), 1);
  children(s);
  startChild(s, Worker.child("tmp").restarting(Restart.Temporary), 1);
  terminateChild(s, "tmp", 1);
  restartChild(s, "tmp", 0);
  terminateChild(s, "none", 0);
  restartChild(s, "none", 0);
  deleteChild(s, "none");
  terminateChild(s, "a", 1);
  deleteChild(s, "a");
  children(s);
  shutDown(s, 1);
}

function names(): void {
  const s = supervisor(Strategy.OneForOne).add(Worker.child("a").named("svc")).start().value;
  events(1);
  const first = ServerRef.whereis<Ask, i32>("svc")!;
  step("add 3 by name");
  print(first.call(new Ask("add", 3)).value.toString());
  crash(s, "a");
  events(2);
  const second = ServerRef.whereis<Ask, i32>("svc")!;
  print(second.is(first) ? "the same process" : "another process");
  step("get by name");
  print(second.call(new Ask("get")).value.toString());
  shutDown(s, 2);
  print("svc: " + (whereisId("svc") == 0 ? "none" : "found"));
}

function supervisorKilled(): void {
  const s = supervisor(Strategy.OneForOne).add(Worker.child("a")).add(Worker.child("b")).start().value;
  events(2);
  const a = worker(s, "a").monitor();
  const b = worker(s, "b").monitor();
  const end = s.monitor();
  step("kill the supervisor");
  s.kill();
  print("a: " + reasonName(awaitEnd(a)));
  print("b: " + reasonName(awaitEnd(b)));
  print("supervisor: " + reasonName(awaitEnd(end)));
}

/** Starts the supervisor inner, which tells the process with an id its events. */
function inner(listener: u64): Result<SupervisorRef> {
  return new Supervisor(Strategy.OneForOne)
    .limit(1, 60_000)
    .tell(new Pid(listener), EVENT, "inner: ")
    .add(Worker.child("leaf"))
    .start();
}

function nested(): void {
  const outer = supervisor(Strategy.OneForOne)
    .add(Child.with<u64, SupervisorRef>("inner", Pid.self().id, (listener: u64) => inner(listener)).shuttingDown(FOREVER))
    .add(Worker.child("b"))
    .start().value;
  events(3);
  crash(innerOf(outer), "leaf");
  events(2);
  crash(innerOf(outer), "leaf");
  events(5);
  shutDown(outer, 5);
}

function innerOf(outer: SupervisorRef): SupervisorRef {
  return new SupervisorRef(worker(outer, "inner").id);
}

// ---- task ----

function task(): void {
  print("value: " + outcome(Task.asyncWith<i32[], i32>([6, 7], (n) => n[0] * n[1]).value.await()));
  print(outcome(Task.async<i32>((): i32 => { unreachable(); return 0; }).value.await()));
  const sleeper = Task.async<i32>((): i32 => { sleep(FOREVER); return 0; }).value;
  print(outcome(sleeper.await(20)));
  sleeper.cancel();
  print("canceled");
  print("value: " + outcome(Task.asyncLink<i32>((): i32 => 1).value.await()));
}

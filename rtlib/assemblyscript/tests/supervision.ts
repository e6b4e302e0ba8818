// Servers, supervisors and tasks: what rtlib/behaviour does not play.

import {
  Child, From, Kind, Mailbox, Pid, Process, Reader, Restart, Result, Server, ServerRef, Strategy, Supervisor,
  SupervisorRef, Task, Writer, reasonName, register, sleep, trapExits,
} from "../assembly/index";

const inbox = new Mailbox<string>();

function end(tag: i64): string {
  return reasonName(inbox.receiveTag(tag).reason);
}

/** Its calls wait so many milliseconds; -1 traps. */
class Sleepy extends Server<i32, i32, i32> {
  init(n: i32): string | null {
    if (n < 0) unreachable();
    sleep(n);
    return null;
  }

  handleCall(n: i32, from: From<i32>): void {
    if (n < 0) unreachable();
    sleep(n);
    from.reply(n);
  }
}

type Ref = ServerRef<i32, i32>;

function sleepy(): Result<Ref> {
  return Server.start<Sleepy, i32, i32, i32>(0);
}

function starts(): void {
  console.log("time-out: " + Server.start<Sleepy, i32, i32, i32>(3_600_000, 10).error!.message);
  console.log("time-out of a linked one: " + Server.startLink<Sleepy, i32, i32, i32>(3_600_000, 10).error!.message);

  // A linked server that crashes takes along who has started it.
  let p = Process.spawn<u8>((mailbox) => {
    mailbox.take();
    Server.startLink<Sleepy, i32, i32, i32>(-1);
    mailbox.take();
  }).value;
  let tag = p.monitor();
  p.send(0);
  console.log("linked: " + end(tag));

  // Unless it traps exits: then it is told.
  const told = Task.async<string>(() => {
    trapExits(true);
    const server = Server.startLink<Sleepy, i32, i32, i32>(0).value;
    const failed = server.call(-1);
    const died = new Mailbox<u8>().receiveTag(server.linkTag);
    return failed.error!.message + ", " + reasonName(died.reason) + ", " + (died.kind == Kind.LinkDied).toString();
  }).value;
  console.log("trapping exits: " + told.await().value);
}

/** Starts a supervisor with a link, tells it and its child, and ends as it is told. */
class Order {
  constructor(public how: string, public to: Process<u64[]>) {}
  encode(w: Writer): void { w.string(this.how); w.write(this.to); }
  decode(r: Reader): void { this.how = r.string(); this.to = r.read<Process<u64[]>>(); }
}

function parents(): void {
  const how: string[] = ["return", "crash"];
  for (let i = 0; i < how.length; i++) {
    const parent = Process.spawnWith<Order, u8>(new Order(how[i], Process.self<u64[]>()), (order, mailbox) => {
      const s = new Supervisor().add(Child.of<Ref>("a", () => sleepy())).startLink().value;
      order.to.send([s.id, s.whichChildren()[0].process], 5);
      mailbox.take();
      if (order.how == "crash") unreachable();
    }).value;
    const ids = new Mailbox<u64[]>().receiveTag(5).value;
    const supervisor = new Pid(ids[0]).monitor();
    const child = new Pid(ids[1]).monitor();
    parent.send(0);
    console.log("parents that " + how[i] + ": supervisor " + end(supervisor) + ", child " + end(child));
  }
}

/** A child that has ended before the supervisor sees it, but was started with a link. */
function quick(): void {
  const s = new Supervisor()
    .limit(2, 60_000)
    .tell(Pid.self(), 6)
    .add(Child.of<Process<u8>>("quick", () => Process.spawnLink<u8>((mailbox) => { unreachable(); })).restarting(Restart.Transient))
    .start().value;
  const tag = s.monitor();
  const said: string[] = [];
  do said.push(inbox.receiveTag(6).value); while (said[said.length - 1] != "give up");
  console.log("quick: " + said.join(", "));
  console.log("supervisor: " + end(tag));
}

function details(): void {
  const twice = new Supervisor().add(Child.of<Ref>("a", () => sleepy())).add(Child.of<Ref>("a", () => sleepy())).start();
  console.log("twice: " + twice.error!.message);

  const s = new Supervisor(Strategy.RestForOne).add(Child.of<Ref>("a", () => sleepy())).start().value;
  register("top", s);
  const again = SupervisorRef.whereis("top")!;
  const child = again.startChild(Child.with<i32, Ref>("b", 1, (n: i32) => Server.start<Sleepy, i32, i32, i32>(n)).named("b"));
  const running = again.startChild(Child.of<Ref>("b", () => sleepy()));
  console.log("running: " + running.error!.message + ", " + (running.error!.process == child.value.id).toString());
  console.log("by name: " + ServerRef.whereis<i32, i32>("b")!.call(1).value.toString());
  console.log("events: " + again.events().join(", "));
  for (let i = 0; i < 60; i++) {
    again.terminateChild("b");
    again.restartChild("b").value;
  }
  const events = again.events();
  console.log("kept: " + events.length.toString() + ", " + events[0] + " ... " + events[events.length - 1]);
  console.log("stopped: " + reasonName(s.stop().value) + ", then " + again.deleteChild("b")!.message);
}

/** Answers of tasks that arrive before anybody waits for them. */
function tasks(): void {
  const good = Task.asyncWith<i32, i32>(20, (n) => n + 1).value;
  const bad = Task.async<i32>((): i32 => { unreachable(); return 0; }).value;
  const me = Process.self<string>();
  // Messages of others come through, tasks' do not.
  for (let i = 0; i < 3; i++) {
    me.sendAfter("tick", 20);
    if (inbox.take() != "tick") abort("another message");
  }
  console.log("tasks: " + good.await().value.toString() + ", " + bad.await().error!.message + ", " + good.await(0).value.toString());
  const never = Task.async<i32>((): i32 => { sleep(u64.MAX_VALUE); return 0; }).value;
  never.cancel();
  console.log("canceled: " + never.await().error!.message);
  console.log("nothing else: " + inbox.receive(0).timedOut.toString());
}

export function _start(): void {
  starts();
  parents();
  quick();
  details();
  tasks();
}

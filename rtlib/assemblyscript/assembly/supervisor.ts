// Supervisors: docs/supervision.md has the semantics.

import { From } from "./call";
import { BRUTAL_KILL, Child, Restart } from "./child";
import { now } from "./clock";
import { Config } from "./config";
import { Kind, reason, receiveTag } from "./inbox";
import { Pid, selfId } from "./pid";
import { Process, trapExits } from "./process";
import { Reader } from "./reader";
import { register, whereisId } from "./registry";
import { Cause, ExitReason, Failure, Result, reasonName } from "./result";
import { FOREVER } from "./scratch";
import { Info, Server, ServerRef, StopReason } from "./server";
import { newTag } from "./tags";
import { Writer } from "./writer";

/** Who is started again when a child has ended. */
export enum Strategy {
  /** The child alone. */
  OneForOne,
  /** All. */
  OneForAll,
  /** The child and those behind it. */
  RestForOne,
}

/**
 * The description of a supervisor.
 *
 *     new Supervisor(Strategy.OneForOne)
 *       .add(Child.of("listener", () => Listener.start(8080)))
 *       .limit(3, 10_000)
 *       .start();
 */
export class Supervisor {
  /** How many restarts within the period are still allowed. */
  intensity: u32 = 1;
  /** In milliseconds. */
  period: u64 = 5000;
  /** In the order in which they are started. */
  children: Child[] = [];
  /** Who is told the events; 0 is nobody. */
  listener: u64 = 0;
  /** The tag of the messages that tell them. */
  listenerTag: i64 = 0;
  /** What stands before each event. */
  prefix: string = "";
  /** Who has started it with a link; 0 is nobody. */
  parent: u64 = 0;

  constructor(public strategy: Strategy = Strategy.OneForOne) {}

  /** Adds a child behind the others. */
  add(child: Child): Supervisor {
    this.children.push(child);
    return this;
  }

  /** Sets how many restarts are allowed within a period of so many milliseconds. */
  limit(intensity: u32, period: u64): Supervisor {
    this.intensity = intensity;
    this.period = period;
    return this;
  }

  /** Has each event told to a process, as a string with the tag, behind a prefix. */
  tell(listener: Pid, tag: i64 = 0, prefix: string = ""): Supervisor {
    this.listener = listener.id;
    this.listenerTag = tag;
    this.prefix = prefix;
    return this;
  }

  /** Starts it, and waits until all children have been started. See `Server.start`. */
  start(timeout: u64 = FOREVER, config: Config | null = null): Result<SupervisorRef> {
    this.parent = 0;
    return started(Server.start<Loop, Supervisor, Request, Answer>(this, timeout, config));
  }

  /** The same, and links both. When who calls this ends, the supervisor ends. */
  startLink(timeout: u64 = FOREVER, config: Config | null = null): Result<SupervisorRef> {
    this.parent = selfId();
    return started(Server.startLink<Loop, Supervisor, Request, Answer>(this, timeout, config));
  }

  encode(w: Writer): void {
    w.write(this.strategy);
    w.u32(this.intensity);
    w.u64(this.period);
    w.write(this.children);
    w.u64(this.listener);
    w.i64(this.listenerTag);
    w.string(this.prefix);
    w.u64(this.parent);
  }

  decode(r: Reader): void {
    this.strategy = r.read<Strategy>();
    this.intensity = r.u32();
    this.period = r.u64();
    this.children = r.read<Child[]>();
    this.listener = r.u64();
    this.listenerTag = r.i64();
    this.prefix = r.string();
    this.parent = r.u64();
  }
}

function started(server: Result<ServerRef<Request, Answer>>): Result<SupervisorRef> {
  if (!server.ok) return Result.failed<SupervisorRef>(server.error!);
  const supervisor = new SupervisorRef(server.value.id);
  supervisor.linkTag = server.value.linkTag;
  return Result.of<SupervisorRef>(supervisor);
}

/** A child of a supervisor, running or not. */
export class ChildState {
  constructor(
    /** Its name within the supervisor. */
    public id: string,
    /** Its process; 0 if it is not running. */
    public process: u64,
  ) {}

  /** Whether it is running. */
  get running(): bool {
    return this.process != 0;
  }

  encode(w: Writer): void {
    w.string(this.id);
    w.u64(this.process);
  }

  decode(r: Reader): void {
    this.id = r.string();
    this.process = r.u64();
  }
}

/** A supervisor. `shutdown` and `stop` shut its children down, then it ends. */
export class SupervisorRef extends Pid {
  constructor(id: u64) {
    super(id);
  }

  /** The supervisor that is registered under a name; null if there is none. */
  static whereis(name: string): SupervisorRef | null {
    const id = whereisId(name);
    return id == 0 ? null : new SupervisorRef(id);
  }

  /**
   * Adds a child behind the others, and starts it. Fails with the error of the start, with
   * `already started` (and the process), or `already present` if it is there and not running.
   */
  startChild(child: Child): Result<Pid> {
    return this.ask(new Request(Op.Start, child.id, child)).process();
  }

  /** Shuts a child down. Its description stays, but for a temporary one. Fails with `not found`. */
  terminateChild(id: string): Failure | null {
    return this.ask(new Request(Op.Terminate, id)).failure;
  }

  /** Starts a child that is not running. Fails with `running`, `not found`, or the error of the start. */
  restartChild(id: string): Result<Pid> {
    return this.ask(new Request(Op.Restart, id)).process();
  }

  /** Removes the description of a child that is not running. Fails with `running` or `not found`. */
  deleteChild(id: string): Failure | null {
    return this.ask(new Request(Op.Delete, id)).failure;
  }

  /** The children in order. */
  whichChildren(): ChildState[] {
    return this.ask(new Request(Op.Which)).children;
  }

  /** The last 100 events. */
  events(): string[] {
    return this.ask(new Request(Op.Events)).events;
  }

  private ask(request: Request): Answer {
    const result = new ServerRef<Request, Answer>(this.id).call(request);
    return result.ok ? result.value : Answer.of(result.error!);
  }
}

// ---- Requests ----

enum Op {
  Start,
  Terminate,
  Restart,
  Delete,
  Which,
  Events,
}

class Request {
  constructor(
    public op: Op,
    public id: string = "",
    public child: Child | null = null,
  ) {}

  encode(w: Writer): void {
    w.write(this.op);
    w.string(this.id);
    w.write(this.child);
  }

  decode(r: Reader): void {
    this.op = r.read<Op>();
    this.id = r.string();
    this.child = r.read<Child | null>();
  }
}

class Answer {
  failure: Failure | null = null;
  pid: u64 = 0;
  children: ChildState[] = [];
  events: string[] = [];

  static of(failure: Failure): Answer {
    const a = new Answer();
    a.failure = failure;
    return a;
  }

  static process(pid: u64): Answer {
    const a = new Answer();
    a.pid = pid;
    return a;
  }

  process(): Result<Pid> {
    const failure = this.failure;
    return failure ? Result.failed<Pid>(failure) : Result.of<Pid>(new Pid(this.pid));
  }

  encode(w: Writer): void {
    w.write(this.failure);
    w.u64(this.pid);
    w.write(this.children);
    w.write(this.events);
  }

  decode(r: Reader): void {
    this.failure = r.read<Failure | null>();
    this.pid = r.u64();
    this.children = r.read<ChildState[]>();
    this.events = r.read<string[]>();
  }
}

// ---- The process ----

/** A child and its process. */
class Entry {
  /** 0 if it is not running. */
  pid: u64 = 0;
  /** The tag of its monitor, and of its link. */
  tag: i64 = 0;
  /** The tag of the link that its start function has made, if it has. */
  firstLink: i64 = 0;

  constructor(public child: Child) {}
}

/** How many events are kept. */
const KEPT_EVENTS = 100;

class Loop extends Server<Supervisor, Request, Answer> {
  private spec: Supervisor = new Supervisor();
  private entries: Entry[] = [];
  private log: string[] = [];
  private restarts: u64[] = []; // when
  private parentTag: i64 = 0;

  init(spec: Supervisor): string | null {
    trapExits(true);
    this.spec = spec;
    if (spec.parent != 0) this.parentTag = new Pid(spec.parent).monitor();
    for (let i = 0; i < spec.children.length; i++) {
      const child = spec.children[i];
      if (this.find(child.id) >= 0) {
        this.shutDownAll();
        return "two children are called " + child.id;
      }
      this.entries.push(new Entry(child));
      const failure = this.start(i);
      if (failure) {
        this.shutDownAll();
        return failure.message;
      }
    }
    return null;
  }

  handleCall(request: Request, from: From<Answer>): void {
    from.reply(this.answer(request));
  }

  private answer(request: Request): Answer {
    const i = this.find(request.id);
    switch (request.op) {
      case Op.Start: return this.add(i, request.child!);
      case Op.Which: {
        const a = new Answer();
        for (let i = 0; i < this.entries.length; i++) {
          a.children.push(new ChildState(this.entries[i].child.id, this.entries[i].pid));
        }
        return a;
      }
      case Op.Events: {
        const a = new Answer();
        a.events = this.log;
        return a;
      }
    }
    if (i < 0) return Answer.of(new Failure("not found"));
    const running = this.entries[i].pid != 0;
    if (request.op == Op.Terminate) {
      if (running) this.shutDown(i);
      if (this.entries[i].child.restart == Restart.Temporary) this.entries.splice(i, 1);
      return new Answer();
    }
    if (running) return Answer.of(new Failure("running"));
    if (request.op == Op.Delete) {
      this.entries.splice(i, 1);
      return new Answer();
    }
    const failure = this.start(i);
    return failure ? Answer.of(failure) : Answer.process(this.entries[i].pid);
  }

  private add(i: i32, child: Child): Answer {
    if (i >= 0) {
      const pid = this.entries[i].pid;
      if (pid == 0) return Answer.of(new Failure("already present"));
      return Answer.of(new Failure("already started", Cause.Refused, ExitReason.Normal, pid));
    }
    this.entries.push(new Entry(child));
    i = this.entries.length - 1;
    const failure = this.start(i);
    if (!failure) return Answer.process(this.entries[i].pid);
    this.entries.pop();
    return Answer.of(failure);
  }

  handleInfo(info: Info): void {
    if (info.tag == 0) return; // no tag of ours
    if (info.kind == Kind.ProcessDied && info.tag == this.parentTag) {
      if (info.reason == ExitReason.Normal) this.stop();
      else this.fail();
      return;
    }
    for (let i = 0; i < this.entries.length; i++) {
      const entry = this.entries[i];
      if (entry.pid == 0) continue;
      // The monitor tells of every end. The link that the start function has made tells of one
      // before there was a monitor.
      if (info.tag == (info.kind == Kind.LinkDied ? entry.firstLink : entry.tag)) {
        this.ended(i, info.reason);
        return;
      }
    }
  }

  terminate(reason: StopReason): void {
    this.shutDownAll();
    if (reason != StopReason.Failed) this.event("stop");
  }

  /** A child has ended by itself. */
  private ended(i: i32, reason: ExitReason): void {
    const entry = this.entries[i];
    if (reason == ExitReason.NoProcess) reason = ExitReason.Normal;
    this.event("end " + entry.child.id + " " + reasonName(reason));
    entry.pid = 0;
    const restart = entry.child.restart;
    if (restart == Restart.Temporary) this.entries.splice(i, 1);
    else if (restart == Restart.Permanent || reason != ExitReason.Normal) this.restart(i);
  }

  private restart(i: i32): void {
    while (i >= 0) {
      if (!this.mayRestart()) {
        this.event("give up");
        this.fail();
        return;
      }
      i = this.tryRestart(i);
    }
  }

  /** Answers -1, or the child that could not be started. */
  private tryRestart(i: i32): i32 {
    switch (this.spec.strategy) {
      case Strategy.OneForOne: return this.start(i) ? i : -1;
      case Strategy.OneForAll: i = 0; break;
    }
    // Temporary children are not started again.
    for (let k = this.entries.length - 1; k >= i; k--) {
      const entry = this.entries[k];
      if (entry.pid == 0) continue;
      this.shutDown(k);
      if (entry.child.restart == Restart.Temporary) this.entries.splice(k, 1);
    }
    for (let k = i; k < this.entries.length; k++) {
      if (this.start(k)) return k;
    }
    return -1;
  }

  /** Counts a restart. */
  private mayRestart(): bool {
    const t = now();
    this.restarts.push(t);
    while (t - this.restarts[0] > this.spec.period) this.restarts.shift();
    return <u32>this.restarts.length <= this.spec.intensity;
  }

  /** Starts the process of a child. */
  private start(i: i32): Failure | null {
    const entry = this.entries[i];
    const child = entry.child;
    const started = child.start();
    const failure = started.error;
    if (failure) {
      this.event("start " + child.id + " failed");
      return failure;
    }
    const process = started.value;
    entry.pid = process.id;
    entry.tag = newTag();
    entry.firstLink = process.linkTag;
    process.monitor(entry.tag);
    process.link(entry.tag);
    const name = child.name;
    if (name) register(name, process);
    this.event("start " + child.id);
    return null;
  }

  private shutDownAll(): void {
    for (let i = this.entries.length - 1; i >= 0; i--) {
      if (this.entries[i].pid != 0) this.shutDown(i);
    }
  }

  /** Ends the process of a child, and waits for its end. */
  private shutDown(i: i32): void {
    const entry = this.entries[i];
    const child = entry.child;
    const process = new Pid(entry.pid);
    let inTime = false;
    if (child.shutdown != BRUTAL_KILL) {
      process.shutdown();
      inTime = this.awaitEnd(entry.tag, child.shutdown);
    }
    if (!inTime) {
      process.kill();
      this.awaitEnd(entry.tag, FOREVER);
    }
    entry.pid = 0;
    this.event((inTime ? "shutdown " : "kill ") + child.id);
  }

  /** Waits for the message of a child's monitor; that of its link may have come before. */
  private awaitEnd(tag: i64, timeout: u64): bool {
    let kind: Kind;
    do kind = receiveTag(tag, timeout); while (kind == Kind.LinkDied);
    return kind == Kind.ProcessDied;
  }

  private find(id: string): i32 {
    for (let i = 0; i < this.entries.length; i++) {
      if (this.entries[i].child.id == id) return i;
    }
    return -1;
  }

  private event(text: string): void {
    this.log.push(text);
    if (this.log.length > KEPT_EVENTS) this.log.shift();
    if (this.spec.listener != 0) {
      new Process<string>(this.spec.listener).send(this.spec.prefix + text, this.spec.listenerTag);
    }
  }
}

// Generic servers: docs/supervision.md has the semantics.

import { From, call } from "./call";
import { Config } from "./config";
import { Kind, data, deceased, keep, reason, receiveAny, receiveTag, tag } from "./inbox";
import * as host from "./host/process";
import { Pid, selfId } from "./pid";
import { Process, exit, startProcess } from "./process";
import { Reader } from "./reader";
import { whereisId } from "./registry";
import { ExitReason, Failure, Result } from "./result";
import { FOREVER } from "./scratch";
import { CALL, CAST, newTag } from "./tags";
import { Writer, borrow, giveBack } from "./writer";

/** Why a server ends by itself. */
export enum StopReason {
  /** A handler has called `stop`. */
  Normal,
  /** A handler has called `fail`. */
  Failed,
  /** It was asked to. */
  Shutdown,
}

/** What arrives at a server beside calls and casts. */
export class Info {
  private reader: Reader | null = null;

  /** What it is. */
  kind: Kind;
  /** The tag it has; 0 is none. */
  tag: i64;
  /** The process that has ended (`Kind.ProcessDied`). */
  process: u64 = 0;
  /** How the process of `LinkDied` or `ProcessDied` has ended. */
  reason: ExitReason = ExitReason.Normal;

  /** Takes what was just received. */
  constructor(kind: Kind) {
    this.kind = kind;
    this.tag = tag();
    if (kind == Kind.Message) {
      this.reader = keep(data());
    } else {
      this.process = deceased();
      this.reason = reason();
    }
  }

  /** What the message holds, as a value of the type that was sent. Once, and before anything is received. */
  read<T>(): T {
    const r = this.reader;
    if (!r) abort("no message: another process has ended");
    return r!.message<T>();
  }
}

/**
 * A process with a state and a loop that handles one message after another. A is the argument that
 * it is started with, M the type of its calls and casts, R that of the answers.
 *
 *     class Counter extends Server<i32, i32, i32> {
 *       private n: i32 = 0;
 *       init(start: i32): string | null { this.n = start; return null; }
 *       handleCall(add: i32, from: From<i32>): void { from.reply(this.n += add); }
 *     }
 *     const counter = Server.start<Counter, i32, i32, i32>(10).value;
 *     counter.call(5).value; // 15
 */
export abstract class Server<A, M, R> {
  /** Set by `stop` and `fail`. */
  stopping: bool = false;
  /** Set by `fail`. */
  failing: bool = false;

  /** Makes the state. Answers null, or a text that says why it refuses. */
  init(argument: A): string | null {
    return null;
  }

  /** Handles a call. `from.reply` answers it, now or later, here or in another process. */
  handleCall(request: M, from: From<R>): void {
    abort("this server handles no calls");
  }

  /** Handles a cast. */
  handleCast(message: M): void {}

  /** Handles everything else that arrives. */
  handleInfo(info: Info): void {}

  /** Is called before the server ends by itself. It is not after a trap or a kill. */
  terminate(reason: StopReason): void {}

  /** Ends the server normally, when the handler that calls this has returned. */
  stop(): void {
    this.stopping = true;
  }

  /** Ends the server as failed, when the handler that calls this has returned. */
  fail(): void {
    this.stopping = true;
    this.failing = true;
  }

  /** This server, to give to others. */
  get self(): ServerRef<M, R> {
    return new ServerRef<M, R>(selfId());
  }

  /**
   * Starts a server of class S, and waits until its `init` has returned. Answers it; or what
   * `init` has said, or how the process has ended, or the time-out, after which it is killed.
   */
  static start<S, A, M, R>(argument: A, timeout: u64 = FOREVER, config: Config | null = null): Result<ServerRef<M, R>> {
    return startServer<S, A, M, R>(argument, 0, timeout, config);
  }

  /** The same, and links both. */
  static startLink<S, A, M, R>(argument: A, timeout: u64 = FOREVER, config: Config | null = null): Result<ServerRef<M, R>> {
    return startServer<S, A, M, R>(argument, newTag(), timeout, config);
  }
}

/** A server with calls and casts of type M and answers of type R. */
export class ServerRef<M, R> extends Pid {
  constructor(id: u64) {
    super(id);
  }

  /** The server that is registered under a name; null if there is none. */
  static whereis<M, R>(name: string): ServerRef<M, R> | null {
    const id = whereisId(name);
    return id == 0 ? null : new ServerRef<M, R>(id);
  }

  /** Sends a request and waits for the answer: see `Process.request`. */
  call(request: M, timeout: u64 = FOREVER): Result<R> {
    return call<M, R>(this.id, request, timeout);
  }

  /** Sends a request that has no answer. A server that is not there loses it. */
  cast(message: M): void {
    const w = borrow();
    w.message<M>(message);
    w.send(this.id, CAST);
    giveBack(w);
  }
}

/** What a server is started with. */
class Start<A> {
  constructor(
    public argument: A,
    /** Who waits for init to return. */
    public starter: From<string | null>,
  ) {}

  encode(w: Writer): void {
    w.write<A>(this.argument);
    w.write(this.starter);
  }

  decode(r: Reader): void {
    this.argument = r.read<A>();
    this.starter = r.read<From<string | null>>();
  }
}

function startServer<S, A, M, R>(argument: A, link: i64, timeout: u64, config: Config | null): Result<ServerRef<M, R>> {
  const main = (start: Start<A>): void => {
    serve<A, M, R>(instantiate<S>(), start);
  };
  const started = newTag();
  const process = startProcess<Start<A>>(new Start<A>(argument, new From<string | null>(selfId(), started)), main, link, config);
  if (!process.ok) return Result.failed<ServerRef<M, R>>(process.error!);
  const server = new ServerRef<M, R>(process.value.id);
  server.linkTag = link;
  server.monitor(started);
  const kind = receiveTag(started, timeout);
  let failure: Failure | null = null;
  if (kind == Kind.Message) {
    const refusal = data().message<string | null>();
    if (refusal) failure = new Failure(refusal);
  } else if (kind == Kind.TimedOut) {
    failure = Failure.timeout();
    if (link != 0) server.unlink();
    server.kill();
  } else {
    failure = Failure.ended(reason());
  }
  server.stopMonitoring(started);
  return failure ? Result.failed<ServerRef<M, R>>(failure) : Result.of<ServerRef<M, R>>(server);
}

/** The life of a server. */
function serve<A, M, R>(server: Server<A, M, R>, start: Start<A>): void {
  const refusal = server.init(start.argument);
  start.starter.reply(refusal);
  if (refusal) return;
  while (!server.stopping) {
    const kind = receiveAny(FOREVER);
    if (kind == Kind.Shutdown) {
      server.terminate(StopReason.Shutdown);
      return;
    }
    if (kind == Kind.Message && tag() == CALL) {
      const r = data();
      const process = r.u64();
      const from = new From<R>(process, r.i64());
      server.handleCall(r.message<M>(), from);
    } else if (kind == Kind.Message && tag() == CAST) {
      server.handleCast(data().message<M>());
    } else {
      server.handleInfo(new Info(kind));
    }
  }
  server.terminate(server.failing ? StopReason.Failed : StopReason.Normal);
  if (server.failing) exit(1);
}

// A bounded queue between two stages.
//
// Who puts an item into a full queue waits for the answer: that is back-pressure. Who takes one
// says when it is done with it. If it ends before, the item goes to another worker; an item that
// has ended two workers is given up.

import { From, Info, Kind, Pid, Reader, Result, Server, ServerRef, Writer, register } from "lunatic";
import { Item } from "./item";
import { Out } from "./out";

enum Op {
  Put,
  Take,
  Done,
  Stats,
}

class Request {
  constructor(
    public op: Op,
    public item: Item | null = null,
  ) {}

  encode(w: Writer): void {
    w.write(this.op);
    w.write(this.item);
  }

  decode(r: Reader): void {
    this.op = r.read<Op>();
    this.item = r.read<Item | null>();
  }
}

class Answer {
  constructor(
    public item: Item | null = null,
    public stats: Stats | null = null,
  ) {}

  encode(w: Writer): void {
    w.write(this.item);
    w.write(this.stats);
  }

  decode(r: Reader): void {
    this.item = r.read<Item | null>();
    this.stats = r.read<Stats | null>();
  }
}

/** What has happened to a queue. */
export class Stats {
  /** How many items it had at its longest. */
  longest: i32 = 0;
  /** How many workers have ended while they had an item. */
  ended: i32 = 0;

  encode(w: Writer): void {
    w.i32(this.longest);
    w.i32(this.ended);
  }

  decode(r: Reader): void {
    this.longest = r.i32();
    this.ended = r.i32();
  }
}

/** A queue, for those who use it. */
export class Queue {
  private constructor(private server: ServerRef<Request, Answer>) {}

  /** Starts a queue for so many items, and registers it by its name. */
  static start(name: string, bound: i32): Queue {
    const server = Server.startLink<QueueServer, Settings, Request, Answer>(new Settings(name, bound)).value;
    register(name, server);
    return new Queue(server);
  }

  /** The queue with a name. */
  static named(name: string): Queue {
    return new Queue(ServerRef.whereis<Request, Answer>(name)!);
  }

  /** Puts an item into the queue, when there is room. */
  put(item: Item): void {
    this.server.call(new Request(Op.Put, item)).value;
  }

  /** Takes an item, when there is one. */
  take(): Item {
    return this.server.call(new Request(Op.Take)).value.item!;
  }

  /** Says that an item has been passed on. */
  done(item: Item): void {
    this.server.cast(new Request(Op.Done, item));
  }

  /** What has happened to it. */
  get stats(): Stats {
    return this.server.call(new Request(Op.Stats)).value.stats!;
  }
}

class Settings {
  constructor(
    public name: string,
    public bound: i32,
  ) {}

  encode(w: Writer): void {
    w.string(this.name);
    w.i32(this.bound);
  }

  decode(r: Reader): void {
    this.name = r.string();
    this.bound = r.i32();
  }
}

/** Somebody who wants to put an item into the queue. */
class Putting {
  constructor(
    public item: Item,
    public from: From<Answer>,
  ) {}
}

/** How many workers an item may end. */
const ATTEMPTS = 2;

class QueueServer extends Server<Settings, Request, Answer> {
  private settings: Settings = new Settings("", 0);
  private items: Item[] = [];
  private stats: Stats = new Stats();
  private putting: Putting[] = []; // they wait
  private taking: From<Answer>[] = []; // they wait, too
  private busy: Map<u64, Item | null> = new Map<u64, Item | null>(); // what each worker is busy with
  private ended: Map<i32, i32> = new Map<i32, i32>(); // how many workers an item has

  init(settings: Settings): string | null {
    this.settings = settings;
    return null;
  }

  handleCall(request: Request, from: From<Answer>): void {
    switch (request.op) {
      case Op.Put: {
        this.putting.push(new Putting(request.item!, from));
        break;
      }
      case Op.Take: {
        if (!this.busy.has(from.process)) new Pid(from.process).monitor();
        this.busy.set(from.process, null);
        this.taking.push(from);
        break;
      }
      case Op.Stats: {
        from.reply(new Answer(null, this.stats));
        break;
      }
    }
    this.move();
  }

  handleCast(done: Request): void {
    const id = done.item!.id;
    this.ended.delete(id);
    const workers = this.busy.keys();
    for (let i = 0; i < workers.length; i++) {
      const item = this.busy.get(workers[i]);
      if (item && item.id == id) this.busy.set(workers[i], null);
    }
  }

  /** A worker has ended. */
  handleInfo(info: Info): void {
    if (info.kind != Kind.ProcessDied || !this.busy.has(info.process)) return;
    const item = this.busy.get(info.process);
    this.busy.delete(info.process);
    for (let i = this.taking.length - 1; i >= 0; i--) {
      if (this.taking[i].process == info.process) this.taking.splice(i, 1);
    }
    if (item) this.again(item);
    this.move();
  }

  /** What becomes of an item whose worker has ended. */
  private again(item: Item): void {
    this.stats.ended++;
    const ended = (this.ended.has(item.id) ? this.ended.get(item.id) : 0) + 1;
    if (ended < ATTEMPTS) {
      this.ended.set(item.id, ended);
      this.items.unshift(item);
    } else {
      this.ended.delete(item.id);
      item.failed = true;
      item.result = this.settings.name + " failed";
      Out.running().print(item);
    }
  }

  /** Moves items from those who put to those who take. */
  private move(): void {
    for (;;) {
      if (this.putting.length > 0 && this.items.length < this.settings.bound) {
        const p = this.putting.shift();
        this.items.push(p.item);
        this.stats.longest = max(this.stats.longest, this.items.length);
        p.from.reply(new Answer());
      } else if (this.taking.length > 0 && this.items.length > 0) {
        const from = this.taking.shift();
        const item = this.items.shift();
        this.busy.set(from.process, item);
        from.reply(new Answer(item));
      } else {
        return;
      }
    }
  }
}

// The end of the pipeline: prints what comes out, in the order of the lines, and gives credit to
// the source, so that no more than a window of lines is under way.

import { From, Process, Reader, Server, ServerRef, Writer, register } from "lunatic";
import { Item } from "./item";

/** The end of the pipeline, for those who use it. */
export class Out {
  private constructor(private server: ServerRef<Item, bool>) {}

  /** Starts it. The owner is told what went through when the last line has been printed. */
  static start(window: i32, owner: Process<string>, tag: i64): Out {
    const server = Server.startLink<OutServer, Settings, Item, bool>(new Settings(window, owner, tag)).value;
    register("out", server);
    return new Out(server);
  }

  /** The one that runs. */
  static running(): Out {
    return new Out(ServerRef.whereis<Item, bool>("out")!);
  }

  /** Waits until a line may enter. There is one who calls this. */
  admit(item: Item): void {
    this.server.call(item).value;
  }

  /** Prints an item, when it is its turn. */
  print(item: Item): void {
    this.server.cast(item);
  }
}

class Settings {
  constructor(
    public window: i32,
    public owner: Process<string>,
    public tag: i64,
  ) {}

  encode(w: Writer): void {
    w.i32(this.window);
    w.write(this.owner);
    w.i64(this.tag);
  }

  decode(r: Reader): void {
    this.window = r.i32();
    this.owner = r.read<Process<string>>();
    this.tag = r.i64();
  }
}

/** Its calls are lines that want to enter, its casts those that are to be printed. */
class OutServer extends Server<Settings, Item, bool> {
  private settings: Settings = new Settings(0, new Process<string>(0), 0);
  private failed: i32 = 0;
  private mostUnderWay: i32 = 0;
  private next: i32 = 1; // the line to print
  private ready: Map<i32, Item> = new Map<i32, Item>(); // lines behind it
  private entering: i32 = 0;
  private source: From<bool> | null = null; // waits until the line `entering` may enter

  init(settings: Settings): string | null {
    this.settings = settings;
    return null;
  }

  handleCall(item: Item, from: From<bool>): void {
    this.entering = item.id;
    this.source = from;
    this.admit();
  }

  handleCast(item: Item): void {
    // A worker that ends after it has passed an item on has it done again.
    if (item.id < this.next || this.ready.has(item.id)) return;
    this.ready.set(item.id, item);
    while (this.ready.has(this.next)) {
      const item = this.ready.get(this.next);
      this.ready.delete(this.next++);
      this.print(item);
    }
    this.admit();
  }

  private print(item: Item): void {
    if (item.last) {
      const s = this.settings;
      s.owner.send(`lines: ${item.id - 1}, failed: ${this.failed}, most under way: ${this.mostUnderWay} of ${s.window}`, s.tag);
      return;
    }
    if (item.failed) this.failed++;
    console.log(item.id.toString() + ": " + item.text + (item.failed ? " ! " : " = ") + item.result);
  }

  private admit(): void {
    const source = this.source;
    const underWay = this.entering - this.next + 1;
    if (!source || underWay > this.settings.window) return;
    this.mostUnderWay = max(this.mostUnderWay, underWay);
    this.source = null;
    source.reply(true);
  }
}

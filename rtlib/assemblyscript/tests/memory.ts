// The collector, while messages arrive and the process waits. It is built with each runtime of asc.

import { From, Mailbox, Pid, Process, Reader, Server, ServerRef, Task, Writer, sleep } from "../assembly/index";

/** A tree with text in each of its nodes. */
class Tree {
  left: Tree | null = null;
  right: Tree | null = null;
  constructor(public label: string) {}

  static grow(depth: i32, label: string): Tree {
    const t = new Tree(label);
    if (depth > 0) {
      t.left = Tree.grow(depth - 1, label + "l");
      if (depth == 3) sleep(0); // suspended with t, and every caller's, on the stack
      t.right = Tree.grow(depth - 1, label + "r");
    }
    return t;
  }

  /** The number of nodes whose label is what it should be. */
  intact(label: string): i32 {
    const l = this.left;
    const r = this.right;
    return i32(this.label == label) + (l ? l.intact(label + "l") : 0) + (r ? r.intact(label + "r") : 0);
  }

  encode(w: Writer): void {
    w.string(this.label);
    w.write(this.left);
    w.write(this.right);
  }

  decode(r: Reader): void {
    this.label = r.string();
    this.left = r.read<Tree | null>();
    this.right = r.read<Tree | null>();
  }
}

/** Keeps the last trees that it was sent, and allocates in between. */
class Garden extends Server<i32, Tree, i32> {
  private trees: Tree[] = [];
  private seen: Map<string, i32> = new Map<string, i32>();

  handleCast(tree: Tree): void {
    this.trees.push(tree);
    if (this.trees.length > 8) this.trees.shift();
    this.seen.set(tree.label, (this.seen.has(tree.label) ? this.seen.get(tree.label) : 0) + 1);
  }

  handleCall(request: Tree, from: From<i32>): void {
    let intact = 0;
    for (let i = 0; i < this.trees.length; i++) intact += this.trees[i].intact(this.trees[i].label);
    let casts = 0;
    const labels = this.seen.keys();
    for (let i = 0; i < labels.length; i++) casts += this.seen.get(labels[i]);
    from.reply(intact * 1000 + casts);
  }
}

export function _start(): void {
  const garden = Server.start<Garden, i32, Tree, i32>(0).value;

  // Senders, while the first process allocates, too.
  const senders: Task<i32>[] = [];
  for (let k = 0; k < 4; k++) {
    senders.push(Task.asyncWith<ServerRef<Tree, i32>, i32>(garden, (garden) => {
      let sent = 0;
      for (let i = 0; i < 25; i++) {
        const tree = Tree.grow(4, i.toString());
        garden.cast(tree);
        if (tree.intact(i.toString()) == 31) sent++;
      }
      return sent;
    }).value);
  }
  let kept = Tree.grow(6, "mine");
  for (let i = 0; i < 20; i++) Tree.grow(5, "waste");
  console.log("mine: " + kept.intact("mine").toString() + " of 127");
  let sent = 0;
  for (let k = 0; k < 4; k++) sent += senders[k].await().value;
  console.log("sent: " + sent.toString());
  const answer = garden.call(new Tree("")).value;
  console.log("kept: " + (answer / 1000).toString() + " of " + (8 * 31).toString() + ", received: " + (answer % 1000).toString());
  console.log("mine: " + kept.intact("mine").toString() + " of 127");

  // Messages are garbage as soon as they have been handled: memory does not grow for ever, if
  // there is a collector that runs by itself.
  const me = Process.self<Uint8Array>();
  const inbox = new Mailbox<Uint8Array>();
  const large = new Uint8Array(20_000);
  for (let i = 0; i < 2000; i++) {
    me.send(large);
    if (inbox.take().length != 20_000) abort("another message");
    if (ASC_RUNTIME != 2 && i == 200) break; // 2 is incremental
  }
  console.log("memory: " + (memory.size() <= 200 ? "small" : memory.size().toString() + " pages"));
}

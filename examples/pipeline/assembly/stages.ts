// The stages. Each has workers that take an item, do their part, and pass it on. They know nothing
// of failures: what is wrong with an item ends the worker.

import { Lines, Mailbox, StandardStream, sleep } from "lunatic";
import { Item, Node } from "./item";
import { Out } from "./out";
import { Queue } from "./queue";

/** Reads the lines of standard input, no faster than they come out at the other end. */
export function source(mailbox: Mailbox<u8>): void {
  const lines = new Lines(StandardStream.input());
  const out = Out.running();
  const to = Queue.named("parse");
  let id = 0;
  let last = false;
  while (!last) {
    const line = lines.next();
    last = line === null;
    const item = new Item(++id, line ? line.trim() : "", last);
    out.admit(item);
    to.put(item);
  }
}

/** Makes trees of texts. */
export function parse(mailbox: Mailbox<u8>): void {
  const from = Queue.named("parse");
  const to = Queue.named("evaluate");
  for (;;) {
    const item = from.take();
    if (!item.last) item.tree = new Parser(item.text).all();
    to.put(item);
    from.done(item);
  }
}

/** Computes trees. */
export function evaluate(mailbox: Mailbox<u8>): void {
  const from = Queue.named("evaluate");
  const out = Out.running();
  for (;;) {
    const item = from.take();
    if (!item.last) item.result = value(item.tree!).toString();
    out.print(item);
    from.done(item);
  }
}

function value(node: Node): i64 {
  if (node.op == 0x6e) return node.n; // n
  if (node.op == 0x77) { // w
    sleep(node.n);
    return node.n;
  }
  const left = value(node.left!);
  const right = value(node.right!);
  switch (node.op) {
    case 0x2b: return left + right;
    case 0x2d: return left - right;
    case 0x2a: return left * right;
    default: return left / right; // traps if right is 0
  }
}

/** A parser of sums of products of numbers, `wait(MILLISECONDS)`, and sums in parentheses. */
class Parser {
  private at: i32 = 0;

  constructor(private text: string) {}

  all(): Node {
    const tree = this.sum();
    assert(this.at == this.text.length, "the expression should end here: " + this.text.substring(this.at));
    return tree;
  }

  private sum(): Node {
    let node = this.product();
    for (let op = this.next("+-"); op != 0; op = this.next("+-")) node = new Node(op, 0, node, this.product());
    return node;
  }

  private product(): Node {
    let node = this.factor();
    for (let op = this.next("*/"); op != 0; op = this.next("*/")) node = new Node(op, 0, node, this.factor());
    return node;
  }

  private factor(): Node {
    if (this.next("(") != 0) {
      const node = this.sum();
      assert(this.next(")") != 0, "a parenthesis is not closed: " + this.text);
      return node;
    }
    if (this.text.substr(this.at, 5) == "wait(") {
      this.at += 5;
      const node = new Node(0x77, this.number());
      assert(this.next(")") != 0, "a parenthesis is not closed: " + this.text);
      return node;
    }
    return new Node(0x6e, this.number());
  }

  private number(): i64 {
    const from = this.at;
    while (this.at < this.text.length && this.text.charCodeAt(this.at) - 48 <= 9 && this.text.charCodeAt(this.at) >= 48) this.at++;
    assert(this.at > from, "a number should stand here: " + this.text.substring(from));
    const digits = this.text.substring(from, this.at);
    this.spaces();
    return I64.parseInt(digits);
  }

  /** Takes the next character if it is one of those; answers it, or 0. */
  private next(those: string): u8 {
    this.spaces();
    if (this.at == this.text.length || !those.includes(this.text.charAt(this.at))) return 0;
    const c = this.text.charCodeAt(this.at++);
    this.spaces();
    return <u8>c;
  }

  private spaces(): void {
    while (this.at < this.text.length && this.text.charAt(this.at) == " ") this.at++;
  }
}

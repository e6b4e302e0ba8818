// What goes through the pipeline.

import { Reader, Writer } from "lunatic";

/** A part of an expression. */
export class Node {
  constructor(
    /** The character of an operation, `n` for a number, `w` for wait. */
    public op: u8,
    public n: i64 = 0,
    public left: Node | null = null,
    public right: Node | null = null,
  ) {}

  encode(w: Writer): void {
    w.u8(this.op);
    w.i64(this.n);
    w.write(this.left);
    w.write(this.right);
  }

  decode(r: Reader): void {
    this.op = r.u8();
    this.n = r.i64();
    this.left = r.read<Node | null>();
    this.right = r.read<Node | null>();
  }
}

/** A line of the input, and what the stages have made of it so far. */
export class Item {
  /** What is to be computed, once it has been parsed. */
  tree: Node | null = null;
  /** What came out; or why nothing did. */
  result: string = "";
  /** Nothing did. */
  failed: bool = false;

  constructor(
    /** The number of the line, from 1. */
    public id: i32,
    public text: string,
    /** It is no line, but the end of them. */
    public last: bool = false,
  ) {}

  encode(w: Writer): void {
    w.i32(this.id);
    w.string(this.text);
    w.bool(this.last);
    w.write(this.tree);
    w.string(this.result);
    w.bool(this.failed);
  }

  decode(r: Reader): void {
    this.id = r.i32();
    this.text = r.string();
    this.last = r.bool();
    this.tree = r.read<Node | null>();
    this.result = r.string();
    this.failed = r.bool();
  }
}

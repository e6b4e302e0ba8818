// The globals: what asconfig.json puts in the place of a JavaScript host.

import { Lines, Mailbox, Process, StandardStream, attempt, exit, sleep } from "../assembly/index";

/** Top-level code runs in every process, before its function. */
class Initial {
  constructor(public n: i32) {}
}
const initial = new Initial(40);
initial.n += 2;

export function _start(): void {
  console.log("arguments: " + process.argv.slice(1).join(" "));
  console.log("variables: " + (process.env.has("HOME_OF") ? process.env.get("HOME_OF") : "none"));
  console.log("top level: " + initial.n.toString());
  initial.n = 0;
  const child = Process.spawn<u8>((mailbox) => {
    mailbox.receive().reply<i32>(initial.n);
  }).value;
  console.log("top level of a child: " + child.request<i32>(0).value.toString());

  const since = performance.now();
  const since2 = process.hrtime();
  sleep(2);
  console.log("time goes on: " + (performance.now() - since >= 2).toString() + ", " + (process.hrtime() - since2 >= 2_000_000).toString());
  console.log("it is after 2025: " + (Date.now() > 1_735_689_600_000).toString() + ", " + (new Date(Date.now()).getUTCFullYear() >= 2025).toString());

  const a = new Uint8Array(16);
  const b = new Uint8Array(16);
  crypto.getRandomValues(a);
  crypto.getRandomValues(b);
  console.log("random: " + (a.join() != b.join()).toString() + ", " + (Math.random() != Math.random()).toString());

  process.stdout.write("no end of line");
  process.stdout.write("\n");
  console.warn("to standard error");
  trace("numbers", 2, 1.5, 2.5);

  const lines = new Lines(StandardStream.input());
  for (let line = lines.next(); line; line = lines.next()) console.log("line: " + line);
  console.log("end of input: " + (lines.error === null).toString());

  attempt(() => { assert(false, "gr\u00fc\u00dfe " + "x".repeat(1100)); });
  attempt(() => { throw new RangeError("thrown"); });
  console.log("still there");
  exit(3);
}

// A pipeline that computes the expressions of its input, line by line:
//
//     source -> [queue parse] -> parse x 2 -> [queue evaluate] -> evaluate x 3 -> out
//
// A supervisor restarts the workers. Everything else is linked to the first process: should it
// fail, the program fails.

import { BRUTAL_KILL, Child, Mailbox, Pid, Process, Supervisor } from "lunatic";
import { Out } from "./out";
import { Queue } from "./queue";
import { evaluate, parse, source } from "./stages";

/** Of messages to the first process: events of the supervisor, and the end. */
const EVENT: i64 = 1;
const FINISHED: i64 = 2;

/** The value of an option, or its default. */
function option(name: string, value: i32): i32 {
  const at = process.argv.indexOf("--" + name);
  return at > 0 && at + 1 < process.argv.length ? i32(parseInt(process.argv[at + 1])) : value;
}

export function _start(): void {
  const bound = option("queue", 4);
  const window = option("window", 16);

  Out.start(window, Process.self<string>(), FINISHED);
  const parseQueue = Queue.start("parse", bound);
  const evaluateQueue = Queue.start("evaluate", bound);

  // Wrong lines end workers all the time: that is no reason to give up.
  const workers = new Supervisor().limit(1000, 1000).tell(Pid.self(), EVENT);
  for (let i = 1; i <= option("parsers", 2); i++) workers.add(worker("parse " + i.toString(), parse));
  for (let i = 1; i <= option("evaluators", 3); i++) workers.add(worker("evaluate " + i.toString(), evaluate));
  const supervisor = workers.startLink().value;

  Process.spawnLink<u8>(source).value;

  const inbox = new Mailbox<string>();
  let message = inbox.receiveTags([EVENT, FINISHED]);
  while (message.tag == EVENT) {
    console.error(message.value);
    message = inbox.receiveTags([EVENT, FINISHED]);
  }
  const p = parseQueue.stats;
  const e = evaluateQueue.stats;
  console.error(`${message.value}, longest queues: ${p.longest} and ${e.longest} of ${bound}, workers that ended: ${p.ended + e.ended}`);
  supervisor.stop();
}

function worker(id: string, stage: (mailbox: Mailbox<u8>) => void): Child {
  return Child.with<(mailbox: Mailbox<u8>) => void, Process<u8>>(id, stage, (stage: (mailbox: Mailbox<u8>) => void) => Process.spawn<u8>(stage))
    .named(id)
    .shuttingDown(BRUTAL_KILL);
}

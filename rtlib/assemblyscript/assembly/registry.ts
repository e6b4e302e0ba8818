// Names of processes, in one environment.

import * as host from "./host/registry";
import { Pid } from "./pid";
import { Process } from "./process";
import { OUT } from "./scratch";

/** Gives a process a name; who had it before loses it. Names vanish with their process. */
export function register(name: string, process: Pid): void {
  const bytes = String.UTF8.encode(name);
  host.put(changetype<usize>(bytes), bytes.byteLength, 0, process.id);
}

/** Makes a name free. */
export function unregister(name: string): void {
  const bytes = String.UTF8.encode(name);
  host.remove(changetype<usize>(bytes), bytes.byteLength);
}

/** The id of the living process with a name; 0 if there is none. */
export function whereisId(name: string): u64 {
  const bytes = String.UTF8.encode(name);
  if (host.get(changetype<usize>(bytes), bytes.byteLength, OUT, OUT + 8) != 0) return 0;
  return load<u64>(OUT, 8);
}

/** The living process with a name, which takes messages of type M; null if there is none. */
export function whereis<M>(name: string): Process<M> | null {
  const id = whereisId(name);
  return id == 0 ? null : new Process<M>(id);
}

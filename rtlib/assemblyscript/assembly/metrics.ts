// Metrics for Prometheus, with `lunatic-run --metrics`; without, they cost little.

import * as host from "./host/metrics";

/** Numbers that the one who operates the program looks at. */
export namespace metrics {
  /** Adds to a counter. Its name ends in `_total` for Prometheus. */
  export function count(name: string, by: u64 = 1): void {
    const n = String.UTF8.encode(name);
    host.counter(changetype<usize>(n), n.byteLength, by);
  }

  /** Sets a gauge. */
  export function gauge(name: string, value: f64): void {
    const n = String.UTF8.encode(name);
    host.gauge(changetype<usize>(n), n.byteLength, value);
  }

  /** Adds to a gauge; a negative number takes away. */
  export function addToGauge(name: string, by: f64): void {
    const n = String.UTF8.encode(name);
    host.increment_gauge(changetype<usize>(n), n.byteLength, by);
  }

  /** A sample of a histogram. */
  export function histogram(name: string, value: f64): void {
    const n = String.UTF8.encode(name);
    host.histogram(changetype<usize>(n), n.byteLength, value);
  }
}

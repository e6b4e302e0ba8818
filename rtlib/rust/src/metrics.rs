//! Metrics, which `lunatic-run --metrics` answers to Prometheus with `guest_` before their names.

use crate::host::metrics as h;

/// Adds to a counter.
pub fn counter(name: &str, by: u64) {
    unsafe { h::counter(name.as_ptr(), name.len(), by) }
}

/// Sets a gauge.
pub fn gauge(name: &str, value: f64) {
    unsafe { h::gauge(name.as_ptr(), name.len(), value) }
}

/// Adds to a gauge; a negative number takes away.
pub fn add_to_gauge(name: &str, by: f64) {
    unsafe { h::increment_gauge(name.as_ptr(), name.len(), by) }
}

/// Records a sample.
pub fn histogram(name: &str, sample: f64) {
    unsafe { h::histogram(name.as_ptr(), name.len(), sample) }
}

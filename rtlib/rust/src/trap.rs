//! Catching traps, panics among them.

use std::fmt;
use std::mem;
use std::panic::UnwindSafe;

use crate::host;

/// A trap was caught. Its reason is not known here; a panic has printed its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trapped;

impl fmt::Display for Trapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("trapped")
    }
}

impl std::error::Error for Trapped {}

/// Calls a function, and goes on if it traps, panics or exits.
///
/// Nothing is cleaned up: what the function owned is leaked, locks and `RefCell`s it had borrowed stay
/// borrowed, and after a panic `std::thread::panicking` stays true. A process of its own is the better place
/// for code that fails. While the function waits this process keeps its stack.
///
/// # Errors
///
/// The function did not return.
// Not inlined, so that the shadow stack is put right when this returns.
#[inline(never)]
pub fn catch<T>(function: impl FnOnce() -> T + UnwindSafe) -> Result<T, Trapped> {
    let mut call = Call { function: Some(function), result: None };
    let status = unsafe { host::trap::catch(call_once(&call) as usize, &mut call as *mut Call<_, _> as usize) };
    match call.result.take() {
        Some(result) if status == 1 => Ok(result),
        other => {
            // A result that is there although the call failed may be half made.
            mem::forget(other);
            mem::forget(call);
            Err(Trapped)
        }
    }
}

struct Call<F, T> {
    function: Option<F>,
    result: Option<T>,
}

/// The function that makes the call, for the types of this one.
fn call_once<F: FnOnce() -> T, T>(_: &Call<F, T>) -> unsafe fn(*mut u8) {
    unsafe fn run<F: FnOnce() -> T, T>(call: *mut u8) {
        let call = &mut *(call as *mut Call<F, T>);
        if let Some(function) = call.function.take() {
            call.result = Some(function());
        }
    }
    run::<F, T>
}

/// What the host calls back: the function, and what it is called with.
///
/// # Safety
///
/// The host passes what [`catch`] gave it.
#[export_name = "_lunatic_catch_trap"]
unsafe extern "C" fn catch_trap(function: usize, call: usize) -> u32 {
    let function: unsafe fn(*mut u8) = mem::transmute(function as *const ());
    function(call as *mut u8);
    1
}

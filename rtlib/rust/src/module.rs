//! Modules: code that is loaded while the program runs.

use crate::error::HostError;
use crate::host::process as h;
use crate::spawn::{Param, Spawn};
use crate::{Link, ProcessId};

/// A module that processes can be spawned from.
#[derive(Debug)]
pub struct Module {
    id: u64,
}

impl Module {
    /// Loads a module in binary form.
    ///
    /// # Errors
    ///
    /// It is malformed or imports what nobody provides, or this process may not load modules.
    pub fn load(wasm: &[u8]) -> Result<Module, HostError> {
        let mut id = 0;
        match unsafe { h::compile_module(wasm.as_ptr(), wasm.len(), &mut id) } {
            0 => Ok(Module { id }),
            -1 => Err(HostError::new("permission denied: load modules")),
            _ => Err(HostError::take(id)),
        }
    }

    /// Spawns a process that calls an exported function of the module.
    ///
    /// # Errors
    ///
    /// As for [`Spawn::start`]. If there is no such function, or it takes other parameters, the new process
    /// fails.
    pub fn spawn(&self, function: &str, params: &[Param]) -> Result<ProcessId, HostError> {
        Spawn::new().start_in(self, function, params)
    }

    /// The same, and links both.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn spawn_link(&self, function: &str, params: &[Param]) -> Result<(ProcessId, Link), HostError> {
        Spawn::new().start_link_in(self, function, params)
    }

    pub(crate) fn from_id(id: u64) -> Module {
        Module { id }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        unsafe { h::drop_module(self.id) }
    }
}

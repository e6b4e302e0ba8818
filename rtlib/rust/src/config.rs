//! What a process may do, and how much of everything it may use.

use crate::error::HostError;
use crate::host;
use crate::host::process as h;

/// A template of permissions, limits, arguments and rules for processes.
///
/// A new one permits nothing but messages and the network. A process never has more than its parent,
/// whatever its configuration says. What is changed here later does not change the processes that were
/// spawned with it.
#[derive(Debug)]
pub struct Config {
    id: u64,
}

macro_rules! settings {
    ($($(#[$meta:meta])* $set:ident($ty:ty), $(#[$gmeta:meta])* $get:ident = $host_set:ident, $host_get:ident;)*) => {$(
        $(#[$meta])*
        pub fn $set(&mut self, value: $ty) -> &mut Config {
            unsafe { h::$host_set(self.id, value.into()) }
            self
        }

        $(#[$gmeta])*
        pub fn $get(&self) -> $ty {
            from_host(unsafe { h::$host_get(self.id) })
        }
    )*};
}

fn from_host<H: Into<u64>, T: FromHost>(value: H) -> T {
    T::from_host(value.into())
}

trait FromHost {
    fn from_host(value: u64) -> Self;
}

impl FromHost for u64 {
    fn from_host(value: u64) -> u64 {
        value
    }
}

impl FromHost for bool {
    fn from_host(value: u64) -> bool {
        value != 0
    }
}

impl Config {
    /// A configuration that permits nothing but messages and the network.
    ///
    /// # Errors
    ///
    /// This process may not create configurations.
    pub fn new() -> Result<Config, HostError> {
        match unsafe { h::create_config() } {
            -1 => Err(HostError::new("permission denied: create configurations")),
            id => Ok(Config { id: id as u64 }),
        }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    settings! {
        /// Limits linear memory, in bytes.
        set_max_memory(u64),
        /// The limit of linear memory in bytes.
        max_memory = config_set_max_memory, config_get_max_memory;
        /// Limits computing, in units of about 100,000 instructions; 0 is no limit.
        set_max_fuel(u64),
        /// The limit of computing; 0 is none.
        max_fuel = config_set_max_fuel, config_get_max_fuel;
        /// Limits how many messages may wait to be received; 0 is the host's default.
        set_max_messages(u64),
        /// How many messages may wait to be received; 0 is the host's default.
        max_messages = config_set_max_messages, config_get_max_messages;
        /// Limits the bytes of the messages that may wait; 0 is the host's default.
        set_max_mailbox(u64),
        /// How many bytes the messages that wait may have; 0 is the host's default.
        max_mailbox = config_set_max_mailbox, config_get_max_mailbox;
        /// Permits loading modules.
        set_can_compile_modules(bool),
        /// Whether loading modules is permitted.
        can_compile_modules = config_set_can_compile_modules, config_can_compile_modules;
        /// Permits creating configurations.
        set_can_create_configs(bool),
        /// Whether creating configurations is permitted.
        can_create_configs = config_set_can_create_configs, config_can_create_configs;
        /// Permits spawning.
        set_can_spawn_processes(bool),
        /// Whether spawning is permitted.
        can_spawn_processes = config_set_can_spawn_processes, config_can_spawn_processes;
    }

    /// Adds a command line argument. The first is the program's name.
    pub fn arg(&mut self, arg: &str) -> &mut Config {
        unsafe { host::wasi::config_add_command_line_argument(self.id, arg.as_ptr(), arg.len()) }
        self
    }

    /// Adds an environment variable.
    pub fn env(&mut self, key: &str, value: &str) -> &mut Config {
        unsafe {
            host::wasi::config_add_environment_variable(self.id, key.as_ptr(), key.len(), value.as_ptr(), value.len())
        }
        self
    }

    /// Gives a directory, which must be in one of this process's own, under the same name. Whether it exists is
    /// found out when a process is spawned.
    pub fn preopen_dir(&mut self, dir: &str) -> &mut Config {
        unsafe { host::wasi::config_preopen_dir(self.id, dir.as_ptr(), dir.len()) }
        self
    }

    /// Refuses modules that import from the namespace, for example `lunatic::sqlite`.
    pub fn forbid_namespace(&mut self, name: &str) -> &mut Config {
        unsafe { h::config_forbid_namespace(self.id, name.as_ptr(), name.len()) }
        self
    }

    /// Allows connecting to what the rule matches: `HOST[:PORT[-PORT]]`, where HOST is an address, a network,
    /// a name, `*.NAME` or `*`. With one such rule nothing else can be connected to.
    ///
    /// # Errors
    ///
    /// The rule makes no sense.
    pub fn allow_connect(&mut self, rule: &str) -> Result<&mut Config, HostError> {
        self.rule(h::config_allow_connect, rule)
    }

    /// Denies connecting to what the rule matches, whatever is allowed.
    ///
    /// # Errors
    ///
    /// The rule makes no sense.
    pub fn deny_connect(&mut self, rule: &str) -> Result<&mut Config, HostError> {
        self.rule(h::config_deny_connect, rule)
    }

    /// As [`allow_connect`](Config::allow_connect), for listening.
    ///
    /// # Errors
    ///
    /// The rule makes no sense for listening.
    pub fn allow_listen(&mut self, rule: &str) -> Result<&mut Config, HostError> {
        self.rule(h::config_allow_listen, rule)
    }

    /// As [`deny_connect`](Config::deny_connect), for listening.
    ///
    /// # Errors
    ///
    /// The rule makes no sense for listening.
    pub fn deny_listen(&mut self, rule: &str) -> Result<&mut Config, HostError> {
        self.rule(h::config_deny_listen, rule)
    }

    /// As [`allow_connect`](Config::allow_connect), for looking up names.
    ///
    /// # Errors
    ///
    /// The rule makes no sense for names.
    pub fn allow_resolve(&mut self, rule: &str) -> Result<&mut Config, HostError> {
        self.rule(h::config_allow_resolve, rule)
    }

    /// As [`deny_connect`](Config::deny_connect), for looking up names.
    ///
    /// # Errors
    ///
    /// The rule makes no sense for names.
    pub fn deny_resolve(&mut self, rule: &str) -> Result<&mut Config, HostError> {
        self.rule(h::config_deny_resolve, rule)
    }

    fn rule(
        &mut self,
        add: unsafe extern "C" fn(u64, *const u8, usize, *mut u64) -> u32,
        rule: &str,
    ) -> Result<&mut Config, HostError> {
        let mut error = 0;
        match unsafe { add(self.id, rule.as_ptr(), rule.len(), &mut error) } {
            0 => Ok(self),
            _ => Err(HostError::take(error)),
        }
    }
}

impl Drop for Config {
    fn drop(&mut self) {
        unsafe { h::drop_config(self.id) }
    }
}

//! Sockets, in the shape of `std::net`, which knows none for WebAssembly.
//!
//! While a call waits, other processes run. Streams and UDP sockets can be sent in messages: they leave this
//! process then. Every operation may be refused by the network rules of the process's configuration.

mod tcp;
mod tls;
mod udp;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::time::Duration;
use std::vec;

use crate::error::HostError;
use crate::host::networking as h;
use crate::{host, time};

pub use tcp::{Incoming, TcpListener, TcpStream};
pub use tls::{TlsListener, TlsStream};
pub use udp::UdpSocket;

/// What can be turned into addresses, as in `std::net`; but names are looked up here.
pub trait ToSocketAddrs {
    /// The addresses; none is not an error.
    ///
    /// # Errors
    ///
    /// The name does not resolve, or may not be looked up.
    fn to_socket_addrs(&self) -> io::Result<vec::IntoIter<SocketAddr>>;
}

/// Looks up `HOST:PORT`.
///
/// # Errors
///
/// The name does not resolve, or may not be looked up.
pub fn resolve(name: &str) -> io::Result<vec::IntoIter<SocketAddr>> {
    look_up(name, host::FOREVER)
}

/// The same, for so long at most.
///
/// # Errors
///
/// The same, and `TimedOut`.
pub fn resolve_timeout(name: &str, timeout: Duration) -> io::Result<vec::IntoIter<SocketAddr>> {
    look_up(name, time::millis(timeout))
}

fn look_up(name: &str, timeout: u64) -> io::Result<vec::IntoIter<SocketAddr>> {
    let id = made(|id| unsafe { h::resolve(name.as_ptr(), name.len(), timeout, id) })?;
    Ok(addresses(id).into_iter())
}

impl ToSocketAddrs for str {
    fn to_socket_addrs(&self) -> io::Result<vec::IntoIter<SocketAddr>> {
        resolve(self)
    }
}

impl ToSocketAddrs for String {
    fn to_socket_addrs(&self) -> io::Result<vec::IntoIter<SocketAddr>> {
        resolve(self)
    }
}

impl ToSocketAddrs for (&str, u16) {
    fn to_socket_addrs(&self) -> io::Result<vec::IntoIter<SocketAddr>> {
        match self.0.parse::<IpAddr>() {
            Ok(ip) => (ip, self.1).to_socket_addrs(),
            Err(_) => resolve(&format!("{}:{}", self.0, self.1)),
        }
    }
}

impl ToSocketAddrs for (String, u16) {
    fn to_socket_addrs(&self) -> io::Result<vec::IntoIter<SocketAddr>> {
        (self.0.as_str(), self.1).to_socket_addrs()
    }
}

impl ToSocketAddrs for [SocketAddr] {
    fn to_socket_addrs(&self) -> io::Result<vec::IntoIter<SocketAddr>> {
        Ok(Vec::from(self).into_iter())
    }
}

impl<T: ToSocketAddrs + ?Sized> ToSocketAddrs for &T {
    fn to_socket_addrs(&self) -> io::Result<vec::IntoIter<SocketAddr>> {
        (**self).to_socket_addrs()
    }
}

macro_rules! single_addresses {
    ($($ty:ty),*) => {$(
        impl ToSocketAddrs for $ty {
            fn to_socket_addrs(&self) -> io::Result<vec::IntoIter<SocketAddr>> {
                Ok(vec![SocketAddr::from(*self)].into_iter())
            }
        }
    )*};
}

single_addresses!(SocketAddr, SocketAddrV4, SocketAddrV6, (IpAddr, u16), (Ipv4Addr, u16), (Ipv6Addr, u16));

/// Tries one address after another; the last error counts.
fn each<T>(addrs: impl ToSocketAddrs, mut f: impl FnMut(&Address) -> io::Result<T>) -> io::Result<T> {
    let mut last = io::Error::new(io::ErrorKind::InvalidInput, "no address");
    for addr in addrs.to_socket_addrs()? {
        match f(&Address::from(addr)) {
            Ok(value) => return Ok(value),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// An address as the host takes it.
struct Address {
    kind: u32,
    octets: [u8; 16],
    port: u32,
    flow: u32,
    scope: u32,
}

impl From<SocketAddr> for Address {
    fn from(addr: SocketAddr) -> Address {
        let mut octets = [0; 16];
        let port = addr.port().into();
        match addr {
            SocketAddr::V4(v4) => {
                octets[..4].copy_from_slice(&v4.ip().octets());
                Address { kind: 4, octets, port, flow: 0, scope: 0 }
            }
            SocketAddr::V6(v6) => {
                Address { kind: 6, octets: v6.ip().octets(), port, flow: v6.flowinfo(), scope: v6.scope_id() }
            }
        }
    }
}

/// Takes all addresses out of an iterator of the host, and drops it.
fn addresses(iter: u64) -> Vec<SocketAddr> {
    let mut addrs = Vec::new();
    let (mut kind, mut octets, mut port, mut flow, mut scope) = (0, [0; 16], 0, 0, 0);
    while unsafe { h::resolve_next(iter, &mut kind, octets.as_mut_ptr(), &mut port, &mut flow, &mut scope) } == 0 {
        addrs.push(match kind {
            4 => SocketAddr::from(([octets[0], octets[1], octets[2], octets[3]], port)),
            _ => SocketAddrV6::new(octets.into(), port, flow, scope).into(),
        });
    }
    unsafe { h::drop_dns_iterator(iter) };
    addrs
}

/// The one address of an iterator.
fn address(iter: u64) -> io::Result<SocketAddr> {
    let addr = addresses(iter).first().copied();
    addr.ok_or_else(|| io::Error::new(io::ErrorKind::AddrNotAvailable, "no address"))
}

/// What a call writes to its out-pointer.
///
/// It fails with the error whose id is written there or, where the time is over, may be.
fn made(call: impl FnOnce(*mut u64) -> u32) -> io::Result<u64> {
    const NOTHING: u64 = u64::MAX;
    let mut out = NOTHING;
    match call(&mut out) {
        0 => Ok(out),
        host::TIMED_OUT => {
            if out != NOTHING {
                HostError::take(out);
            }
            Err(io::ErrorKind::TimedOut.into())
        }
        _ => Err(HostError::take(out).into()),
    }
}

/// A time-out of a socket, as the host takes it.
fn to_host(timeout: Option<Duration>) -> io::Result<u64> {
    match timeout {
        None => Ok(host::FOREVER),
        Some(Duration::ZERO) => Err(io::Error::new(io::ErrorKind::InvalidInput, "a time-out of 0")),
        Some(timeout) => Ok(time::millis(timeout)),
    }
}

fn from_host(millis: u64) -> Option<Duration> {
    (millis != host::FOREVER).then(|| Duration::from_millis(millis))
}

/// A part of what is to be written.
#[repr(C)]
struct Part {
    data: *const u8,
    len: usize,
}

/// Writes some of the buffers.
fn write(
    id: u64,
    bufs: &[io::IoSlice<'_>],
    call: unsafe extern "C" fn(u64, *const u8, usize, *mut u64) -> u32,
) -> io::Result<usize> {
    let parts: Vec<Part> = bufs.iter().map(|buf| Part { data: buf.as_ptr(), len: buf.len() }).collect();
    // What is over the host's limit is written by a later call.
    let n = parts.len().min(1024);
    made(|out| unsafe { call(id, parts.as_ptr().cast(), n, out) }).map(|n| n as usize)
}

/// `Read` and `Write` of a stream, also by reference: several may use it.
macro_rules! read_and_write {
    ($stream:ident, $read:ident, $write:ident, $flush:ident) => {
        read_and_write!(@for $stream, $read, $write, $flush);
        read_and_write!(@for &$stream, $read, $write, $flush);
    };
    (@for $stream:ty, $read:ident, $write:ident, $flush:ident) => {
        impl io::Read for $stream {
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                made(|out| unsafe { h::$read(self.id, buf.as_mut_ptr(), buf.len(), out) }).map(|n| n as usize)
            }
        }

        impl io::Write for $stream {
            fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
                let part = Part { data: buf.as_ptr(), len: buf.len() };
                made(|out| unsafe { h::$write(self.id, (&part as *const Part).cast(), 1, out) }).map(|n| n as usize)
            }

            fn write_vectored(&mut self, bufs: &[io::IoSlice<'_>]) -> io::Result<usize> {
                write(self.id, bufs, h::$write)
            }

            fn flush(&mut self) -> io::Result<()> {
                made(|error| unsafe { h::$flush(self.id, error) }).map(|_| ())
            }
        }
    };
}

/// The handle of a socket: how it is made and given away, copied and dropped.
macro_rules! handle {
    ($socket:ident, $clone:ident, $drop:ident) => {
        impl $socket {
            /// Another handle of the same socket, which is closed with the last.
            ///
            /// # Errors
            ///
            /// None: std's has some.
            pub fn try_clone(&self) -> io::Result<$socket> {
                Ok($socket { id: unsafe { h::$clone(self.id) } })
            }

            pub(crate) fn from_id(id: u64) -> $socket {
                $socket { id }
            }

            /// Gives the handle away.
            pub(crate) fn into_id(self) -> u64 {
                let id = self.id;
                std::mem::forget(self);
                id
            }
        }

        impl Drop for $socket {
            fn drop(&mut self) {
                unsafe { h::$drop(self.id) }
            }
        }
    };
}

use {handle, read_and_write};

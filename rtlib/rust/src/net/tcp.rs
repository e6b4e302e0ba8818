//! TCP.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::{address, each, from_host, h, handle, made, read_and_write, to_host, write, Address, Part, ToSocketAddrs};
use crate::host;

/// A connection. It can be sent in a message.
#[derive(Debug)]
pub struct TcpStream {
    id: u64,
}

/// A socket that listens.
#[derive(Debug)]
pub struct TcpListener {
    id: u64,
}

/// The connections of a listener, one after another, without an end.
#[derive(Debug)]
pub struct Incoming<'a> {
    listener: &'a TcpListener,
}

impl TcpStream {
    /// Connects to the first address that answers.
    ///
    /// # Errors
    ///
    /// The last one that there was.
    pub fn connect<A: ToSocketAddrs>(addr: A) -> io::Result<TcpStream> {
        each(addr, |addr| TcpStream::dial(addr, host::FOREVER))
    }

    /// The same, for so long at most.
    ///
    /// # Errors
    ///
    /// `TimedOut`, or why the connection was refused.
    pub fn connect_timeout(addr: &SocketAddr, timeout: Duration) -> io::Result<TcpStream> {
        TcpStream::dial(&Address::from(*addr), to_host(Some(timeout))?)
    }

    fn dial(addr: &Address, timeout: u64) -> io::Result<TcpStream> {
        let Address { kind, octets, port, flow, scope } = addr;
        let id = made(|id| unsafe { h::tcp_connect(*kind, octets.as_ptr(), *port, *flow, *scope, timeout, id) })?;
        Ok(TcpStream { id })
    }

    /// The address of the other side.
    ///
    /// # Errors
    ///
    /// The connection is gone.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        address(made(|id| unsafe { h::tcp_peer_addr(self.id, id) })?)
    }

    /// Reads what is there without taking it.
    ///
    /// # Errors
    ///
    /// As for reading. The read time-out counts.
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        unsafe { h::set_peek_timeout(self.id, h::get_read_timeout(self.id)) }
        made(|out| unsafe { h::tcp_peek(self.id, buf.as_mut_ptr(), buf.len(), out) }).map(|n| n as usize)
    }

    /// How long reads wait, from the next on; for ever if there is none. All clones share it.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for 0.
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        let millis = to_host(timeout)?;
        unsafe { h::set_read_timeout(self.id, millis) }
        Ok(())
    }

    /// How long writes wait, in the same way.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for 0.
    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        let millis = to_host(timeout)?;
        unsafe { h::set_write_timeout(self.id, millis) }
        Ok(())
    }

    /// How long reads wait.
    ///
    /// # Errors
    ///
    /// None: std's has some.
    pub fn read_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(from_host(unsafe { h::get_read_timeout(self.id) }))
    }

    /// How long writes wait.
    ///
    /// # Errors
    ///
    /// None: std's has some.
    pub fn write_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(from_host(unsafe { h::get_write_timeout(self.id) }))
    }
}

handle!(TcpStream, clone_tcp_stream, drop_tcp_stream);
read_and_write!(TcpStream, tcp_read, tcp_write_vectored, tcp_flush);

impl TcpListener {
    /// Listens. Port 0 is any free one.
    ///
    /// # Errors
    ///
    /// The address is in use or none of this machine, or it is not permitted.
    pub fn bind<A: ToSocketAddrs>(addr: A) -> io::Result<TcpListener> {
        each(addr, |Address { kind, octets, port, flow, scope }| {
            let id = made(|id| unsafe { h::tcp_bind(*kind, octets.as_ptr(), *port, *flow, *scope, id) })?;
            Ok(TcpListener { id })
        })
    }

    /// The address that it listens on.
    ///
    /// # Errors
    ///
    /// The socket has none.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        address(made(|id| unsafe { h::tcp_local_addr(self.id, id) })?)
    }

    /// Waits for the next connection.
    ///
    /// # Errors
    ///
    /// It could not be had: the client is gone again, or there are too many files open.
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let mut peer = 0;
        let id = made(|id| unsafe { h::tcp_accept(self.id, id, &mut peer) })?;
        Ok((TcpStream { id }, address(peer)?))
    }

    /// The connections, one after another.
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming { listener: self }
    }
}

impl Drop for TcpListener {
    fn drop(&mut self) {
        unsafe { h::drop_tcp_listener(self.id) }
    }
}

impl Iterator for Incoming<'_> {
    type Item = io::Result<TcpStream>;

    fn next(&mut self) -> Option<io::Result<TcpStream>> {
        Some(self.listener.accept().map(|(stream, _)| stream))
    }
}

//! TLS 1.2 and 1.3 over TCP, done by the host.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::{address, each, from_host, h, handle, made, read_and_write, to_host, write, Address, Part, ToSocketAddrs};
use crate::{host, time};

/// An encrypted connection. It can be sent in a message.
#[derive(Debug)]
pub struct TlsStream {
    id: u64,
}

/// A socket that listens for encrypted connections.
#[derive(Debug)]
pub struct TlsListener {
    id: u64,
}

impl TlsStream {
    /// Connects to a host, whose certificate must be for that name and signed by one of the system's
    /// authorities.
    ///
    /// # Errors
    ///
    /// The host does not answer, or its certificate is not good.
    pub fn connect(host: &str, port: u16) -> io::Result<TlsStream> {
        TlsStream::dial(host, port, &[], host::FOREVER)
    }

    /// The same, for so long at most.
    ///
    /// # Errors
    ///
    /// The same, and `TimedOut`.
    pub fn connect_timeout(host: &str, port: u16, timeout: Duration) -> io::Result<TlsStream> {
        TlsStream::dial(host, port, &[], time::millis(timeout))
    }

    /// Trusts these authorities (PEM) instead of the system's.
    ///
    /// # Errors
    ///
    /// As for [`connect`](TlsStream::connect), and certificates that cannot be read.
    pub fn connect_with_authorities(host: &str, port: u16, authorities: &[&str]) -> io::Result<TlsStream> {
        TlsStream::dial(host, port, authorities, host::FOREVER)
    }

    fn dial(host: &str, port: u16, authorities: &[&str], timeout: u64) -> io::Result<TlsStream> {
        let parts: Vec<Part> = authorities.iter().map(|pem| Part { data: pem.as_ptr(), len: pem.len() }).collect();
        let certs = parts.as_ptr().cast();
        let id = made(|id| unsafe {
            h::tls_connect(host.as_ptr(), host.len(), port.into(), timeout, id, certs, parts.len())
        })?;
        Ok(TlsStream { id })
    }

    /// How long reads wait, from the next on; for ever if there is none. All clones share it.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for 0.
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        let millis = to_host(timeout)?;
        unsafe { h::set_tls_read_timeout(self.id, millis) }
        Ok(())
    }

    /// How long writes wait, in the same way.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for 0.
    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        let millis = to_host(timeout)?;
        unsafe { h::set_tls_write_timeout(self.id, millis) }
        Ok(())
    }

    /// How long reads wait.
    ///
    /// # Errors
    ///
    /// None: std's has some.
    pub fn read_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(from_host(unsafe { h::get_tls_read_timeout(self.id) }))
    }

    /// How long writes wait.
    ///
    /// # Errors
    ///
    /// None: std's has some.
    pub fn write_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(from_host(unsafe { h::get_tls_write_timeout(self.id) }))
    }
}

handle!(TlsStream, clone_tls_stream, drop_tls_stream);
read_and_write!(TlsStream, tls_read, tls_write_vectored, tls_flush);

impl TlsListener {
    /// Listens with a certificate (or a chain of them) and its key, both PEM.
    ///
    /// # Errors
    ///
    /// As for TCP, and a key that is not the certificate's.
    pub fn bind<A: ToSocketAddrs>(addr: A, certificate: &str, key: &str) -> io::Result<TlsListener> {
        let (cert, cert_len) = (certificate.as_ptr(), certificate.len());
        each(addr, |Address { kind, octets, port, flow, scope }| {
            let id = made(|id| unsafe {
                let octets = octets.as_ptr();
                h::tls_bind(*kind, octets, *port, *flow, *scope, id, cert, cert_len, key.as_ptr(), key.len())
            })?;
            Ok(TlsListener { id })
        })
    }

    /// The address that it listens on.
    ///
    /// # Errors
    ///
    /// The socket has none.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        address(made(|id| unsafe { h::tls_local_addr(self.id, id) })?)
    }

    /// Waits for the next connection whose handshake is done.
    ///
    /// # Errors
    ///
    /// A handshake that failed: accept again.
    pub fn accept(&self) -> io::Result<(TlsStream, SocketAddr)> {
        let mut peer = 0;
        let id = made(|id| unsafe { h::tls_accept(self.id, id, &mut peer) })?;
        Ok((TlsStream { id }, address(peer)?))
    }
}

impl Drop for TlsListener {
    fn drop(&mut self) {
        unsafe { h::drop_tls_listener(self.id) }
    }
}

//! UDP.

use std::io;
use std::net::SocketAddr;

use super::{address, each, h, handle, made, Address, ToSocketAddrs};

/// A UDP socket. It can be sent in a message.
#[derive(Debug)]
pub struct UdpSocket {
    id: u64,
}

impl UdpSocket {
    /// A socket at an address. Port 0 is any free one.
    ///
    /// # Errors
    ///
    /// The address is in use or none of this machine, or it is not permitted.
    pub fn bind<A: ToSocketAddrs>(addr: A) -> io::Result<UdpSocket> {
        each(addr, |Address { kind, octets, port, flow, scope }| {
            let id = made(|id| unsafe { h::udp_bind(*kind, octets.as_ptr(), *port, *flow, *scope, id) })?;
            Ok(UdpSocket { id })
        })
    }

    /// Its address.
    ///
    /// # Errors
    ///
    /// The socket has none.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        address(made(|id| unsafe { h::udp_local_addr(self.id, id) })?)
    }

    /// The address it is connected to.
    ///
    /// # Errors
    ///
    /// `NotConnected`.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        let mut out = 0;
        match unsafe { h::udp_peer_addr(self.id, &mut out) } {
            0 => address(out),
            _ => {
                crate::error::HostError::take(out);
                Err(io::ErrorKind::NotConnected.into())
            }
        }
    }

    /// Sets whom [`send`](UdpSocket::send) sends to.
    ///
    /// # Errors
    ///
    /// It is not permitted.
    pub fn connect<A: ToSocketAddrs>(&self, addr: A) -> io::Result<()> {
        each(addr, |Address { kind, octets, port, flow, scope }| {
            made(|e| unsafe { h::udp_connect(self.id, *kind, octets.as_ptr(), *port, *flow, *scope, 0, e) })?;
            Ok(())
        })
    }

    /// Sends a datagram to the address that the socket is connected to.
    ///
    /// # Errors
    ///
    /// It is not connected, or the system refuses.
    pub fn send(&self, buf: &[u8]) -> io::Result<usize> {
        made(|out| unsafe { h::udp_send(self.id, buf.as_ptr(), buf.len(), out) }).map(|n| n as usize)
    }

    /// Sends a datagram to the first address that the system takes.
    ///
    /// # Errors
    ///
    /// It is not permitted, or the system refuses.
    pub fn send_to<A: ToSocketAddrs>(&self, buf: &[u8], addr: A) -> io::Result<usize> {
        each(addr, |Address { kind, octets, port, flow, scope }| {
            let (data, octets) = (buf.as_ptr(), octets.as_ptr());
            made(|out| unsafe { h::udp_send_to(self.id, data, buf.len(), *kind, octets, *port, *flow, *scope, out) })
                .map(|n| n as usize)
        })
    }

    /// Waits for a datagram. What does not fit is lost.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        made(|out| unsafe { h::udp_receive(self.id, buf.as_mut_ptr(), buf.len(), out) }).map(|n| n as usize)
    }

    /// Waits for a datagram, and tells who has sent it. What does not fit is lost.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let mut peer = 0;
        let n = made(|out| unsafe { h::udp_receive_from(self.id, buf.as_mut_ptr(), buf.len(), out, &mut peer) })?;
        Ok((n as usize, address(peer)?))
    }

    /// Permits sending to broadcast addresses. If the system refuses this traps.
    ///
    /// # Errors
    ///
    /// None: std's has some.
    pub fn set_broadcast(&self, on: bool) -> io::Result<()> {
        unsafe { h::set_udp_socket_broadcast(self.id, on.into()) }
        Ok(())
    }

    /// Whether sending to broadcast addresses is permitted.
    ///
    /// # Errors
    ///
    /// None: std's has some.
    pub fn broadcast(&self) -> io::Result<bool> {
        Ok(unsafe { h::get_udp_socket_broadcast(self.id) } != 0)
    }

    /// Sets the time to live. If the system refuses this traps.
    ///
    /// # Errors
    ///
    /// None: std's has some.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        unsafe { h::set_udp_socket_ttl(self.id, ttl) }
        Ok(())
    }

    /// The time to live.
    ///
    /// # Errors
    ///
    /// None: std's has some.
    pub fn ttl(&self) -> io::Result<u32> {
        Ok(unsafe { h::get_udp_socket_ttl(self.id) })
    }
}

handle!(UdpSocket, clone_udp_socket, drop_udp_socket);

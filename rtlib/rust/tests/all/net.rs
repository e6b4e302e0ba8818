//! Sockets, on the loopback address.

use std::io::{self, BufRead, BufReader, ErrorKind, IoSlice, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use lunatic_process::net::{resolve, TcpListener, TcpStream, TlsListener, TlsStream, ToSocketAddrs, UdpSocket};
use lunatic_process::{message, spawn, Mailbox, Process, Task};

const LOCAL: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

/// A listener and, in another process, who connects to it and does something.
fn listen(client: fn(SocketAddr) -> String) -> (TcpListener, Task<String>) {
    let listener = TcpListener::bind(LOCAL).unwrap();
    let client = Task::spawn(listener.local_addr().unwrap(), client);
    (listener, client)
}

#[test]
fn tcp() {
    let (listener, client) = listen(|addr| {
        let stream = TcpStream::connect(addr).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), addr);
        (&stream).write_all(b"one\ntwo\n").unwrap();
        let bufs = [IoSlice::new(b"thr"), IoSlice::new(b""), IoSlice::new(b"ee\n")];
        assert_eq!((&stream).write_vectored(&bufs).unwrap(), 6);
        (&stream).flush().unwrap();
        let mut answer = String::new();
        (&stream).read_to_string(&mut answer).unwrap();
        answer
    });
    let (mut stream, peer) = listener.accept().unwrap();
    assert_eq!(peer, stream.peer_addr().unwrap());
    let mut first = [0; 3];
    assert_eq!(stream.peek(&mut first[..1]).unwrap(), 1);
    stream.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"one");
    let lines: Vec<String> = BufReader::new(&stream).lines().take(3).map(Result::unwrap).collect();
    assert_eq!(lines, ["", "two", "three"]);
    stream.write_all(b"bye").unwrap();
    drop(stream);
    assert_eq!(client.join().unwrap(), "bye");
}

#[test]
fn clones_share_a_connection() {
    let (listener, client) = listen(|addr| {
        let mut stream = TcpStream::connect(addr).unwrap();
        let mut all = String::new();
        stream.read_to_string(&mut all).unwrap();
        all
    });
    let mut stream = listener.incoming().next().unwrap().unwrap();
    let mut other = stream.try_clone().unwrap();
    stream.write_all(b"a").unwrap();
    drop(stream);
    other.write_all(b"b").unwrap();
    drop(other);
    assert_eq!(client.join().unwrap(), "ab");
}

#[test]
fn time_outs() {
    let (listener, _client) = listen(|addr| {
        let mut stream = TcpStream::connect(addr).unwrap();
        format!("{:?}", stream.read(&mut [0]))
    });
    let (mut stream, _) = listener.accept().unwrap();
    assert_eq!(stream.read_timeout().unwrap(), None);
    assert_eq!(stream.write_timeout().unwrap(), None);
    let short = Duration::from_millis(5);
    stream.set_read_timeout(Some(short)).unwrap();
    stream.set_write_timeout(Some(short)).unwrap();
    assert_eq!((stream.read_timeout().unwrap(), stream.write_timeout().unwrap()), (Some(short), Some(short)));
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
    assert_eq!(stream.peek(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
    assert_eq!(stream.set_read_timeout(Some(Duration::ZERO)).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn errors_have_their_kinds() {
    let listener = TcpListener::bind(LOCAL).unwrap();
    let addr = listener.local_addr().unwrap();
    assert_eq!(TcpListener::bind(addr).unwrap_err().kind(), ErrorKind::AddrInUse);
    drop(listener);
    assert_eq!(TcpStream::connect(addr).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert_eq!(TcpStream::connect(&[][..] as &[SocketAddr]).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn names() {
    let addr: SocketAddr = "127.0.0.1:80".parse().unwrap();
    let one = |addrs: &dyn Fn() -> io::Result<std::vec::IntoIter<SocketAddr>>| addrs().unwrap().collect::<Vec<_>>();
    assert_eq!(one(&|| "127.0.0.1:80".to_socket_addrs()), [addr]);
    assert_eq!(one(&|| String::from("127.0.0.1:80").to_socket_addrs()), [addr]);
    assert_eq!(one(&|| ("127.0.0.1", 80).to_socket_addrs()), [addr]);
    assert_eq!(one(&|| (Ipv4Addr::LOCALHOST, 80).to_socket_addrs()), [addr]);
    assert_eq!(one(&|| [addr, addr][..].to_socket_addrs()), [addr, addr]);
    let v6: SocketAddr = "[::1]:80".parse().unwrap();
    assert_eq!(one(&|| ("::1", 80).to_socket_addrs()), [v6]);
    assert_eq!(one(&|| resolve("[::1]:80")), [v6]);
    assert!(resolve("no port").is_err());
}

message! {
    enum Gift {
        Stream(String, TcpStream),
        Both(Vec<TcpStream>, UdpSocket),
    }
}

#[test]
fn sockets_in_messages() {
    let (listener, client) = listen(|addr| {
        let mut all = String::new();
        for _ in 0..3 {
            TcpStream::connect(addr).unwrap().read_to_string(&mut all).unwrap();
        }
        all
    });
    let worker = spawn((), |(), mailbox: Mailbox<Gift>| loop {
        match mailbox.receive() {
            Gift::Stream(text, mut stream) => stream.write_all(text.as_bytes()).unwrap(),
            Gift::Both(streams, socket) => {
                let addr = socket.local_addr().unwrap();
                assert!(addr.ip().is_loopback());
                streams.into_iter().for_each(|mut stream| stream.write_all(b"two ").unwrap());
            }
        }
    });
    worker.send(Gift::Stream("one ".into(), listener.accept().unwrap().0));
    worker.send(Gift::Both(vec![listener.accept().unwrap().0], UdpSocket::bind(LOCAL).unwrap()));
    // One that is captured, and one whose receiver is gone: it is closed.
    let stream = listener.accept().unwrap().0;
    spawn!(|stream, _: Mailbox<()>| {
        let mut stream: TcpStream = stream;
        stream.write_all(b"three").unwrap();
    });
    assert_eq!(client.join().unwrap(), "one two three");
    worker.kill();
}

#[test]
fn a_socket_for_the_dead_is_closed() {
    let (listener, client) = listen(|addr| {
        let mut all = String::new();
        TcpStream::connect(addr).unwrap().read_to_string(&mut all).unwrap();
        all + "closed"
    });
    let dead: Process<TcpStream> = spawn((), |(), _: Mailbox<()>| {}).id().cast();
    dead.monitor().wait();
    dead.send(listener.accept().unwrap().0);
    assert_eq!(client.join().unwrap(), "closed");
}

#[test]
fn udp() {
    let (a, b) = (UdpSocket::bind(LOCAL).unwrap(), UdpSocket::bind(LOCAL).unwrap());
    let (a_addr, b_addr) = (a.local_addr().unwrap(), b.local_addr().unwrap());
    assert_eq!(a.send_to(b"hello", b_addr).unwrap(), 5);
    let mut buf = [0; 16];
    let (n, from) = b.recv_from(&mut buf).unwrap();
    assert_eq!((&buf[..n], from), (&b"hello"[..], a_addr));
    assert_eq!(b.peer_addr().unwrap_err().kind(), ErrorKind::NotConnected);
    b.connect(a_addr).unwrap();
    assert_eq!(b.peer_addr().unwrap(), a_addr);
    let clone = b.try_clone().unwrap();
    drop(b);
    assert_eq!(clone.send(b"and back").unwrap(), 8);
    assert_eq!(a.recv(&mut buf).unwrap(), 8);
    a.set_ttl(9).unwrap();
    a.set_broadcast(true).unwrap();
    assert_eq!((a.ttl().unwrap(), a.broadcast().unwrap()), (9, true));
}

// A certificate for localhost, of an authority that is itself, and its key: tests/certificate.sh makes them.
const CERTIFICATE: &str = include_str!("../certificate.pem");
const KEY: &str = include_str!("../key.pem");

#[test]
fn tls() {
    let listener = TlsListener::bind(LOCAL, CERTIFICATE, KEY).unwrap();
    let client = Task::spawn(listener.local_addr().unwrap().port(), |port| {
        let refused = TlsStream::connect("localhost", port).map(|_| ()).map_err(|_| "unknown authority");
        assert_eq!(refused, Err("unknown authority"));
        let mut stream = TlsStream::connect_with_authorities("localhost", port, &[CERTIFICATE]).unwrap();
        stream.write_all(b"secret\n").unwrap();
        stream.flush().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut clone = stream.try_clone().unwrap();
        let mut answer = String::new();
        clone.read_to_string(&mut answer).unwrap();
        answer
    });
    let stream = loop {
        match listener.accept() {
            Ok((stream, _)) => break stream,
            // The first client does not trust us.
            Err(error) => assert!(error.to_string().contains("handshake"), "{}", error),
        }
    };
    // It travels, too.
    let worker = spawn((), |(), mailbox: Mailbox<TlsStream>| {
        let mut stream = mailbox.receive();
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        write!(stream, "you said {}", line).unwrap();
    });
    worker.send(stream);
    assert_eq!(client.join().unwrap(), "you said secret\n");
}

//! What is written can be read, and what is malformed cannot.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use lunatic_process::{message, spawn, Decoder, Encoder, Mailbox, Message, Process, ProcessId, Tag};

message! {
    #[derive(Clone, Debug, PartialEq)]
    enum Shape {
        Point,
        Circle(f64),
        Box { width: f64, height: f64 },
        Named(String, Vec<Part>),
        Empty(),
        None {},
    }

    /// A tree.
    #[derive(Clone, Debug, PartialEq)]
    struct Part {
        /// Its parts.
        pub parts: Vec<Part>,
        colour: Colour,
    }

    #[derive(Clone, Debug, PartialEq)]
    struct Colour(u8, u8, u8);

    #[derive(Clone, Debug, PartialEq)]
    struct Nothing;

    #[derive(Clone, Debug, PartialEq)]
    pub(crate) enum Wide { All(u8, u16, u32, u64, i8, i16, i32, i64, f32, f64, bool, char) }
}

#[track_caller]
fn same<M: Message + Clone + PartialEq + Debug>(value: M) {
    let encoded = Encoder::of(value.clone());
    assert_eq!(Decoder::new(encoded.as_bytes()).finish::<M>().as_ref(), Ok(&value));
    // No part of it is a whole value, and nothing may follow.
    for n in 0..encoded.as_bytes().len() {
        assert!(Decoder::new(&encoded.as_bytes()[..n]).finish::<M>().is_err(), "{} bytes of {:?}", n, value);
    }
    let longer = [encoded.as_bytes(), &[0]].concat();
    assert!(Decoder::new(&longer).finish::<M>().is_err());
}

#[test]
fn values_of_std() {
    same(-1i8);
    same(u16::MAX);
    same(i128::MIN);
    same(1.5f32);
    same(f64::NEG_INFINITY);
    same(usize::MAX);
    same('ß');
    same(true);
    same(String::from("grüße"));
    same(Some(vec![1u8, 2, 3]));
    same(None::<u64>);
    same(Ok::<u8, String>(1));
    same(Err::<u8, String>("no".into()));
    same((1u8, 2u16, (3u32, 4u64), [5u8, 6], Box::new(7u8)));
    same([Some(1u8), None, Some(3)]);
    same(Vec::<String>::new());
    same(vec![(); 3]);
    same(VecDeque::from([1u8, 2]));
    same(BTreeSet::from([2u8, 1]));
    same(HashSet::from(["a".to_string(), "b".to_string()]));
    same(HashMap::from([("a".to_string(), 1u8), ("b".to_string(), 2)]));
    same(BTreeMap::from([(1u8, vec![1u8]), (2, vec![])]));
    same(Duration::new(1, 999_999_999));
    same(IpAddr::from(Ipv4Addr::LOCALHOST));
    same(IpAddr::from(Ipv6Addr::LOCALHOST));
    same("[fe80::1%3]:80".parse::<SocketAddr>().unwrap());
    same("127.0.0.1:80".parse::<SocketAddr>().unwrap());
    same(ProcessId::from_raw(7).cast::<u8>());
    same(Tag::new(1));
}

#[test]
fn declared_values() {
    let part = |parts, red| Part { parts, colour: Colour(red, 0, 255) };
    same(Shape::Point);
    same(Shape::Circle(0.5));
    same(Shape::Box { width: 1.0, height: 2.0 });
    same(Shape::Named("x".into(), vec![part(vec![part(vec![], 1)], 2), part(vec![], 3)]));
    same(Shape::Empty());
    same(Shape::None {});
    same(Nothing);
    same(Wide::All(1, 2, 3, 4, 5, 6, 7, 8, 9.0, 10.0, true, 'x'));
}

// The other libraries write numbers and texts in the same way.
#[test]
fn bytes() {
    assert_eq!(Encoder::of((0x0102u16, -2i32)).as_bytes(), [2, 1, 0xfe, 0xff, 0xff, 0xff]);
    assert_eq!(Encoder::of("ab".to_string()).as_bytes(), [2, 0, 0, 0, b'a', b'b']);
    assert_eq!(Encoder::of(Shape::Box { width: 0.0, height: 0.0 }).as_bytes()[..4], [2, 0, 0, 0]);
    assert_eq!(Encoder::of(Nothing).as_bytes(), []);
}

#[test]
fn malformed() {
    fn error<M: Message>(bytes: &[u8]) -> String {
        Decoder::new(bytes).finish::<M>().err().map_or("none".into(), |error| error.to_string())
    }
    assert_eq!(error::<bool>(&[2]), "malformed message: a bool expected at byte 1");
    assert_eq!(error::<String>(&[1, 0, 0, 0, 0xff]), "malformed message: UTF-8 expected at byte 5");
    assert_eq!(error::<char>(&0xd800u32.to_le_bytes()), "malformed message: a char expected at byte 4");
    assert_eq!(error::<u16>(&[1]), "malformed message: more bytes expected at byte 0");
    assert_eq!(error::<u8>(&[1, 2]), "malformed message: the end expected at byte 1");
    assert_eq!(error::<Shape>(&[9, 0, 0, 0]), "malformed message: a variant of Shape expected at byte 4");
    assert_eq!(error::<usize>(&u64::MAX.to_le_bytes()), "malformed message: a smaller usize expected at byte 8");
    // A length that is wrong reserves no room.
    assert_eq!(error::<Vec<u64>>(&[255; 4]), "malformed message: more bytes expected at byte 4");
    assert_eq!(error::<Vec<u8>>(&[255; 4]), "malformed message: more bytes expected at byte 4");
}

#[test]
fn a_message_of_another_type_ends_the_receiver() {
    let child = spawn!(|mailbox: Mailbox<String>| drop(mailbox.receive()));
    let monitor = child.monitor();
    child.id().cast::<u8>().send(1);
    assert_eq!(monitor.wait().reason, lunatic_process::ExitReason::Failed);
}

#[test]
fn sizes_around_the_buffer() {
    let me = Mailbox::<Vec<u8>>::new();
    for n in [0, 1, 251, 252, 253, 256, 257, 1000, 70_000] {
        let sent: Vec<u8> = (0..n).map(|i| i as u8).collect();
        me.process().send(sent.clone());
        assert_eq!(me.receive(), sent, "{} bytes", n);
    }
}

#[test]
fn captures_of_all_sizes() {
    let me = Mailbox::<Vec<u8>>::new();
    let process: Process<Vec<u8>> = me.process();
    // With the 8 bytes of the process and 4 of the length: in the parameters up to 4.
    for n in [0, 4, 5, 1000] {
        let sent = vec![n as u8; n];
        let capture = sent.clone();
        spawn!(|process, capture, _: Mailbox<()>| process.send(capture));
        assert_eq!(me.receive(), sent);
    }
}

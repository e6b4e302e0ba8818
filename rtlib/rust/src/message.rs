//! What processes send each other: values that can be written as bytes and attachments, and read back.
//!
//! Processes share no memory, so a message is always a copy. Integers are little-endian, lengths and
//! numbers of variants are u32, and whatever is in the host (a socket, a module) travels beside the bytes
//! and is numbered in them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::convert::Infallible;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use crate::module::Module;
use crate::net::{TcpStream, TlsStream, UdpSocket};

/// A value that can be sent to another process.
///
/// The macro [`message!`](crate::message!) declares structs and enums that implement it.
pub trait Message: Sized {
    /// Writes the value. It is consumed: a socket that is sent is gone here.
    fn encode(self, out: &mut Encoder);

    /// Reads the value back.
    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError>;

    /// Writes the values of a vector; its length has been written. For bytes there is a shorter way.
    #[doc(hidden)]
    fn encode_all(all: Vec<Self>, out: &mut Encoder) {
        for value in all {
            value.encode(out);
        }
    }

    /// Reads n values. The room that is reserved does not depend on n alone, which may be wrong.
    #[doc(hidden)]
    fn decode_all(n: usize, input: &mut Decoder<'_>) -> Result<Vec<Self>, DecodeError> {
        let mut all = Vec::with_capacity(n.min(input.left() / std::mem::size_of::<Self>().max(1)));
        for _ in 0..n {
            all.push(Self::decode(input)?);
        }
        Ok(all)
    }
}

/// What travels in a message beside its bytes.
#[derive(Debug)]
pub(crate) enum Attachment {
    TcpStream(TcpStream),
    TlsStream(TlsStream),
    UdpSocket(UdpSocket),
    Module(Module),
}

/// Where messages are written.
#[derive(Debug, Default)]
pub struct Encoder {
    pub(crate) bytes: Vec<u8>,
    pub(crate) attachments: Vec<Attachment>,
}

impl Encoder {
    /// An empty message.
    pub fn new() -> Encoder {
        Encoder::default()
    }

    /// The value, written.
    pub fn of<M: Message>(value: M) -> Encoder {
        let mut out = Encoder::new();
        value.encode(&mut out);
        out
    }

    /// Appends bytes.
    pub fn write(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends a length or the number of a variant.
    ///
    /// # Panics
    ///
    /// If it is 2^32 or more: no message is that long.
    pub fn write_len(&mut self, len: usize) {
        let len = u32::try_from(len).expect("a length in a message is at most u32::MAX");
        self.write(&len.to_le_bytes());
    }

    /// What has been written, without attachments.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn attach(&mut self, what: Attachment) {
        self.write_len(self.attachments.len());
        self.attachments.push(what);
    }
}

/// Where messages are read from. Attachments come out of the message that was received last.
#[derive(Debug)]
pub struct Decoder<'a> {
    all: &'a [u8],
    at: usize,
}

impl<'a> Decoder<'a> {
    /// A decoder at the beginning of the bytes.
    pub fn new(bytes: &'a [u8]) -> Decoder<'a> {
        Decoder { all: bytes, at: 0 }
    }

    /// Reads one value, which must be all there is.
    pub fn finish<M: Message>(mut self) -> Result<M, DecodeError> {
        let value = M::decode(&mut self)?;
        match self.left() {
            0 => Ok(value),
            _ => Err(self.error("the end")),
        }
    }

    /// How many bytes are left.
    pub fn left(&self) -> usize {
        self.all.len() - self.at
    }

    /// The next n bytes.
    pub fn read(&mut self, n: usize) -> Result<&'a [u8], DecodeError> {
        if n > self.left() {
            return Err(self.error("more bytes"));
        }
        let bytes = &self.all[self.at..self.at + n];
        self.at += n;
        Ok(bytes)
    }

    /// A length or the number of a variant.
    pub fn read_len(&mut self) -> Result<usize, DecodeError> {
        Ok(u32::from_le_bytes(self.array()?) as usize)
    }

    /// An error at this place; `wanted` says what should have been here.
    pub fn error(&self, wanted: &'static str) -> DecodeError {
        DecodeError { at: self.at, wanted }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.read(N)?);
        Ok(array)
    }
}

/// The bytes are no value of the type that was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    at: usize,
    wanted: &'static str,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed message: {} expected at byte {}", self.wanted, self.at)
    }
}

impl std::error::Error for DecodeError {}

macro_rules! numbers {
    ($($ty:ident)*) => {$(
        impl Message for $ty {
            fn encode(self, out: &mut Encoder) {
                out.write(&self.to_le_bytes());
            }
            fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                Ok($ty::from_le_bytes(input.array()?))
            }
        }
    )*};
}

numbers!(i8 u16 i16 u32 i32 u64 i64 u128 i128 f32 f64);

impl Message for u8 {
    fn encode(self, out: &mut Encoder) {
        out.bytes.push(self);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(input.array::<1>()?[0])
    }

    fn encode_all(all: Vec<u8>, out: &mut Encoder) {
        out.write(&all);
    }

    fn decode_all(n: usize, input: &mut Decoder<'_>) -> Result<Vec<u8>, DecodeError> {
        Ok(input.read(n)?.to_vec())
    }
}

// Sizes are 64 bits wide whatever the target is.
macro_rules! sizes {
    ($($ty:ident as $wide:ident)*) => {$(
        impl Message for $ty {
            fn encode(self, out: &mut Encoder) {
                (self as $wide).encode(out);
            }
            fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                $ty::try_from($wide::decode(input)?).map_err(|_| input.error(concat!("a smaller ", stringify!($ty))))
            }
        }
    )*};
}

sizes!(usize as u64 isize as i64);

impl Message for bool {
    fn encode(self, out: &mut Encoder) {
        out.bytes.push(self.into());
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        match u8::decode(input)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(input.error("a bool")),
        }
    }
}

impl Message for char {
    fn encode(self, out: &mut Encoder) {
        u32::from(self).encode(out);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        char::from_u32(u32::decode(input)?).ok_or_else(|| input.error("a char"))
    }
}

impl Message for String {
    fn encode(self, out: &mut Encoder) {
        out.write_len(self.len());
        out.write(self.as_bytes());
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let len = input.read_len()?;
        match std::str::from_utf8(input.read(len)?) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(input.error("UTF-8")),
        }
    }
}

/// No value, so nothing is ever sent: for servers that take no messages of a kind.
impl Message for Infallible {
    fn encode(self, _: &mut Encoder) {
        match self {}
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Err(input.error("nothing"))
    }
}

impl<T> Message for PhantomData<T> {
    fn encode(self, _: &mut Encoder) {}

    fn decode(_: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(PhantomData)
    }
}

impl<T: Message> Message for Box<T> {
    fn encode(self, out: &mut Encoder) {
        (*self).encode(out);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        T::decode(input).map(Box::new)
    }
}

impl<T: Message> Message for Option<T> {
    fn encode(self, out: &mut Encoder) {
        self.is_some().encode(out);
        if let Some(value) = self {
            value.encode(out);
        }
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        match bool::decode(input)? {
            true => T::decode(input).map(Some),
            false => Ok(None),
        }
    }
}

impl<T: Message, E: Message> Message for Result<T, E> {
    fn encode(self, out: &mut Encoder) {
        self.is_ok().encode(out);
        match self {
            Ok(value) => value.encode(out),
            Err(error) => error.encode(out),
        }
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        match bool::decode(input)? {
            true => T::decode(input).map(Ok),
            false => E::decode(input).map(Err),
        }
    }
}

impl<T: Message> Message for Vec<T> {
    fn encode(self, out: &mut Encoder) {
        out.write_len(self.len());
        T::encode_all(self, out);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let n = input.read_len()?;
        T::decode_all(n, input)
    }
}

impl<T: Message, const N: usize> Message for [T; N] {
    fn encode(self, out: &mut Encoder) {
        for value in self {
            value.encode(out);
        }
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let all = T::decode_all(N, input)?;
        all.try_into().map_err(|_| input.error("an array"))
    }
}

macro_rules! collections {
    ($($ty:ident<$($param:ident),*> as $item:ty where [$($bound:tt)*])*) => {$(
        impl<$($bound)*> Message for $ty<$($param),*> {
            fn encode(self, out: &mut Encoder) {
                out.write_len(self.len());
                for item in self {
                    item.encode(out);
                }
            }
            fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                let n = input.read_len()?;
                (0..n).map(|_| <$item>::decode(input)).collect()
            }
        }
    )*};
}

collections! {
    VecDeque<T> as T where [T: Message]
    BTreeSet<T> as T where [T: Message + Ord]
    BTreeMap<K, V> as (K, V) where [K: Message + Ord, V: Message]
    HashSet<T, S> as T where [T: Message + Eq + Hash, S: BuildHasher + Default]
    HashMap<K, V, S> as (K, V) where [K: Message + Eq + Hash, V: Message, S: BuildHasher + Default]
}

macro_rules! tuples {
    ($(($($ty:ident $value:ident)*))*) => {$(
        impl<$($ty: Message),*> Message for ($($ty,)*) {
            fn encode(self, _out: &mut Encoder) {
                let ($($value,)*) = self;
                $($value.encode(_out);)*
            }
            fn decode(_input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                Ok(($($ty::decode(_input)?,)*))
            }
        }
    )*};
}

tuples! {
    ()
    (A a)
    (A a B b)
    (A a B b C c)
    (A a B b C c D d)
    (A a B b C c D d E e)
    (A a B b C c D d E e F f)
    (A a B b C c D d E e F f G g)
    (A a B b C c D d E e F f G g H h)
}

impl Message for Duration {
    fn encode(self, out: &mut Encoder) {
        (self.as_secs(), self.subsec_nanos()).encode(out);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        match Message::decode(input)? {
            (secs, nanos) if nanos < 1_000_000_000 => Ok(Duration::new(secs, nanos)),
            _ => Err(input.error("a Duration")),
        }
    }
}

impl Message for Ipv4Addr {
    fn encode(self, out: &mut Encoder) {
        out.write(&self.octets());
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(input.array::<4>()?.into())
    }
}

impl Message for Ipv6Addr {
    fn encode(self, out: &mut Encoder) {
        out.write(&self.octets());
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(input.array::<16>()?.into())
    }
}

impl Message for IpAddr {
    fn encode(self, out: &mut Encoder) {
        self.is_ipv6().encode(out);
        match self {
            IpAddr::V4(addr) => addr.encode(out),
            IpAddr::V6(addr) => addr.encode(out),
        }
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        match bool::decode(input)? {
            true => Ipv6Addr::decode(input).map(IpAddr::V6),
            false => Ipv4Addr::decode(input).map(IpAddr::V4),
        }
    }
}

/// The scope of an IPv6 address is kept, the flow information is not.
impl Message for SocketAddr {
    fn encode(self, out: &mut Encoder) {
        let scope = match self {
            SocketAddr::V4(_) => 0,
            SocketAddr::V6(addr) => addr.scope_id(),
        };
        (self.ip(), self.port(), scope).encode(out);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let (ip, port, scope) = Message::decode(input)?;
        let mut addr = SocketAddr::new(ip, port);
        if let SocketAddr::V6(addr) = &mut addr {
            addr.set_scope_id(scope);
        }
        Ok(addr)
    }
}

/// Enums without fields, written as the number of the variant.
macro_rules! as_number {
    ($name:ident { $($variant:ident),* }) => {
        impl $crate::Message for $name {
            fn encode(self, out: &mut $crate::Encoder) {
                out.write_len(self as usize);
            }
            fn decode(input: &mut $crate::Decoder<'_>) -> Result<Self, $crate::DecodeError> {
                let number = input.read_len()?;
                [$($name::$variant),*].get(number).copied().ok_or_else(|| input.error(concat!("a variant of ", stringify!($name))))
            }
        }
    };
}

pub(crate) use as_number;

macro_rules! attachments {
    ($($ty:ident = $take:ident)*) => {$(
        /// It leaves the sending process with the message, but for a module, which stays too.
        impl Message for $ty {
            fn encode(self, out: &mut Encoder) {
                out.attach(Attachment::$ty(self));
            }
            fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                let index = input.read_len()? as u64;
                // The host checks that there is such an attachment, of this type, and traps otherwise.
                Ok($ty::from_id(unsafe { crate::host::message::$take(index) }))
            }
        }
    )*};
}

attachments! {
    TcpStream = take_tcp_stream
    TlsStream = take_tls_stream
    UdpSocket = take_udp_socket
    Module = take_module
}

/// Declares structs and enums that are [messages](Message).
///
/// Everything inside is ordinary Rust, attributes and derives included; type parameters are not possible.
///
/// ```
/// use lunatic_process::{message, Reply};
///
/// message! {
///     /// What an account understands.
///     #[derive(Debug)]
///     pub enum Request {
///         Deposit(u64),
///         Withdraw { amount: u64, reply: Reply<Result<u64, Refused>> },
///         Close,
///     }
///
///     #[derive(Clone, Debug, PartialEq)]
///     pub struct Refused { pub missing: u64 }
/// }
/// ```
#[macro_export]
macro_rules! message {
    () => {};
    (
        $(#[$meta:meta])* $vis:vis struct $name:ident;
        $($rest:tt)*
    ) => {
        $(#[$meta])* $vis struct $name;
        impl $crate::Message for $name {
            fn encode(self, _: &mut $crate::Encoder) {}
            fn decode(_: &mut $crate::Decoder<'_>) -> ::std::result::Result<Self, $crate::DecodeError> {
                ::std::result::Result::Ok($name)
            }
        }
        $crate::message! { $($rest)* }
    };
    (
        $(#[$meta:meta])* $vis:vis struct $name:ident ( $($(#[$fmeta:meta])* $fvis:vis $ty:ty),* $(,)? );
        $($rest:tt)*
    ) => {
        $(#[$meta])* $vis struct $name($($(#[$fmeta])* $fvis $ty),*);
        impl $crate::Message for $name {
            fn encode(self, _out: &mut $crate::Encoder) {
                let $crate::__pattern!([a b c d e f g h i j k l] ($name) ($($ty),*)) = self;
                $crate::__encode!(_out [a b c d e f g h i j k l] ($($ty),*));
            }
            fn decode(_input: &mut $crate::Decoder<'_>) -> ::std::result::Result<Self, $crate::DecodeError> {
                ::std::result::Result::Ok($name($(<$ty as $crate::Message>::decode(_input)?),*))
            }
        }
        $crate::message! { $($rest)* }
    };
    (
        $(#[$meta:meta])* $vis:vis struct $name:ident { $($(#[$fmeta:meta])* $fvis:vis $field:ident: $ty:ty),* $(,)? }
        $($rest:tt)*
    ) => {
        $(#[$meta])* $vis struct $name { $($(#[$fmeta])* $fvis $field: $ty),* }
        impl $crate::Message for $name {
            fn encode(self, _out: &mut $crate::Encoder) {
                let $name { $($field),* } = self;
                $($crate::Message::encode($field, _out);)*
            }
            fn decode(_input: &mut $crate::Decoder<'_>) -> ::std::result::Result<Self, $crate::DecodeError> {
                ::std::result::Result::Ok($name { $($field: <$ty as $crate::Message>::decode(_input)?),* })
            }
        }
        $crate::message! { $($rest)* }
    };
    (
        $(#[$meta:meta])* $vis:vis enum $name:ident {
            $(
                $(#[$vmeta:meta])* $variant:ident
                $( ( $($(#[$tmeta:meta])* $ty:ty),* $(,)? ) )?
                $( { $($(#[$fmeta:meta])* $field:ident: $fty:ty),* $(,)? } )?
            ),* $(,)?
        }
        $($rest:tt)*
    ) => {
        $(#[$meta])* $vis enum $name {
            $(
                $(#[$vmeta])* $variant
                $( ( $($(#[$tmeta])* $ty),* ) )?
                $( { $($(#[$fmeta])* $field: $fty),* } )?
            ),*
        }
        const _: () = {
            // The numbers of the variants.
            #[allow(dead_code, clippy::enum_variant_names, clippy::upper_case_acronyms)]
            enum Number { $($variant),* }

            impl $crate::Message for $name {
                fn encode(self, _out: &mut $crate::Encoder) {
                    match self {
                        $(
                            $crate::__pattern!([a b c d e f g h i j k l] (Self::$variant) $( ($($ty),*) )? $( { $($field),* } )?) => {
                                _out.write_len(Number::$variant as usize);
                                $crate::__encode!(_out [a b c d e f g h i j k l] $( ($($ty),*) )? $( { $($field),* } )?);
                            }
                        )*
                    }
                }
                fn decode(input: &mut $crate::Decoder<'_>) -> ::std::result::Result<Self, $crate::DecodeError> {
                    let number = input.read_len()?;
                    $(
                        if number == Number::$variant as usize {
                            return ::std::result::Result::Ok(
                                Self::$variant
                                $( ($(<$ty as $crate::Message>::decode(input)?),*) )?
                                $( { $($field: <$fty as $crate::Message>::decode(input)?),* } )?
                            );
                        }
                    )*
                    ::std::result::Result::Err(input.error(concat!("a variant of ", stringify!($name))))
                }
            }
        };
        $crate::message! { $($rest)* }
    };
}

/// A pattern that binds the fields of a struct or variant: those of a tuple to the names in the list.
#[doc(hidden)]
#[macro_export]
macro_rules! __pattern {
    ($names:tt ($($path:tt)*)) => { $($path)* };
    ($names:tt ($($path:tt)*) { $($field:ident),* }) => { $($path)* { $($field),* } };
    ($names:tt $path:tt ($($ty:ty),*)) => { $crate::__pattern!(@tuple $names $path [$($ty),*] []) };
    (@tuple $names:tt ($($path:tt)*) [] [$($bound:ident)*]) => { $($path)*($($bound),*) };
    (@tuple [$name:ident $($names:ident)*] $path:tt [$first:ty $(, $ty:ty)*] [$($bound:ident)*]) => {
        $crate::__pattern!(@tuple [$($names)*] $path [$($ty),*] [$($bound)* $name])
    };
}

/// Encodes the fields that __pattern has bound.
#[doc(hidden)]
#[macro_export]
macro_rules! __encode {
    ($out:ident $names:tt) => {};
    ($out:ident $names:tt { $($field:ident),* }) => { $($crate::Message::encode($field, $out);)* };
    ($out:ident $names:tt ()) => {};
    ($out:ident [$name:ident $($names:ident)*] ($first:ty $(, $ty:ty)*)) => {
        $crate::Message::encode($name, $out);
        $crate::__encode!($out [$($names)*] ($($ty),*));
    };
}

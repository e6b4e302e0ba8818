//! Errors of the host.

use std::{fmt, io};

use crate::host;

/// Something that the host could not do, in its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostError {
    text: String,
}

impl HostError {
    /// Takes the error out of the host.
    pub(crate) fn take(id: u64) -> HostError {
        let text = unsafe {
            let mut text = vec![0; host::error::string_size(id) as usize];
            host::error::to_string(id, text.as_mut_ptr());
            host::error::drop(id);
            text
        };
        HostError { text: String::from_utf8_lossy(&text).into_owned() }
    }

    pub(crate) fn new(text: &str) -> HostError {
        HostError { text: text.to_owned() }
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for HostError {}

impl crate::Message for HostError {
    fn encode(self, out: &mut crate::Encoder) {
        self.text.encode(out);
    }

    fn decode(input: &mut crate::Decoder<'_>) -> Result<Self, crate::DecodeError> {
        Ok(HostError { text: crate::Message::decode(input)? })
    }
}

impl From<HostError> for io::Error {
    fn from(error: HostError) -> io::Error {
        io::Error::new(kind(&error.text), error)
    }
}

/// The kind of an error of the network: the host tells it in words only, which begin or end like this.
fn kind(text: &str) -> io::ErrorKind {
    use io::ErrorKind::*;
    const ENDS: &[(&str, io::ErrorKind)] = &[
        ("connection refused", ConnectionRefused),
        ("connection reset by peer", ConnectionReset),
        ("connection aborted", ConnectionAborted),
        ("broken pipe", BrokenPipe),
        ("use of closed network connection", NotConnected),
        ("address already in use", AddrInUse),
        ("cannot assign requested address", AddrNotAvailable),
        ("no such host", NotFound),
        ("timed out", TimedOut),
    ];
    if text.starts_with("permission denied: ") {
        return PermissionDenied;
    }
    ENDS.iter().find(|(end, _)| text.ends_with(end)).map_or(Other, |(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        assert_eq!(kind("dial tcp 127.0.0.1:1: connect: connection refused"), io::ErrorKind::ConnectionRefused);
        assert_eq!(kind("permission denied: connect: no rule allows it"), io::ErrorKind::PermissionDenied);
        assert_eq!(kind("something else"), io::ErrorKind::Other);
    }
}

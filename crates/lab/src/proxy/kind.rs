//! Recognizes what a connection to Redis is for.

/// What a connection is for. It begins as [`Kind::Other`], and the first command that says more decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    Other,
    /// A client that subscribes to a channel.
    Subscriber,
    /// A server that is a replica.
    Replica,
}

/// The commands as they travel, in capitals.
const COMMANDS: [(&[u8], Kind); 4] = [
    (b"\r\n$9\r\nSUBSCRIBE\r\n", Kind::Subscriber),
    (b"\r\n$10\r\nPSUBSCRIBE\r\n", Kind::Subscriber),
    (b"\r\n$10\r\nSSUBSCRIBE\r\n", Kind::Subscriber),
    (b"\r\n$5\r\nPSYNC\r\n", Kind::Replica),
];
/// The length of the longest one.
const LONGEST: usize = 19;

/// Reads what a client sends to Redis.
#[derive(Default)]
pub struct Recognition {
    /// The end of what was read before, in which a command may have begun.
    end: Vec<u8>,
    kind: Kind,
}

impl Recognition {
    /// Takes the next bytes in; returns what the connection is for as far as these and the bytes before say.
    pub fn read(&mut self, bytes: &[u8]) -> Kind {
        if self.kind == Kind::Other {
            self.end.extend(bytes.iter().map(u8::to_ascii_uppercase));
            let says = |command: &[u8]| self.end.windows(command.len()).any(|at| at == command);
            let found = COMMANDS.iter().find(|(command, _)| says(command));
            self.kind = found.map(|(_, kind)| *kind).unwrap_or_default();
            self.end.drain(..self.end.len().saturating_sub(LONGEST));
        }
        self.kind
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Recognition};

    #[test]
    fn commands_are_recognized_however_they_come_and_words_in_data_are_not() {
        for (command, kind) in [
            ("*2\r\n$9\r\nsubscribe\r\n$1\r\na\r\n", Kind::Subscriber),
            ("*2\r\n$10\r\nPSubscribe\r\n$1\r\na\r\n", Kind::Subscriber),
            ("*2\r\n$10\r\nssubscribe\r\n$1\r\na\r\n", Kind::Subscriber),
            ("*3\r\n$5\r\nPSYNC\r\n$1\r\n?\r\n$2\r\n-1\r\n", Kind::Replica),
        ] {
            for size in 1..command.len() {
                let mut recognition = Recognition::default();
                let read = command.as_bytes().chunks(size).map(|part| recognition.read(part)).last();
                assert_eq!(read, Some(kind), "{command:?} in parts of {size}");
                assert_eq!(recognition.read(b"*1\r\n$4\r\nPING\r\n"), kind);
            }
        }
        let mut recognition = Recognition::default();
        assert_eq!(recognition.read(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$11\r\nsubscribe!!\r\n"), Kind::Other);
        assert_eq!(recognition.read(b"*2\r\n$11\r\nUNSUBSCRIBE\r\n$1\r\na\r\n"), Kind::Other);
    }
}

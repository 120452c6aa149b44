//! Event streams as they come in (HTML Living Standard, 9.2.6).

/// Bytes of one event. A result has at most 6 MiB; what is around it is little.
pub(crate) const MAX_EVENT_BYTES: usize = 32 * 1024 * 1024;

/// Reads events from pieces of a stream, whatever their borders.
#[derive(Debug, Default)]
pub(crate) struct EventReader {
    line: Vec<u8>,
    data: String,
    has_data: bool,
    after_return: bool,
}

/// An event is longer than [`MAX_EVENT_BYTES`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TooLong;

impl EventReader {
    /// Takes a piece; calls back with the data of each event that it completes.
    pub(crate) fn push(
        &mut self,
        piece: &[u8],
        mut event: impl FnMut(String),
    ) -> Result<(), TooLong> {
        for byte in piece {
            // CR LF is one end of a line.
            let follows = std::mem::replace(&mut self.after_return, *byte == b'\r');
            match byte {
                b'\n' if follows => {}
                b'\n' | b'\r' => {
                    if let Some(data) = self.end_of_line() {
                        event(data);
                    }
                }
                _ if self.line.len() + self.data.len() >= MAX_EVENT_BYTES => return Err(TooLong),
                other => self.line.push(*other),
            }
        }
        Ok(())
    }

    fn end_of_line(&mut self) -> Option<String> {
        let line = String::from_utf8_lossy(&self.line).into_owned();
        self.line.clear();
        if line.is_empty() {
            let data = std::mem::take(&mut self.data);
            return std::mem::take(&mut self.has_data).then_some(data);
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        if field == "data" {
            if self.has_data {
                self.data.push('\n');
            }
            self.has_data = true;
            self.data.push_str(value.strip_prefix(' ').unwrap_or(value));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&str]) -> Vec<String> {
        let (mut reader, mut events) = (EventReader::default(), Vec::new());
        for piece in pieces {
            reader.push(piece.as_bytes(), |data| events.push(data)).expect("short events");
        }
        events
    }

    #[test]
    fn all_ends_of_lines() {
        for text in
            ["data: a\n\ndata: b\n\n", "data: a\r\n\r\ndata: b\r\n\r\n", "data:a\r\rdata:b\r\r"]
        {
            assert_eq!(read(&[text]), ["a", "b"], "{text:?}");
            let pieces: Vec<&str> = text.split_inclusive(|_| true).collect();
            assert_eq!(read(&pieces), ["a", "b"], "byte by byte: {text:?}");
        }
    }

    #[test]
    fn comments_and_other_fields_are_no_data() {
        assert_eq!(read(&[": keepalive\n\nevent: message\nid: 7\ndata: x\ndata: y\n\n"]), ["x\ny"]);
        assert_eq!(read(&["event: message\n\n"]), [""; 0]);
        assert_eq!(read(&["data\n\n"]), [""]);
        assert_eq!(read(&["data: unfinished\n"]), [""; 0]);
    }

    #[test]
    fn events_at_and_above_their_bound() {
        let mut reader = EventReader::default();
        let most = "x".repeat(MAX_EVENT_BYTES);
        assert_eq!(reader.push(most.as_bytes(), |_| ()), Ok(()));
        assert_eq!(reader.push(b"x", |_| ()), Err(TooLong));
    }
}

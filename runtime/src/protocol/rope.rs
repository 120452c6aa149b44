//! A body in pieces, so that large foreign parts are carried, not copied.

use bytes::Bytes;

/// Below this a piece is copied next to its neighbour: cheaper than one more buffer to write.
const COPY_BELOW: usize = 2_048;

/// Text in pieces.
#[derive(Clone, Debug, Default)]
pub struct Rope {
    pieces: Vec<Bytes>,
    tail: Vec<u8>,
    length: usize,
}

impl Rope {
    /// An empty rope whose small pieces will take about this many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { pieces: Vec::new(), tail: Vec::with_capacity(bytes), length: 0 }
    }

    /// Appends text by copying it.
    pub fn push_str(&mut self, text: &str) {
        self.tail.extend_from_slice(text.as_bytes());
        self.length += text.len();
    }

    /// Appends a piece, shared when it is large.
    pub fn push(&mut self, piece: Bytes) {
        if piece.len() < COPY_BELOW {
            self.tail.extend_from_slice(&piece);
            self.length += piece.len();
            return;
        }
        self.flush();
        self.length += piece.len();
        self.pieces.push(piece);
    }

    /// Appends another rope.
    pub fn append(&mut self, other: Self) {
        if other.pieces.is_empty() && other.tail.len() < COPY_BELOW {
            self.tail.extend_from_slice(&other.tail);
            self.length += other.tail.len();
            return;
        }
        for piece in other.into_pieces() {
            self.push(piece);
        }
    }

    /// Bytes in all.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The pieces in order.
    pub fn into_pieces(mut self) -> Vec<Bytes> {
        self.flush();
        self.pieces
    }

    /// The whole in one piece.
    pub fn into_bytes(self) -> Bytes {
        let mut pieces = self.into_pieces();
        match pieces.len() {
            0 => Bytes::new(),
            1 => pieces.remove(0),
            _ => pieces.concat().into(),
        }
    }

    fn flush(&mut self) {
        if !self.tail.is_empty() {
            self.pieces.push(std::mem::take(&mut self.tail).into());
        }
    }
}

impl From<String> for Rope {
    fn from(text: String) -> Self {
        Self { length: text.len(), tail: text.into_bytes(), pieces: Vec::new() }
    }
}

impl From<&str> for Rope {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_sharing() {
        let large = Bytes::from(vec![b'x'; COPY_BELOW]);
        let mut rope = Rope::with_capacity(8);
        rope.push_str("a");
        rope.push(Bytes::from_static(b"b"));
        rope.push(large.clone());
        rope.push_str("c");
        assert_eq!(rope.len(), COPY_BELOW + 3);
        let pieces = rope.into_pieces();
        assert_eq!(pieces.iter().map(Bytes::len).collect::<Vec<_>>(), [2, COPY_BELOW, 1]);
        assert_eq!(pieces[1].as_ptr(), large.as_ptr());
    }
}

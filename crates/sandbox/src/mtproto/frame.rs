//! How packets lie in a connection's bytes: Telegram's three transports. Bytes in, packets out; no socket.

/// A longer packet is nobody's honest call; Telegram ends such a connection at about a megabyte.
const MOST_PACKET_BYTES: usize = 1 << 20;
/// Length, number and checksum of a full frame.
const FULL_FRAME_BYTES: usize = 12;

/// The transports. The first bytes of a connection say which one a client speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Framing {
    /// A length in words, of one byte or four.
    Abridged,
    /// A length in bytes.
    Intermediate,
    /// A length, a number and a checksum.
    Full,
}

/// Why the bytes of a connection are no frames. There is no way back into step; the connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadFrame {
    /// Shorter than any frame, or longer than what is taken.
    #[error("a frame of {0} bytes is none of Telegram's")]
    Length(usize),
    /// The checksum of a full frame differs.
    #[error("the checksum of a frame is wrong")]
    Checksum,
    /// Full frames are numbered, and this one is out of turn.
    #[error("frame {got} came where {expected} was due")]
    Turn {
        /// The number it has.
        got: u32,
        /// The number it should have.
        expected: u32,
    },
}

/// One connection's frames, in both directions.
#[derive(Debug, Default)]
pub struct Frames {
    framing: Option<Framing>,
    unread: Vec<u8>,
    received: u32,
    sent: u32,
}

impl Frames {
    /// Takes bytes as they arrived.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
    }

    /// The next whole packet, if its last byte is here.
    pub fn next_packet(&mut self) -> Result<Option<Vec<u8>>, BadFrame> {
        let Some(framing) = self.framing() else { return Ok(None) };
        match framing {
            Framing::Abridged => self.next_abridged(),
            Framing::Intermediate => self.next_intermediate(),
            Framing::Full => self.next_full(),
        }
    }

    /// A packet as the client wants it framed. Packets are whole words.
    pub fn pack(&mut self, packet: &[u8]) -> Vec<u8> {
        let length = u32::try_from(packet.len()).expect("an answer is far shorter than four gigabytes");
        let mut framed = Vec::with_capacity(packet.len() + FULL_FRAME_BYTES);
        match self.framing {
            Some(Framing::Abridged) => {
                match u8::try_from(length / 4) {
                    Ok(words @ ..0x7f) => framed.push(words),
                    _ => framed.extend_from_slice(&((length / 4) << 8 | 0x7f).to_le_bytes()),
                }
                framed.extend_from_slice(packet);
            }
            Some(Framing::Intermediate) => {
                framed.extend_from_slice(&length.to_le_bytes());
                framed.extend_from_slice(packet);
            }
            Some(Framing::Full) | None => {
                framed.extend_from_slice(&(length + FULL_FRAME_BYTES as u32).to_le_bytes());
                framed.extend_from_slice(&self.sent.to_le_bytes());
                framed.extend_from_slice(packet);
                framed.extend_from_slice(&crc32fast::hash(&framed).to_le_bytes());
                self.sent = self.sent.wrapping_add(1);
            }
        }
        framed
    }

    /// A transport's own error, such as 404 for a key that nobody knows.
    pub fn pack_error(&mut self, code: i32) -> Vec<u8> {
        match self.framing {
            // Telegram says it where a length would stand, and ends the connection.
            Some(Framing::Full) | None => (-code).to_le_bytes().to_vec(),
            Some(Framing::Abridged | Framing::Intermediate) => self.pack(&(-code).to_le_bytes()),
        }
    }

    fn framing(&mut self) -> Option<Framing> {
        if self.framing.is_none() {
            let (framing, announced) = match *self.unread {
                [0xef, ..] => (Framing::Abridged, 1),
                [0xee, 0xee, 0xee, 0xee, ..] => (Framing::Intermediate, 4),
                [_, _, _, _, ..] => (Framing::Full, 0),
                _ => return None,
            };
            self.unread.drain(..announced);
            self.framing = Some(framing);
        }
        self.framing
    }

    fn next_abridged(&mut self) -> Result<Option<Vec<u8>>, BadFrame> {
        // The highest bit asks for an early receipt, which servers may leave out.
        let (words, header) = match *self.unread {
            [first, a, b, c, ..] if first & 0x7f == 0x7f => (u32::from_le_bytes([a, b, c, 0]), 4),
            [first, ..] if first & 0x7f != 0x7f => (u32::from(first & 0x7f), 1),
            _ => return Ok(None),
        };
        self.take(header, words as usize * 4)
    }

    fn next_intermediate(&mut self) -> Result<Option<Vec<u8>>, BadFrame> {
        let Some(length) = self.word(0) else { return Ok(None) };
        // As above.
        self.take(4, (length & 0x7fff_ffff) as usize)
    }

    fn next_full(&mut self) -> Result<Option<Vec<u8>>, BadFrame> {
        let Some(length) = self.word(0).map(|length| length as usize) else { return Ok(None) };
        if !(FULL_FRAME_BYTES..=MOST_PACKET_BYTES).contains(&length) {
            return Err(BadFrame::Length(length));
        }
        let (Some(got), Some(checksum)) = (self.word(4), self.word(length - 4)) else { return Ok(None) };
        if crc32fast::hash(&self.unread[..length - 4]) != checksum {
            return Err(BadFrame::Checksum);
        }
        if got != self.received {
            return Err(BadFrame::Turn { got, expected: self.received });
        }
        self.received = self.received.wrapping_add(1);
        let packet = self.unread[8..length - 4].to_vec();
        self.unread.drain(..length);
        Ok(Some(packet))
    }

    fn take(&mut self, header: usize, length: usize) -> Result<Option<Vec<u8>>, BadFrame> {
        if !(4..=MOST_PACKET_BYTES).contains(&length) {
            return Err(BadFrame::Length(length));
        }
        let Some(packet) = self.unread.get(header..header + length).map(<[u8]>::to_vec) else {
            return Ok(None);
        };
        self.unread.drain(..header + length);
        Ok(Some(packet))
    }

    fn word(&self, at: usize) -> Option<u32> {
        let bytes = self.unread.get(at..at + 4)?;
        Some(u32::from_le_bytes(bytes.try_into().expect("four bytes were asked for")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ABRIDGED: &[u8] = &[0xef];
    const INTERMEDIATE: &[u8] = &[0xee; 4];
    const FULL: &[u8] = &[];

    /// A client's side of a framing is the server's, but for the first bytes.
    fn client(framing: Framing) -> Frames {
        Frames { framing: Some(framing), ..Frames::default() }
    }

    fn framings() -> impl Strategy<Value = (Framing, &'static [u8])> {
        prop_oneof![
            Just((Framing::Abridged, ABRIDGED)),
            Just((Framing::Intermediate, INTERMEDIATE)),
            Just((Framing::Full, FULL)),
        ]
    }

    fn packets() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let packet = proptest::collection::vec(any::<[u8; 4]>(), 1..200).prop_map(|words| words.concat());
        proptest::collection::vec(packet, 1..5)
    }

    proptest! {
        #[test]
        fn packets_arrive_however_the_bytes_are_cut(
            (framing, hello) in framings(), packets in packets(), cut in 1usize..50,
        ) {
            let mut client = client(framing);
            let mut wire = hello.to_vec();
            packets.iter().for_each(|packet| wire.extend(client.pack(packet)));
            let (mut server, mut arrived) = (Frames::default(), Vec::new());
            for piece in wire.chunks(cut) {
                server.feed(piece);
                while let Some(packet) = server.next_packet().unwrap() {
                    arrived.push(packet);
                }
            }
            prop_assert_eq!(arrived, packets);
            prop_assert!(server.unread.is_empty());
        }

        #[test]
        fn any_bytes_are_read_without_harm(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..64), 0..8)) {
            let mut server = Frames::default();
            for piece in pieces {
                server.feed(&piece);
                while let Ok(Some(packet)) = server.next_packet() {
                    prop_assert!(packet.len() <= MOST_PACKET_BYTES);
                }
            }
        }
    }

    fn check_refused(bytes: &[u8], expected: BadFrame) {
        let mut server = Frames::default();
        server.feed(bytes);
        assert_eq!(server.next_packet(), Err(expected));
    }

    #[test]
    fn a_frame_that_would_never_end_is_refused_at_its_first_bytes() {
        check_refused(&[0xef, 0x7f, 0xff, 0xff, 0xff], BadFrame::Length(0x00ff_ffff * 4));
        check_refused(&[0xee, 0xee, 0xee, 0xee, 0, 0, 0, 0x40], BadFrame::Length(1 << 30));
        check_refused(b"GET / HTTP/1.1\r\n\r\n", BadFrame::Length(0x2054_4547));
        check_refused(&[0; 16], BadFrame::Length(0));
    }

    #[test]
    fn full_frames_are_counted_and_summed() {
        let mut client = client(Framing::Full);
        let first = client.pack(&[1; 8]);
        let mut damaged = first.clone();
        damaged[9] ^= 1;
        check_refused(&damaged, BadFrame::Checksum);
        check_refused(&client.pack(&[2; 8]), BadFrame::Turn { got: 1, expected: 0 });
    }

    #[test]
    fn errors_stand_where_clients_look_for_them() {
        let negative = (-404i32).to_le_bytes();
        assert_eq!(client(Framing::Full).pack_error(404), negative);
        assert_eq!(client(Framing::Intermediate).pack_error(404), [&[4, 0, 0, 0], &negative[..]].concat());
        assert_eq!(client(Framing::Abridged).pack_error(404), [&[1], &negative[..]].concat());
    }
}

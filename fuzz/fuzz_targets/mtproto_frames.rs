//! Whatever a client sends the sandbox's MTProto door. The first byte says into pieces of how many bytes the rest is cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sandbox::{BadFrame, Frames};

/// The packets up to the first bad frame, and that frame's fault.
fn read(bytes: &[u8], cut: usize) -> (Vec<Vec<u8>>, Option<BadFrame>) {
    let (mut frames, mut packets) = (Frames::default(), Vec::new());
    for piece in bytes.chunks(cut) {
        frames.feed(piece);
        loop {
            match frames.next_packet() {
                Ok(Some(packet)) => packets.push(packet),
                Ok(None) => break,
                Err(bad) => return (packets, Some(bad)),
            }
        }
    }
    (packets, None)
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&cut, bytes)) = bytes.split_first() else { return };
    let whole = read(bytes, bytes.len().max(1));
    assert!(whole.0.iter().all(|packet| packet.len() <= 1 << 20));
    assert_eq!(read(bytes, usize::from(cut).max(1)), whole, "how bytes are cut does not matter");
});

//! What lies in opened packets: messages, alone or in containers, zipped or not. Those about messages, salts and the
//! connection itself are answered here; calls are handed on. No socket, and the time is told.

use flate2::read::GzDecoder;
use grammers_tl_types::{
    Cursor, Deserializable, Identifiable, RawVec, Serializable, enums, functions, types,
};
use std::collections::VecDeque;
use std::io::Read;

// Telegram's own schema writes these three down in words only.
const CONTAINER: u32 = 0x73f1_f8dc;
const GZIPPED: u32 = 0x3072_cfa1;
const RPC_RESULT: u32 = 0xf35c_6d01;

/// Salt, session, number, sequence number and length.
const HEADER_BYTES: usize = 32;
/// What follows the message, so that its length is nobody's business.
const PADDING_BYTES: std::ops::RangeInclusive<usize> = 12..=1024;
/// Telegram takes no larger containers.
const MOST_IN_A_CONTAINER: i32 = 1020;
/// So much may all that is zipped in one packet come to; more is nobody's honest call.
const MOST_UNZIPPED_BYTES: u64 = 1 << 20;
/// Old salts and new ones. Clients that hold one only ask for more, without end if two are valid at once.
const SALTS: i32 = 8;
const SALT_SECONDS: i32 = 1800;
/// So many calls of a session are known again, and so many sessions of a key.
const REMEMBERED: usize = 1024;
const REMEMBERED_SESSIONS: usize = 8;
/// So old a message may be, and so far ahead of our time.
const OLD_SECONDS: i64 = 300;
const AHEAD_SECONDS: i64 = 30;
/// What is wrong with a message's number, or with its salt.
const TOO_LOW: i32 = 16;
const TOO_HIGH: i32 = 17;
const ODD: i32 = 18;
const WRONG_SALT: i32 = 48;
/// What a client is told of a message of its own.
const NOT_KNOWN: u8 = 1;
const RECEIVED: u8 = 4;

/// A call, and the session and the number that its answer will name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Call {
    pub(super) session: i64,
    pub(super) id: i64,
    pub(super) body: Vec<u8>,
}

/// The calls that a key's sessions made last, by their numbers: none of them happens twice, whatever connection it
/// comes by.
#[derive(Default)]
pub(super) struct Seen(VecDeque<(i64, VecDeque<i64>)>);

impl Seen {
    /// Whether this session is new, or was forgotten. From now on it is known.
    pub(super) fn begins(&mut self, session: i64) -> bool {
        let is_new = self.place_of(session).is_none();
        self.of(session);
        is_new
    }

    fn of(&mut self, session: i64) -> &mut VecDeque<i64> {
        let at = self.place_of(session).unwrap_or_else(|| {
            self.0.truncate(REMEMBERED_SESSIONS - 1);
            self.0.push_front((session, VecDeque::new()));
            0
        });
        &mut self.0[at].1
    }

    fn place_of(&self, session: i64) -> Option<usize> {
        self.0.iter().position(|(known, _)| *known == session)
    }
}

/// What was opened is no message, or one that breaks the rules. The connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no message of a client: {0}")]
pub(super) struct Nonsense(&'static str);

impl From<grammers_tl_types::deserialize::Error> for Nonsense {
    fn from(_: grammers_tl_types::deserialize::Error) -> Self {
        Self("it cannot be read")
    }
}

/// One client's side of one connection.
pub(super) struct Conversation {
    salt: i64,
    session: Option<i64>,
    /// The number of our last message.
    last_id: i64,
    /// So many of our messages wanted a receipt.
    counted: i32,
    now_milliseconds: i64,
    /// How much may still be unzipped of this packet.
    unzippable: u64,
    /// Which of its own messages the client asks about, and the number of the question.
    asked_about: Vec<(i64, Vec<i64>)>,
    /// After so many seconds the client wants to be gone, unless it says so again.
    leaves: Option<u64>,
    unsent: Vec<Vec<u8>>,
}

/// Whether a message of ours answers one of theirs, which its number shows.
#[derive(Clone, Copy)]
enum Sort {
    Answer,
    Notice,
}

impl Conversation {
    pub(super) fn new(salt: i64) -> Self {
        Self {
            salt,
            session: None,
            last_id: 0,
            counted: 0,
            now_milliseconds: 0,
            unzippable: 0,
            asked_about: Vec::new(),
            leaves: None,
            unsent: Vec::new(),
        }
    }

    /// Reads an opened packet. What is to be said about it waits in [`Conversation::unsent`]. `begins`: this session of
    /// the key is new.
    pub(super) fn hear(
        &mut self,
        plain: &[u8],
        now_milliseconds: i64,
        begins: impl FnOnce(i64) -> bool,
    ) -> Result<Vec<Call>, Nonsense> {
        self.now_milliseconds = now_milliseconds;
        let mut cursor = Cursor::from_slice(plain);
        let (salt, session) = (i64::deserialize(&mut cursor)?, i64::deserialize(&mut cursor)?);
        let (id, sequence) = (i64::deserialize(&mut cursor)?, i32::deserialize(&mut cursor)?);
        let length = length(i32::deserialize(&mut cursor)?)?;
        let body = plain.get(HEADER_BYTES..HEADER_BYTES.saturating_add(length)).ok_or(TOO_SHORT)?;
        if !PADDING_BYTES.contains(&(plain.len() - HEADER_BYTES - length)) {
            return Err(Nonsense("its padding is longer or shorter than any"));
        }
        self.session = Some(session);
        if let Err(error_code) = self.check_number(id) {
            let refused = types::BadMsgNotification { bad_msg_id: id, bad_msg_seqno: sequence, error_code };
            self.say(Sort::Notice, false, &enums::BadMsgNotification::Notification(refused).to_bytes());
            return Ok(Vec::new());
        }
        if salt != self.salt {
            let refused = types::BadServerSalt {
                bad_msg_id: id,
                bad_msg_seqno: sequence,
                error_code: WRONG_SALT,
                new_server_salt: self.salt,
            };
            self.say(Sort::Notice, false, &enums::BadMsgNotification::BadServerSalt(refused).to_bytes());
            return Ok(Vec::new());
        }
        if begins(session) {
            self.welcome(id);
        }
        self.unzippable = MOST_UNZIPPED_BYTES;
        let mut calls = Vec::new();
        self.read(id, body, &[], &mut calls)?;
        Ok(calls)
    }

    /// Tells the client which of these calls arrived, before any of them happens, and returns those that are new.
    pub(super) fn receive(&mut self, calls: Vec<Call>, seen: &mut Seen) -> Vec<Call> {
        let seen = seen.of(self.session.unwrap_or_default());
        if !calls.is_empty() {
            let msg_ids = calls.iter().map(|call| call.id).collect();
            let received = enums::MsgsAck::from(types::MsgsAck { msg_ids });
            self.say(Sort::Notice, false, &received.to_bytes());
        }
        let mut new = calls;
        new.retain(|call| {
            let is_new = !seen.contains(&call.id);
            if is_new {
                seen.truncate(REMEMBERED - 1);
                seen.push_front(call.id);
            }
            is_new
        });
        for (req_msg_id, ids) in std::mem::take(&mut self.asked_about) {
            let info = ids.iter().map(|id| if seen.contains(id) { RECEIVED } else { NOT_KNOWN }).collect();
            let state = enums::MsgsStateInfo::from(types::MsgsStateInfo { req_msg_id, info });
            self.say(Sort::Answer, false, &state.to_bytes());
        }
        new
    }

    /// Answers a call with what a method returned, or refused.
    pub(super) fn answer(
        &mut self,
        session: i64,
        call: i64,
        result: Result<&[u8], (i32, &str)>,
        now_milliseconds: i64,
    ) {
        self.now_milliseconds = now_milliseconds;
        let mut message = (RPC_RESULT, call).to_words();
        match result {
            Ok(returned) => message.extend_from_slice(returned),
            Err((error_code, text)) => {
                let error = types::RpcError { error_code, error_message: text.to_owned() };
                enums::RpcError::Error(error).serialize(&mut message);
            }
        }
        self.say_in(session, Sort::Answer, true, &message);
    }

    /// Tells something unasked.
    pub(super) fn tell(&mut self, updates: &[u8], now_milliseconds: i64) {
        self.now_milliseconds = now_milliseconds;
        self.say(Sort::Notice, true, updates);
    }

    /// After how many seconds the client wants to be gone, if it just said so.
    pub(super) fn leaves(&mut self) -> Option<u64> {
        self.leaves.take()
    }

    /// What is to be sealed and sent.
    pub(super) fn unsent(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.unsent)
    }

    /// Clients number their messages by the time, in fours.
    fn check_number(&self, id: i64) -> Result<(), i32> {
        let age = self.now_milliseconds / 1000 - (id >> 32);
        match () {
            () if id % 4 != 0 => Err(ODD),
            () if age > OLD_SECONDS => Err(TOO_LOW),
            () if age < -AHEAD_SECONDS => Err(TOO_HIGH),
            () => Ok(()),
        }
    }

    /// The first message of a session is told the salt.
    fn welcome(&mut self, first: i64) {
        let created = types::NewSessionCreated {
            first_msg_id: first,
            unique_id: self.session.unwrap_or_default(),
            server_salt: self.salt,
        };
        self.say(Sort::Notice, true, &enums::NewSession::Created(created).to_bytes());
    }

    /// `around`: what it is packed in. A zipped call in a container, or a container that is zipped: each once.
    fn read(&mut self, id: i64, body: &[u8], around: &[u32], calls: &mut Vec<Call>) -> Result<(), Nonsense> {
        let mut cursor = Cursor::from_slice(body);
        let constructor = u32::deserialize(&mut cursor)?;
        let packed = &[around, &[constructor]].concat()[..];
        match constructor {
            _ if around.contains(&constructor) => return Err(Nonsense("it is packed too often")),
            CONTAINER => {
                let count = i32::deserialize(&mut cursor)?;
                if !(0..=MOST_IN_A_CONTAINER).contains(&count) {
                    return Err(Nonsense("no container holds so many"));
                }
                for _ in 0..count {
                    let (id, _) = (i64::deserialize(&mut cursor)?, i32::deserialize(&mut cursor)?);
                    let length = length(i32::deserialize(&mut cursor)?)?;
                    let begin = cursor.pos();
                    let inner = body.get(begin..begin.saturating_add(length)).ok_or(TOO_SHORT)?;
                    self.read(id, inner, packed, calls)?;
                    cursor.read_exact(&mut vec![0; length])?;
                }
            }
            GZIPPED => {
                let unzipped = self.unzip(&Vec::<u8>::deserialize(&mut cursor)?)?;
                self.read(id, &unzipped, packed, calls)?;
            }
            ping @ (functions::Ping::CONSTRUCTOR_ID | functions::PingDelayDisconnect::CONSTRUCTOR_ID) => {
                let pong = types::Pong { msg_id: id, ping_id: i64::deserialize(&mut cursor)? };
                if ping == functions::PingDelayDisconnect::CONSTRUCTOR_ID {
                    let seconds = i32::deserialize(&mut cursor)?;
                    self.leaves = Some(u64::try_from(seconds).unwrap_or_default());
                }
                self.say(Sort::Answer, false, &enums::Pong::Pong(pong).to_bytes());
            }
            functions::GetFutureSalts::CONSTRUCTOR_ID => {
                let salts = self.salts(id).to_bytes();
                self.say(Sort::Answer, false, &salts);
            }
            functions::DestroySession::CONSTRUCTOR_ID => {
                let gone = types::DestroySessionOk { session_id: i64::deserialize(&mut cursor)? };
                self.say(Sort::Answer, false, &enums::DestroySessionRes::DestroySessionOk(gone).to_bytes());
            }
            functions::RpcDropAnswer::CONSTRUCTOR_ID => {
                // It is answered, or will be: nothing is dropped.
                self.answer(
                    self.session.unwrap_or_default(),
                    id,
                    Ok(&enums::RpcDropAnswer::RpcAnswerUnknown.to_bytes()),
                    self.now_milliseconds,
                );
            }
            types::MsgsStateReq::CONSTRUCTOR_ID => {
                let types::MsgsStateReq { msg_ids } = types::MsgsStateReq::deserialize(&mut cursor)?;
                if msg_ids.len() > REMEMBERED {
                    return Err(Nonsense("it asks about too many"));
                }
                self.asked_about.push((id, msg_ids));
            }
            // Receipts and what is asked about our own messages: nothing of ours is ever sent twice.
            types::MsgsAck::CONSTRUCTOR_ID
            | types::MsgsStateInfo::CONSTRUCTOR_ID
            | types::MsgsAllInfo::CONSTRUCTOR_ID
            | types::MsgResendReq::CONSTRUCTOR_ID
            | types::HttpWait::CONSTRUCTOR_ID => {}
            _ => {
                let session = self.session.unwrap_or_default();
                calls.push(Call { session, id, body: body.to_vec() });
            }
        }
        Ok(())
    }

    fn unzip(&mut self, zipped: &[u8]) -> Result<Vec<u8>, Nonsense> {
        let mut unzipped = Vec::new();
        let reader = GzDecoder::new(zipped).take(self.unzippable + 1);
        let whole = { reader }.read_to_end(&mut unzipped).is_ok();
        let left = self.unzippable.checked_sub(unzipped.len() as u64).filter(|_| whole);
        self.unzippable = left.ok_or(Nonsense("what is zipped cannot be unzipped"))?;
        Ok(unzipped)
    }

    fn salts(&self, asked: i64) -> enums::FutureSalts {
        let now = i32::try_from(self.now_milliseconds / 1000).unwrap_or(i32::MAX);
        let salt = |number| types::FutureSalt {
            valid_since: now.saturating_sub(60).saturating_add(number * SALT_SECONDS),
            valid_until: now.saturating_add((number + 2) * SALT_SECONDS),
            salt: self.salt,
        };
        let salts = RawVec((0..SALTS).map(salt).collect());
        enums::FutureSalts::Salts(types::FutureSalts { req_msg_id: asked, now, salts })
    }

    /// Says something in the session that spoke last. `counts`: it wants a receipt.
    fn say(&mut self, sort: Sort, counts: bool, body: &[u8]) {
        self.say_in(self.session.unwrap_or_default(), sort, counts, body);
    }

    /// Numbers a message of ours.
    fn say_in(&mut self, session: i64, sort: Sort, counts: bool, body: &[u8]) {
        let length = i32::try_from(body.len()).expect("an answer is far shorter than two gigabytes");
        let id = self.next_id(sort);
        let sequence = self.counted.wrapping_mul(2).wrapping_add(i32::from(counts));
        self.counted = self.counted.wrapping_add(i32::from(counts));
        let mut plain = Vec::with_capacity(HEADER_BYTES + body.len() + 32);
        self.salt.serialize(&mut plain);
        session.serialize(&mut plain);
        id.serialize(&mut plain);
        sequence.serialize(&mut plain);
        length.serialize(&mut plain);
        plain.extend_from_slice(body);
        self.unsent.push(plain);
    }

    /// Numbers are moments and only grow; of four that follow each other, one is for answers and one for notices.
    fn next_id(&mut self, sort: Sort) -> i64 {
        let (seconds, rest) = (self.now_milliseconds / 1000, self.now_milliseconds % 1000);
        let moment = (seconds << 32) | ((rest << 32) / 1000);
        self.last_id = (moment & !3).max((self.last_id & !3) + 4);
        self.last_id
            + match sort {
                Sort::Answer => 1,
                Sort::Notice => 3,
            }
    }
}

const TOO_SHORT: Nonsense = Nonsense("it is shorter than it says");

fn length(length: i32) -> Result<usize, Nonsense> {
    usize::try_from(length)
        .ok()
        .filter(|length| length.is_multiple_of(4))
        .ok_or(Nonsense("its length is odd"))
}

/// Numbers one after the other.
trait ToWords {
    fn to_words(&self) -> Vec<u8>;
}

impl<A: Serializable, B: Serializable> ToWords for (A, B) {
    fn to_words(&self) -> Vec<u8> {
        let mut words = Vec::new();
        self.0.serialize(&mut words);
        self.1.serialize(&mut words);
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;
    use std::io::Write;

    const SALT: i64 = 77;
    const SESSION: i64 = 5;
    const NOW: i64 = 1_800_000_000_000;

    /// The numbers that a client gives its messages now, counted from its first.
    fn number(n: i64) -> i64 {
        ((NOW / 1000) << 32) + n
    }

    fn packet(salt: i64, id: i64, body: &[u8]) -> Vec<u8> {
        let mut plain = (salt, SESSION).to_words();
        plain.extend((number(id), 1i32).to_words());
        plain.extend(i32::try_from(body.len()).unwrap().to_bytes());
        plain.extend(body);
        plain.extend([0; 12]);
        plain
    }

    fn container(messages: &[(i64, Vec<u8>)]) -> Vec<u8> {
        let mut body = (CONTAINER, i32::try_from(messages.len()).unwrap()).to_words();
        for (id, message) in messages {
            body.extend((number(*id), 1i32).to_words());
            body.extend(i32::try_from(message.len()).unwrap().to_bytes());
            body.extend(message);
        }
        body
    }

    fn gzipped(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(body).unwrap();
        (GZIPPED, encoder.finish().unwrap()).to_words()
    }

    fn hear(packet: &[u8]) -> (Result<Vec<Call>, Nonsense>, Vec<Vec<u8>>) {
        let mut conversation = Conversation::new(SALT);
        let heard = conversation.hear(packet, NOW, |_| true);
        (heard, conversation.unsent())
    }

    /// The constructors of what was said.
    fn said(unsent: &[Vec<u8>]) -> Vec<u32> {
        unsent.iter().map(|plain| u32::from_bytes(&plain[HEADER_BYTES..]).unwrap()).collect()
    }

    fn call(id: i64) -> Call {
        Call { session: SESSION, id: number(id), body: functions::help::GetConfig {}.to_bytes() }
    }

    #[test]
    fn calls_are_found_in_containers_and_unzipped() {
        let get_config = call(0).body;
        let inner = [(8, get_config.clone()), (12, gzipped(&get_config))];
        let (heard, unsent) = hear(&packet(SALT, 16, &container(&inner)));
        assert_eq!(heard.unwrap(), [call(8), call(12)]);
        assert_eq!(said(&unsent), [types::NewSessionCreated::CONSTRUCTOR_ID]);
        let (heard, _) = hear(&packet(SALT, 4, &gzipped(&container(&[(8, get_config)]))));
        assert_eq!(heard.unwrap(), [call(8)]);
    }

    #[test]
    fn a_wrong_salt_is_corrected_and_nothing_else_happens() {
        let (heard, unsent) = hear(&packet(SALT + 1, 4, &call(4).body));
        assert_eq!(heard.unwrap(), []);
        assert_eq!(said(&unsent), [types::BadServerSalt::CONSTRUCTOR_ID]);
    }

    #[test]
    fn a_number_from_another_time_is_not_believed() {
        let check = |seconds: i64, rest: i64, expected: &[i32]| {
            let call = packet(SALT, (seconds << 32) + rest, &call(4).body);
            let (heard, unsent) = hear(&call);
            assert_eq!(heard.unwrap().is_empty(), !expected.is_empty());
            let refused = unsent.iter().filter_map(|plain| {
                enums::BadMsgNotification::from_bytes(&plain[HEADER_BYTES..]).ok().map(|it| it.error_code())
            });
            assert_eq!(refused.collect::<Vec<_>>(), expected, "{seconds} {rest}");
        };
        check(-300, 0, &[]);
        check(-301, 0, &[TOO_LOW]);
        check(30, 4, &[]);
        check(31, 0, &[TOO_HIGH]);
        check(0, 1, &[ODD]);
        // Even of a client that does not know the salt yet: it is told one thing after the other.
        let (_, unsent) = hear(&packet(SALT + 1, 1 << 40, &call(4).body));
        assert_eq!(said(&unsent), [types::BadMsgNotification::CONSTRUCTOR_ID]);
    }

    #[test]
    fn whoever_begins_a_session_is_welcomed_once_they_know_the_salt() {
        let mut seen = Seen::default();
        let mut hear = |conversation: &mut Conversation, salt| {
            conversation.hear(&packet(salt, 4, &call(4).body), NOW, |session| seen.begins(session)).unwrap();
            said(&conversation.unsent())
        };
        let mut conversation = Conversation::new(SALT);
        assert_eq!(hear(&mut conversation, 0), [types::BadServerSalt::CONSTRUCTOR_ID]);
        assert_eq!(hear(&mut conversation, SALT), [types::NewSessionCreated::CONSTRUCTOR_ID]);
        assert_eq!(hear(&mut conversation, SALT), [0u32; 0]);
        // The session goes on by another connection.
        assert_eq!(hear(&mut Conversation::new(SALT), SALT), [0u32; 0]);
    }

    #[test]
    fn pings_and_salts_are_answered_here() {
        let ping = functions::Ping { ping_id: 3 }.to_bytes();
        let salts = functions::GetFutureSalts { num: 64 }.to_bytes();
        let (heard, unsent) = hear(&packet(SALT, 12, &container(&[(4, ping), (8, salts)])));
        assert_eq!(heard.unwrap(), []);
        let [_, pong, salts] = &unsent[..] else { panic!("{:x?}", said(&unsent)) };
        let enums::Pong::Pong(pong) = enums::Pong::from_bytes(&pong[HEADER_BYTES..]).unwrap();
        assert_eq!((pong.msg_id, pong.ping_id), (number(4), 3));
        let enums::FutureSalts::Salts(salts) =
            enums::FutureSalts::from_bytes(&salts[HEADER_BYTES..]).unwrap();
        let now = i32::try_from(NOW / 1000).unwrap();
        assert_eq!(salts.salts.0.iter().filter(|salt| salt.valid_since <= now).count(), 1);
    }

    #[test]
    fn a_call_is_acknowledged_and_happens_once() {
        let (mut conversation, mut seen) = (Conversation::new(SALT), Seen::default());
        let mut hear = |conversation: &mut Conversation, packet: &[u8]| {
            let calls = conversation.hear(packet, NOW, |session| seen.begins(session)).unwrap();
            (conversation.receive(calls, &mut seen), conversation.unsent())
        };
        let twice = container(&[(4, call(4).body), (4, call(4).body)]);
        let (calls, unsent) = hear(&mut conversation, &packet(SALT, 8, &twice));
        assert_eq!(calls, [call(4)]);
        let acknowledged =
            enums::MsgsAck::from(types::MsgsAck { msg_ids: vec![number(4), number(4)] }).to_bytes();
        assert_eq!(&unsent.last().unwrap()[HEADER_BYTES..], acknowledged);
        // By another connection of the same session, too, and not in another session.
        let mut other = Conversation::new(SALT);
        assert_eq!(hear(&mut other, &packet(SALT, 4, &call(4).body)).0, []);
        let mut another_session = packet(SALT, 4, &call(4).body);
        another_session[8] ^= 1;
        assert_eq!(hear(&mut other, &another_session).0, [Call { session: SESSION ^ 1, ..call(4) }]);
        let asked =
            enums::MsgsStateReq::from(types::MsgsStateReq { msg_ids: vec![number(4), number(8)] }).to_bytes();
        let (_, unsent) = hear(&mut conversation, &packet(SALT, 12, &asked));
        let state = types::MsgsStateInfo { req_msg_id: number(12), info: vec![RECEIVED, NOT_KNOWN] };
        assert_eq!(&unsent.last().unwrap()[HEADER_BYTES..], enums::MsgsStateInfo::from(state).to_bytes());
        // Not even a client without end is remembered without end.
        for id in (100..).step_by(4).take(REMEMBERED) {
            hear(&mut conversation, &packet(SALT, id, &call(id).body));
        }
        assert_eq!(hear(&mut conversation, &packet(SALT, 4, &call(4).body)).0, [call(4)]);
    }

    #[test]
    fn our_numbers_grow_and_say_what_they_are() {
        let mut conversation = Conversation::new(SALT);
        conversation.hear(&packet(SALT, 4, &call(4).body), NOW, |_| true).unwrap();
        conversation.answer(SESSION, 4, Err((400, "PEER_ID_INVALID")), NOW);
        conversation.answer(SESSION, 8, Ok(&[1, 2, 3, 4]), NOW);
        let ids: Vec<i64> =
            conversation.unsent().iter().map(|plain| i64::from_bytes(&plain[16..]).unwrap()).collect();
        assert_eq!(ids.iter().map(|id| id % 4).collect::<Vec<_>>(), [3, 1, 1]);
        assert!(ids.is_sorted() && ids[0] >> 32 == NOW / 1000);
    }

    #[test]
    fn all_that_is_zipped_in_a_packet_shares_one_limit() {
        let half = gzipped(&[call(0).body, vec![0; (MOST_UNZIPPED_BYTES / 2) as usize]].concat());
        let (heard, _) = hear(&packet(SALT, 12, &container(&[(4, half.clone())])));
        assert_eq!(heard.unwrap().len(), 1);
        let (heard, _) = hear(&packet(SALT, 12, &container(&[(4, half.clone()), (8, half)])));
        assert_eq!(heard.unwrap_err().0, "what is zipped cannot be unzipped");
    }

    #[test]
    fn what_breaks_the_rules_ends_the_connection() {
        let check = |body: &[u8], why: &str| assert_eq!(hear(&packet(SALT, 4, body)).0.unwrap_err().0, why);
        check(&container(&[(4, container(&[]))]), "it is packed too often");
        check(&gzipped(&gzipped(&call(4).body)), "it is packed too often");
        check(&container(&[(4, gzipped(&container(&[])))]), "it is packed too often");
        check(&(CONTAINER, 1021i32).to_words(), "no container holds so many");
        check(
            &[(CONTAINER, 1i32).to_words(), vec![0; 12], vec![8, 0, 0, 0]].concat(),
            "it is shorter than it says",
        );
        check(&gzipped(&vec![0; (MOST_UNZIPPED_BYTES + 4) as usize]), "what is zipped cannot be unzipped");
        check(&(GZIPPED, vec![1u8, 2, 3]).to_words(), "what is zipped cannot be unzipped");
        let mut long = packet(SALT, 4, &call(4).body);
        long.extend([0; 1024]);
        assert_eq!(hear(&long).0.unwrap_err().0, "its padding is longer or shorter than any");
    }

    proptest! {
        #[test]
        fn any_body_is_heard_without_harm(
            kind in prop_oneof![Just(CONTAINER), Just(GZIPPED), any::<u32>()],
            rest in proptest::collection::vec(any::<[u8; 4]>(), 0..60),
        ) {
            let _ = hear(&packet(SALT, 4, &[&kind.to_le_bytes()[..], &rest.concat()].concat()));
        }

        #[test]
        fn any_plain_text_is_heard_without_harm(plain in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = hear(&plain);
        }
    }
}

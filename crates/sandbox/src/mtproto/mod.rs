//! The MTProto door: Telegram as its apps speak to it, onto the same world. From a connection's bytes to frames, to a
//! key, to messages, to calls, and back.

mod conversation;
mod crypt;
pub(crate) mod frame;
mod handshake;
mod methods;
mod news;
mod objects;
mod offers;
mod password;
mod rsa;
mod sessions;
mod unwrap;

pub(crate) use sessions::Sessions;
use sessions::{Hold, Session};

use crate::faults::FaultKind;
use crate::hub::Hub;
use crate::world::{Entry, What, World};
use conversation::{Conversation, Seen};
use crypt::KeyId;
use fastrand::Rng;
use frame::Frames;
use grammers_tl_types::Serializable;
use handshake::Handshake;
use methods::{Asked, Call, Here, Refusal, Step, Who};
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use unwrap::Unwrapped;

/// The one data centre there is.
pub(crate) const DC: i32 = 2;
/// The code that is sent to every telephone, as on Telegram's own test servers: the data centre's number.
pub(crate) const CODE: &str = "22222";
/// The public half of the key that the exchange of keys begins with.
pub(crate) const PUBLIC_KEY: &str = rsa::PUBLIC_KEY;

/// Before a message that nobody sealed stand an empty key id, its number and its length.
const PLAIN_HEADER_BYTES: usize = 20;
/// So many calls of one connection may wait for something, all at once.
const MOST_WAITING: usize = 1024;
/// So many calls in a row that nobody can read are no client's.
const MOST_UNREADABLE: u32 = 100;
/// So long whoever connects may take to say something under a key.
const HANDSHAKE: Duration = Duration::from_secs(60);

/// Whether there is a method of this name, in any case.
pub(crate) fn has_method(name: &str) -> bool {
    methods::is_known(name)
}

/// What an opened packet of a client calls: the names of the methods, or why a call is refused at once. Nothing, if it
/// is no packet. This is the reading alone, as the door does it, for whoever wants to try it on packets of their own.
pub fn calls_in(plain: &[u8], now_milliseconds: i64) -> Option<Vec<Result<&'static str, String>>> {
    let salt = i64::from_le_bytes(plain.get(..8)?.try_into().ok()?);
    let (mut conversation, mut seen) = (Conversation::new(salt), Seen::default());
    let calls = conversation.hear(plain, now_milliseconds, |session| seen.begins(session)).ok()?;
    let name = |call: conversation::Call| {
        let asked = unwrap::unwrap(&call.body).and_then(|unwrapped| methods::read(unwrapped.body));
        asked.map(|asked| asked.name).map_err(|refused| refused.text.into_owned())
    };
    Some(conversation.receive(calls, &mut seen).into_iter().map(name).collect())
}

/// Serves every connection until it is dropped.
pub(crate) async fn serve(listener: TcpListener, hub: Arc<Hub>) {
    let Ok(address) = listener.local_addr() else { return };
    let here = Here { address, secret: hub.sessions.secret };
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let _ = stream.set_nodelay(true);
                    let chance = hub.turn(|world| world.chance.fork());
                    let connection = Connection::new(stream, Arc::clone(&hub), here, chance);
                    // Whatever ends a connection is the other side's business, or a fault that was staged.
                    connections.spawn(async { drop(connection.run().await) });
                }
                // Out of file descriptors: those that are open must end first.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// One client's connection. What goes over it is numbered by the host's time, as clients number theirs: one that moved
/// with the sandbox's clock would not be believed. Whatever is told of the world has the sandbox's time.
struct Connection {
    stream: TcpStream,
    hub: Arc<Hub>,
    here: Here,
    chance: Rng,
    frames: Frames,
    handshake: Handshake,
    conversation: Conversation,
    /// Whoever spoke last, and is told what happens.
    speaker: Option<KeyId>,
    /// When it ends, unless more is said until then.
    until: Option<Instant>,
    /// So many calls in a row could not be read.
    unreadable: u32,
    /// Calls that wait for something, beside the reading.
    waiting: JoinSet<Done>,
    /// When each of those ends, by session and number, for calls that are to come after one of them.
    ends: HashMap<(i64, i64), watch::Receiver<()>>,
}

/// A call that was carried out.
struct Done {
    key: KeyId,
    session: i64,
    call: i64,
    ending: Ending,
}

/// What comes of a call.
enum Ending {
    Answered(Result<Vec<u8>, Refusal>),
    /// It happens, and the connection ends after so many bytes of the answer.
    Cut(Result<Vec<u8>, Refusal>, usize),
    /// It happens, and the connection ends.
    Lost,
    /// Something is said that is no MTProto.
    Garbage,
}

impl Connection {
    fn new(stream: TcpStream, hub: Arc<Hub>, here: Here, chance: Rng) -> Self {
        let conversation = Conversation::new(hub.sessions.salt);
        Self {
            stream,
            hub,
            here,
            chance,
            frames: Frames::default(),
            handshake: Handshake::default(),
            conversation,
            speaker: None,
            until: Some(Instant::now() + HANDSHAKE),
            unreadable: 0,
            waiting: JoinSet::new(),
            ends: HashMap::new(),
        }
    }

    /// Serves it to its end. What was heard by then happens all the same, as long as there is a sandbox; whoever waits
    /// for a guard bot's word waits until that query is over.
    async fn run(mut self) -> io::Result<()> {
        let ended = self.serve().await;
        let Self { stream, mut waiting, .. } = self;
        drop(stream);
        while waiting.join_next().await.is_some() {}
        ended
    }

    async fn serve(&mut self) -> io::Result<()> {
        let mut bytes = vec![0; 16 << 10];
        let mut bell = self.hub.hear_news();
        loop {
            tokio::select! {
                // What came in time is heard, however late we are, and answers wait for nobody who goes on speaking.
                biased;
                Some(done) = self.waiting.join_next() => self.conclude(done.map_err(io::Error::other)?).await?,
                count = self.stream.read(&mut bytes) => {
                    let count = count?;
                    if count == 0 {
                        return Ok(());
                    }
                    self.frames.feed(&bytes[..count]);
                    while let Some(packet) = self.frames.next_packet().map_err(io::Error::other)? {
                        self.hear(&packet).await?;
                    }
                }
                Ok(()) = bell.changed(), if self.speaker.is_some() => self.tell().await?,
                () = reached(self.until) => return Ok(()),
            }
        }
    }

    /// Tells whoever listens here what happened without them.
    async fn tell(&mut self) -> io::Result<()> {
        let Some(id) = self.speaker else { return Ok(()) };
        let Some(key) = self.hub.sessions.key(id) else { return Ok(()) };
        let news = act(&self.hub, self.here, id, Entry::new(What::Call), methods::unasked);
        if let Ok(Some(updates)) = news {
            self.conversation.tell(&updates.to_bytes(), self.hub.clock.host_milliseconds());
            self.say(&key).await?;
        }
        Ok(())
    }

    async fn hear(&mut self, packet: &[u8]) -> io::Result<()> {
        let id: Option<KeyId> = packet.get(..8).and_then(|id| id.try_into().ok());
        match id {
            Some([0, 0, 0, 0, 0, 0, 0, 0]) => self.exchange_keys(packet).await,
            Some(id) => self.converse(id, packet).await,
            None => self.fail(404).await,
        }
    }

    /// The client and we come to a key.
    async fn exchange_keys(&mut self, packet: &[u8]) -> io::Result<()> {
        let now = self.hub.clock.host_milliseconds() / 1000;
        let message = packet.get(PLAIN_HEADER_BYTES..).unwrap_or_default();
        let (mut handshake, mut chance) = (std::mem::take(&mut self.handshake), self.chance.fork());
        let message = message.to_vec();
        // It raises numbers of 2048 bits to powers, and the doors stay open meanwhile.
        let work = move || (handshake.answer(&message, now, &mut chance), handshake);
        let (reply, handshake) = tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?;
        self.handshake = handshake;
        let Ok(reply) = reply else { return self.fail(404).await };
        if let Some(key) = reply.key {
            self.hub.sessions.remember(key);
        }
        let number = (now << 32) | 1;
        let length = u32::try_from(reply.message.len()).expect("a step of the exchange is short");
        let packet = [&[0; 8][..], &number.to_le_bytes(), &length.to_le_bytes(), &reply.message].concat();
        self.send(&packet).await
    }

    async fn converse(&mut self, id: KeyId, packet: &[u8]) -> io::Result<()> {
        let Some(key) = self.hub.sessions.key(id) else { return self.fail(404).await };
        let plain = key.open(packet).map_err(io::Error::other)?;
        let now = self.hub.clock.host_milliseconds();
        let sessions = &self.hub.sessions;
        let begins = |session| sessions.with_seen(id, |seen| seen.begins(session)).unwrap_or(false);
        let calls = self.conversation.hear(&plain, now, begins).map_err(io::Error::other)?;
        if self.speaker.is_none() {
            self.until = None;
        }
        if let Some(seconds) = self.conversation.leaves() {
            self.until = Some(Instant::now() + Duration::from_secs(seconds));
        }
        let new = self.hub.sessions.with_seen(id, |seen| self.conversation.receive(calls, seen));
        let calls = new.unwrap_or_default();
        self.say(&key).await?;
        self.speaker = Some(id);
        for call in calls {
            self.carry_out(id, call).await?;
        }
        Ok(())
    }

    /// Carries out a call at once, or as far as it goes at once; then it waits, and others go on. So those that wait
    /// for nothing happen in the order in which they came.
    async fn carry_out(&mut self, key: KeyId, call: conversation::Call) -> io::Result<()> {
        let conversation::Call { session, id: call, body } = call;
        let done = move |ending| Done { key, session, call, ending };
        let asked = read(&self.hub, key, &body);
        self.unreadable = if asked.is_ok() { 0 } else { self.unreadable + 1 };
        let (asked, struck) = match begin(&self.hub, key, asked) {
            Ok(begun) => begun,
            Err(_) if self.unreadable > MOST_UNREADABLE => {
                return Err(io::Error::other("the client says too much that nobody can read"));
            }
            Err(refused) => return self.conclude(done(Ending::Answered(Err(refused)))).await,
        };
        let earlier = asked.after.and_then(|earlier| self.ends.get(&(session, earlier)).cloned());
        let (hub, here, (ends, end)) = (Arc::clone(&self.hub), self.here, watch::channel(()));
        let mut carried_out = Box::pin(async move {
            // Dropped with this, which is the end of it.
            let _ends = ends;
            if let Some(mut earlier) = earlier {
                let _ = earlier.changed().await;
            }
            done(carry_out(&hub, here, key, asked, struck).await)
        });
        tokio::select! {
            biased;
            done = &mut carried_out => return self.conclude(done).await,
            () = std::future::ready(()) => {}
        }
        self.waiting.spawn(carried_out);
        self.ends.insert((session, call), end);
        if self.waiting.len() > MOST_WAITING {
            return Err(io::Error::other("the client waits for too many answers at once"));
        }
        Ok(())
    }

    /// Answers a call that was carried out.
    async fn conclude(&mut self, done: Done) -> io::Result<()> {
        let Done { key, session, call, ending } = done;
        self.ends.remove(&(session, call));
        let (result, cut) = match ending {
            Ending::Answered(result) => (result, None),
            Ending::Cut(result, bytes) => (result, Some(bytes)),
            Ending::Lost => return Err(staged("loses this answer")),
            Ending::Garbage => {
                self.stream.write_all(b"<html><head><title>502 Bad Gateway</title></head></html>").await?;
                return Err(staged("says something else"));
            }
        };
        let Some(key) = self.hub.sessions.key(key) else { return Ok(()) };
        let result = result.as_ref().map(Vec::as_slice);
        let result = result.map_err(|refused| (refused.code, &*refused.text));
        self.conversation.answer(session, call, result, self.hub.clock.host_milliseconds());
        if let Some(bytes) = cut {
            let sealed: Vec<_> = self.sealed(&key);
            let framed: Vec<u8> = sealed.iter().flat_map(|packet| self.frames.pack(packet)).collect();
            self.stream.write_all(&framed[..bytes.min(framed.len())]).await?;
            return Err(staged("cuts this answer"));
        }
        self.say(&key).await
    }

    /// Sends whatever is to be said.
    async fn say(&mut self, key: &crypt::Key) -> io::Result<()> {
        for packet in self.sealed(key) {
            self.send(&packet).await?;
        }
        Ok(())
    }

    fn sealed(&mut self, key: &crypt::Key) -> Vec<Vec<u8>> {
        let unsent = self.conversation.unsent();
        unsent.into_iter().map(|plain| key.seal(plain, &mut self.chance)).collect()
    }

    async fn send(&mut self, packet: &[u8]) -> io::Result<()> {
        let framed = self.frames.pack(packet);
        self.stream.write_all(&framed).await
    }

    /// Says why there is nothing more to say. The connection ends.
    async fn fail(&mut self, code: i32) -> io::Result<()> {
        let framed = self.frames.pack_error(code);
        self.stream.write_all(&framed).await?;
        Err(io::Error::other("the client was told that it cannot go on"))
    }
}

/// When this moment has come, if there is one.
async fn reached(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

fn staged(what: &str) -> io::Error {
    io::Error::other(format!("a staged fault {what}"))
}

/// Carries out one call, with the fault that is staged for it.
async fn carry_out(
    hub: &Hub,
    here: Here,
    key: KeyId,
    asked: Asked,
    struck: Option<(FaultKind, i64)>,
) -> Ending {
    let Some((fault, n)) = struck else { return Ending::Answered(run(hub, here, key, asked).await) };
    let (name, chat) = (asked.name, asked.chat.unwrap_or_default());
    let note = |said: &str| {
        hub.turn(|world| world.note(Entry::new(What::Fault).method(name).chat(chat).error(said)));
    };
    let refuse = |refused: Refusal| {
        note(&refused.text);
        Ending::Answered(Err(refused))
    };
    match fault {
        FaultKind::TooMany | FaultKind::Flood => {
            hub.sessions.hold(key, Hold::new(name, asked.chat, n, &hub.clock));
            refuse(Refusal::flood(n))
        }
        FaultKind::ServerError => {
            refuse(Refusal::new(i32::try_from(n).unwrap_or(500), "INTERNAL_SERVER_ERROR"))
        }
        FaultKind::Refusal(text) => {
            let word = text.strip_prefix("Bad Request: ").unwrap_or(&text).to_owned();
            refuse(Refusal::new(i32::try_from(n).unwrap_or(400), word))
        }
        FaultKind::Html => {
            note("something else");
            Ending::Garbage
        }
        FaultKind::Latency => {
            note("late");
            tokio::time::sleep(Duration::from_millis(n.unsigned_abs())).await;
            Ending::Answered(run(hub, here, key, asked).await)
        }
        FaultKind::Cut => {
            let result = run(hub, here, key, asked).await;
            note("answer cut");
            Ending::Cut(result, usize::try_from(n).unwrap_or(0))
        }
        FaultKind::Lost => {
            drop(run(hub, here, key, asked).await);
            note("answer lost");
            Ending::Lost
        }
    }
}

/// A call that may be carried out, and what is staged for it.
fn begin(
    hub: &Hub,
    key: KeyId,
    asked: Result<Asked, Refusal>,
) -> Result<(Asked, Option<(FaultKind, i64)>), Refusal> {
    let refuse = |entry: Entry, refused: Refusal| {
        hub.turn(|world| world.note(entry.error(&refused.text)));
        refused
    };
    let asked = asked.map_err(|refused| refuse(Entry::new(What::Call), refused))?;
    let allowed = hub.sessions.with(key, |session, _| hub.turn(|world| may_call(world, session, asked.who)));
    let allowed = allowed.unwrap_or_else(|| Err(Refusal::new(401, "AUTH_KEY_UNREGISTERED")));
    allowed.map_err(|refused| refuse(asked.entry(), refused))?;
    if let Some(left) = hub.sessions.early(key, asked.name, asked.chat, &hub.clock) {
        let entry = Entry::new(What::Early).method(asked.name).chat(asked.chat.unwrap_or_default());
        return Err(refuse(entry, Refusal::flood(left)));
    }
    let struck = hub.faults.strike(asked.name, || asked.chat);
    Ok((asked, struck))
}

fn read(hub: &Hub, key: KeyId, body: &[u8]) -> Result<Asked, Refusal> {
    let Unwrapped { body, begins, listens, after } = unwrap::unwrap(body)?;
    admit(hub, key, begins)?;
    Ok(Asked { listens, after, ..methods::read(body)? })
}

/// Whoever speaks for the first time says first how. `begins`: this call says it.
fn admit(hub: &Hub, key: KeyId, begins: bool) -> Result<(), Refusal> {
    let is_begun = hub.sessions.with(key, |session, _| {
        session.is_begun |= begins;
        session.is_begun
    });
    if is_begun == Some(true) { Ok(()) } else { Err(Refusal::new(400, "CONNECTION_NOT_INITED")) }
}

fn may_call(world: &World, session: &Session, who: Who) -> Result<(), Refusal> {
    let Session { user, is_revoked, .. } = *session;
    let account = user.and_then(|user| world.account(user));
    let (is_bot, is_deleted) = (account.is_some_and(|it| it.is_bot), account.is_some_and(|it| it.is_deleted));
    match (who, user) {
        (Who::Anybody, _) => Ok(()),
        _ if is_revoked => Err(Refusal::new(401, "SESSION_REVOKED")),
        (_, None) => Err(Refusal::new(401, "AUTH_KEY_UNREGISTERED")),
        _ if is_deleted => Err(Refusal::new(401, "USER_DEACTIVATED")),
        (Who::People, Some(_)) if is_bot => Err(Refusal::new(400, "BOT_METHOD_INVALID")),
        (Who::Accounts | Who::People, Some(_)) => Ok(()),
    }
}

/// What a call does and what the ledger says of it are one. Where a guard bot was asked, its first word is waited for.
async fn run(hub: &Hub, here: Here, key: KeyId, asked: Asked) -> Result<Vec<u8>, Refusal> {
    let mut bell = hub.listen();
    let mut entry = asked.entry();
    let mut run = asked.run;
    let (result, query) = loop {
        let carried_out = act(hub, here, key, entry, |call| {
            if asked.listens && call.session.user.is_some() {
                call.session.told.get_or_insert(call.since);
            }
            // Since the call was heard, whoever makes it may have been logged out.
            let result = may_call(call.world, call.session, asked.who).and_then(|()| run(call));
            let entry = call.entry.clone();
            match &result {
                Ok(Step::Works(_)) => {}
                Ok(Step::Returned(_)) => call.world.note(entry.clone()),
                Err(refused) => call.world.note(entry.clone().error(&refused.text)),
            }
            (result, call.guarded.take(), entry)
        })?;
        match carried_out {
            (Ok(Step::Works(work)), _, so_far) => {
                let worked = tokio::task::spawn_blocking(|| work.do_it()).await;
                run = worked.map_err(|_| Refusal::new(500, "INTERNAL_SERVER_ERROR"))?;
                entry = so_far;
            }
            (Ok(Step::Returned(returned)), query, _) => break (Ok(returned), query),
            (Err(refused), query, _) => break (Err(refused), query),
        }
    };
    let Some(query) = query else { return result };
    loop {
        bell.mark_unchanged();
        let verdict = act(hub, here, key, Entry::new(What::Call), |call| {
            match may_call(call.world, call.session, asked.who) {
                Ok(()) => methods::verdict(call, &query),
                Err(refused) => Some(Err(refused)),
            }
        })?;
        match verdict {
            Some(verdict) => return verdict,
            None => hub.wait(&mut bell, None).await,
        }
    }
}

/// Does something for whoever has this key, with the session and the world held.
fn act<T>(
    hub: &Hub,
    here: Here,
    key: KeyId,
    entry: Entry,
    act: impl FnOnce(&mut Call) -> T,
) -> Result<T, Refusal> {
    let done = hub.sessions.with(key, |session, offers| {
        hub.turn(|world| {
            let since = session.user.map(|user| world.listen(user)).unwrap_or_default();
            act(&mut Call { world, session, offers, here, entry, since, guarded: None })
        })
    });
    done.ok_or_else(|| Refusal::new(401, "AUTH_KEY_UNREGISTERED"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use grammers_tl_types::functions;

    #[test]
    fn calls_are_read_by_their_names() {
        let packet = |body: &[u8]| {
            let length = u32::try_from(body.len()).unwrap();
            [&[0; 28][..], &length.to_le_bytes(), body, &[0; 12]].concat()
        };
        let known = functions::help::GetConfig {}.to_bytes();
        assert_eq!(calls_in(&packet(&known), 0), Some(vec![Ok("help.getConfig")]));
        assert_eq!(calls_in(&packet(&[7; 4]), 0), Some(vec![Err("METHOD_INVALID".to_owned())]));
        assert_eq!(calls_in(&packet(&known), 600_000), Some(Vec::new()));
        assert_eq!(calls_in(&known, 0), None);
    }

    #[test]
    fn a_bot_is_refused_what_only_people_may_do() {
        let of = |who| methods::table().filter(move |(_, it)| *it == who).map(|(name, _)| name);
        let people: Vec<_> = of(Who::People).collect();
        for name in [
            "messages.getExportedChatInvites",
            "messages.getExportedChatInvite",
            "messages.deleteExportedChatInvite",
            "messages.deleteRevokedExportedChatInvites",
            "messages.getAdminsWithInvites",
            "messages.getChatInviteImporters",
            "messages.hideAllChatJoinRequests",
            "messages.checkChatInvite",
            "messages.importChatInvite",
        ] {
            assert!(people.contains(&name), "{name}");
        }
        let accounts: Vec<_> = of(Who::Accounts).collect();
        for name in
            ["messages.exportChatInvite", "messages.editExportedChatInvite", "messages.hideChatJoinRequest"]
        {
            assert!(accounts.contains(&name), "{name}");
        }
        assert!(has_method("MESSAGES.EXPORTCHATINVITE") && !has_method("messages.sendMessage"));
    }
}

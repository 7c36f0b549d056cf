//! Lists through a person's account, beside the bare library walking the same pages: 10,000 links and 100,000 people
//! who came by one of them. And what a list weighs in memory, and approvals that Telegram holds up.

use crate::admit::Admit;
use crate::measure::{self, Round, memory};
use crate::report::{Bar, Report};
use crate::sandbox::Sandbox;
use futures_util::{StreamExt, TryStreamExt, stream};
use grammers_mtsender::{ConnectionParams, NoRetries, SenderPool, SenderPoolHandle};
use grammers_session::SessionData;
use grammers_session::storages::MemorySession;
use grammers_session::types::DcOption;
use grammers_tl_types::{enums, functions, types};
use links::{Chat, ChatId, LinkFilter, LinkUrl, Links, MemberFilter, Terms, Verdict};
use std::net::SocketAddrV6;
use std::sync::Arc;
use telegram::mtproto::{Client, Session, Settings};

const LINKS: u32 = 10_000;
const PEOPLE: u32 = 100_000;
const WAITING: u32 = 1_000;
const ROUNDS: usize = 5;
/// So many calls at once while the world is filled.
const AT_ONCE: usize = 32;
/// After so many approvals Telegram has had enough for so long, ten times.
const HELD_UP_EVERY: u32 = 100;
const WAIT_SECONDS: u32 = 2;
const PAGE: i32 = 100;
const MIB: f64 = 1_048_576.0;

pub(crate) fn run(report: &mut Report) {
    let admit = Admit::build();
    let (runtime, sandbox) = (measure::runtime(), Sandbox::start(&admit));
    runtime.block_on(async {
        let session = sandbox.session();
        let (ours, bare) = (Client::connect(&session, &Settings::new(1)), Bare::connect(&session));
        let chat: Chat = ChatId::new(sandbox.chat).expect("the sandbox numbers it").into();
        let door = fill(&sandbox, &ours, &chat).await;
        let peer = bare.peer().await;
        // First, for what was held once may be used again.
        weight(report, &ours, &chat).await;
        speed(report, &ours, &bare, &chat, &peer, &door).await;
        approvals(report, &sandbox, &ours, &chat).await;
    });
}

/// Ten thousand links, and a hundred thousand people who came by the last of them.
async fn fill(sandbox: &Sandbox, ours: &Client, chat: &Chat) -> LinkUrl {
    let terms = Terms::open();
    let made = stream::iter(0..LINKS).map(|_| ours.create(chat, &terms)).buffered(AT_ONCE);
    let links: Vec<_> = made.try_collect().await.expect("the sandbox makes links");
    let door = links.into_iter().next_back().expect("there are ten thousand").url;
    sandbox.people(PEOPLE, AT_ONCE, door.as_str()).await;
    door
}

async fn speed(
    report: &mut Report,
    ours: &Client,
    bare: &Bare,
    chat: &Chat,
    peer: &enums::InputPeer,
    door: &LinkUrl,
) {
    let (mut links, mut people) = (Vec::new(), Vec::new());
    let by_door = MemberFilter { link: Some(door.clone()), ..MemberFilter::default() };
    for _ in 0..=ROUNDS {
        let floor = measured(LINKS, bare.links(peer)).await;
        links.push((floor, measured(LINKS, ours.list(chat, &LinkFilter::default()).count()).await));
        let floor = measured(PEOPLE, bare.people(peer, door)).await;
        people.push((floor, measured(PEOPLE, ours.members(chat, &by_door).count()).await));
    }
    links.remove(0);
    people.remove(0);
    report.row(format_args!(
        "session: lists of {LINKS} links and of {PEOPLE} people, medians of {ROUNDS} rounds"
    ));
    report.ratio("links/s", measure::per_second(&links), "", Bar::AtLeast(0.80));
    report.ratio("people/s", measure::per_second(&people), "", Bar::AtLeast(0.80));
}

/// Times a walk that must come by so many.
async fn measured(expected: u32, walk: impl Future<Output = usize>) -> Round {
    let begun = std::time::Instant::now();
    let seen = walk.await;
    assert_eq!(seen, expected as usize, "a list is whole");
    Round { per_second: f64::from(expected) / begun.elapsed().as_secs_f64(), micros_per_call: None }
}

/// What is held more at the end of a list of everybody than after its first fifth. By then the allocator has what a list
/// takes: it comes by huge pages, two MiB at once.
async fn weight(report: &mut Report, ours: &Client, chat: &Chat) {
    let held = || memory(std::process::id(), "VmRSS");
    let everybody = MemberFilter::default();
    let mut people = ours.members(chat, &everybody);
    let mut early = None;
    let mut seen = 0;
    while people.try_next().await.expect("the sandbox tells").is_some() {
        seen += 1;
        if seen == PEOPLE / 5 {
            early = held();
        }
    }
    match early.zip(held()) {
        Some((early, late)) => {
            report.size("memory that grew with the list", (late - early) / MIB, "MiB", Bar::AtMost(1.0));
        }
        None => report.aside("memory: not told by this system"),
    }
}

/// A thousand approvals, ten of which Telegram wants held back for a second.
async fn approvals(report: &mut Report, sandbox: &Sandbox, ours: &Client, chat: &Chat) {
    const METHOD: &str = "messages.hideChatJoinRequest";
    let asking = ours.create(chat, &Terms::by_request()).await.expect("the sandbox makes links").url;
    let people = sandbox.people(WAITING, AT_ONCE, asking.as_str()).await;
    for (done, person) in (0..).zip(people) {
        if done % HELD_UP_EVERY == 0 {
            sandbox.stage(METHOD, "flood", WAIT_SECONDS, 1).await;
        }
        ours.decide(chat, person, Verdict::Approve).await.expect("whoever waits is let in");
    }
    let calls = sandbox.calls(METHOD).await;
    let early = calls
        .windows(2)
        .filter(|pair| pair[0].error.is_some() && pair[1].at < pair[0].at + i64::from(WAIT_SECONDS));
    report.size("approvals", f64::from(WAITING), "", Bar::AtLeast(f64::from(WAITING)));
    let held_up = calls.iter().filter(|call| call.error.is_some()).count();
    assert_eq!(held_up, (WAITING / HELD_UP_EVERY) as usize, "each wait is asked for once");
    report.aside(format_args!("{held_up} of them were held up for {WAIT_SECONDS} s"));
    report.size("calls before their time", early.count() as f64, "", Bar::AtMost(0.0));
}

/// The library with nothing around it.
struct Bare {
    sender: SenderPoolHandle,
    dc_id: i32,
}

impl Bare {
    fn connect(session: &Session) -> Self {
        let ipv6 = SocketAddrV6::new(session.address.ip().to_ipv6_mapped(), session.address.port(), 0, 0);
        let auth_key = Some(*session.auth_key.reveal());
        let home = DcOption { id: session.dc_id, ipv4: session.address, ipv6, auth_key };
        let mut data = SessionData { home_dc: session.dc_id, ..SessionData::default() };
        data.dc_options.insert(session.dc_id, home);
        let parameters =
            ConnectionParams { retry_policy: Box::new(NoRetries), ..ConnectionParams::default() };
        let pool = SenderPool::with_configuration(Arc::new(MemorySession::from(data)), 1, parameters);
        tokio::spawn(pool.runner.run());
        Self { sender: pool.handle.thin, dc_id: session.dc_id }
    }

    async fn call<R: grammers_tl_types::RemoteCall>(&self, request: R) -> R::Return {
        self.sender.invoke_in_dc(self.dc_id, &request).await.expect("the sandbox answers")
    }

    /// The one chat of the account.
    async fn peer(&self) -> enums::InputPeer {
        let request = functions::messages::GetDialogs {
            exclude_pinned: false,
            folder_id: None,
            offset_date: 0,
            offset_id: 0,
            offset_peer: enums::InputPeer::Empty,
            limit: 1,
            hash: 0,
        };
        match self.call(request).await {
            enums::messages::Dialogs::Slice(page) => match &page.chats[..] {
                [enums::Chat::Channel(it)] => types::InputPeerChannel {
                    channel_id: it.id,
                    access_hash: it.access_hash.expect("its members are told"),
                }
                .into(),
                _ => panic!("the sandbox's chat is a supergroup"),
            },
            _ => panic!("the sandbox answers with a slice"),
        }
    }

    async fn links(&self, peer: &enums::InputPeer) -> usize {
        let (mut after, mut seen) = (None, 0);
        loop {
            let (offset_date, offset_link) = Option::unzip(after);
            let enums::messages::ExportedChatInvites::Invites(page) = self
                .call(functions::messages::GetExportedChatInvites {
                    revoked: false,
                    peer: peer.clone(),
                    admin_id: enums::InputUser::UserSelf,
                    offset_date,
                    offset_link,
                    limit: PAGE,
                })
                .await;
            seen += page.invites.len();
            after = match page.invites.into_iter().next_back() {
                Some(enums::ExportedChatInvite::ChatInviteExported(last)) => Some((last.date, last.link)),
                _ => return seen,
            };
        }
    }

    async fn people(&self, peer: &enums::InputPeer, door: &LinkUrl) -> usize {
        let (mut offset_date, mut offset_user, mut seen) = (0, enums::InputUser::Empty, 0);
        loop {
            let enums::messages::ChatInviteImporters::Importers(page) = self
                .call(functions::messages::GetChatInviteImporters {
                    requested: false,
                    subscription_expired: false,
                    peer: peer.clone(),
                    link: Some(door.as_str().to_owned()),
                    q: None,
                    offset_date,
                    offset_user,
                    limit: PAGE,
                })
                .await;
            seen += page.importers.len();
            let Some(enums::ChatInviteImporter::Importer(last)) = page.importers.last() else { return seen };
            offset_date = last.date;
            let hash = page.users.iter().find_map(|user| match user {
                enums::User::User(it) if it.id == last.user_id => it.access_hash,
                _ => None,
            });
            let access_hash = hash.expect("the sandbox tells it");
            offset_user = types::InputUser { user_id: last.user_id, access_hash }.into();
        }
    }
}

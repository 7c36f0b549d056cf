//! The methods: which there are, who may call them, and how each is carried out. Those that belong together stand in
//! one file below.

mod call;
mod chats;
mod itself;
mod links;
mod login;
mod requests;
mod tokens;
mod updates;

pub(super) use call::{Call, Here, Refusal};
pub(super) use links::verdict;
pub(super) use updates::unasked;

use crate::world::{Entry, What};
use call::Outcome;
use grammers_tl_types::enums::InputPeer;
use grammers_tl_types::functions::{self, account, auth, channels, contacts, help, messages, users};
use grammers_tl_types::{Cursor, Deserializable, Identifiable, RemoteCall, Serializable, name_for_id};

/// A method, before anybody calls it.
struct Method {
    id: u32,
    who: Who,
    read: fn(&mut Cursor, Who) -> Result<Asked, Refusal>,
}

/// Who may call a method.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Who {
    /// Whoever has a key.
    Anybody,
    /// Whoever is logged in.
    Accounts,
    /// People who are logged in.
    People,
}

/// A method that is called.
pub(super) struct Asked {
    pub(super) name: &'static str,
    pub(super) who: Who,
    /// The chat it is about, as bots number chats.
    pub(super) chat: Option<i64>,
    /// Whoever calls it wants to be told what happens.
    pub(super) listens: bool,
    /// The number of the call it is to come after.
    pub(super) after: Option<i64>,
    pub(super) run: Run,
}

impl Asked {
    /// The line of the ledger it begins with.
    pub(super) fn entry(&self) -> Entry {
        Entry::new(What::Call).method(self.name).chat(self.chat.unwrap_or_default())
    }
}

/// Carries a call out, and writes what it returned as it goes out.
type Run = Box<dyn FnOnce(&mut Call) -> Result<Step, Refusal> + Send>;

/// How far a call has come.
pub(super) enum Step {
    Returned(Vec<u8>),
    Works(Work),
}

/// Something that takes long, so that nothing may be held meanwhile, and what is done with it then.
pub(super) struct Work(Box<dyn FnOnce() -> Run + Send>);

impl Work {
    fn new<T: 'static + Send, R: Serializable>(
        work: impl FnOnce() -> T + Send + 'static,
        then: impl FnOnce(&mut Call, T) -> Outcome<R> + Send + 'static,
    ) -> Self {
        Self(Box::new(move || {
            let worked_out = work();
            Box::new(move |call| then(call, worked_out).map(|returned| Step::Returned(returned.to_bytes())))
        }))
    }

    pub(super) fn do_it(self) -> Run {
        (self.0)()
    }
}

macro_rules! methods {
    (
        [$($for:ident: $long:ty => $work:path;)*]
        $($who:ident: $request:ty $(, in $peer:ident)? => $run:path;)*
    ) => {
        static METHODS: &[Method] = &[
            $(Method {
                id: <$long as Identifiable>::CONSTRUCTOR_ID,
                who: Who::$for,
                read: |cursor, who| asked::<$long>(cursor, who, |_| None, |call, request| {
                    $work(call, request).map(Step::Works)
                }),
            },)*
            $(Method {
                id: <$request as Identifiable>::CONSTRUCTOR_ID,
                who: Who::$who,
                read: |cursor, who| asked::<$request>(
                    cursor,
                    who,
                    |it| methods!(@peer it $($peer)?),
                    |call, request| $run(call, request).map(|it| Step::Returned(it.to_bytes())),
                ),
            },)*
        ];
    };
    (@peer $it:ident) => {{
        let _ = $it;
        None
    }};
    (@peer $it:ident $peer:ident) => { Some(&$it.$peer) };
}

methods! {
    // These raise numbers of 2048 bits to powers.
    [
        Anybody: account::GetPassword => login::get_password;
        Anybody: auth::CheckPassword => login::check_password;
    ]
    Anybody: help::GetConfig => itself::get_config;
    Accounts: functions::updates::GetState => updates::get_state;
    Accounts: functions::updates::GetDifference => updates::get_difference;
    Accounts: users::GetUsers => itself::get_users;
    Accounts: users::GetFullUser => itself::get_full_user;
    Anybody: auth::SendCode => login::send_code;
    Anybody: auth::ResendCode => login::resend_code;
    Anybody: auth::CancelCode => login::cancel_code;
    Anybody: auth::SignIn => login::sign_in;
    Anybody: auth::ExportLoginToken => tokens::export;
    Anybody: auth::ImportLoginToken => tokens::import;
    People: auth::AcceptLoginToken => tokens::accept;
    Anybody: auth::ImportBotAuthorization => login::import_bot_authorization;
    Accounts: auth::LogOut => login::log_out;
    Accounts: contacts::ResolveUsername => chats::resolve_username;
    People: messages::GetDialogs => chats::get_dialogs;
    Accounts: messages::GetChats => chats::get_chats;
    Accounts: messages::GetFullChat => chats::get_full_chat;
    Accounts: channels::GetChannels => chats::get_channels;
    Accounts: channels::GetFullChannel => chats::get_full_channel;
    Accounts: messages::ExportChatInvite, in peer => links::export;
    Accounts: messages::EditExportedChatInvite, in peer => links::edit;
    People: messages::GetExportedChatInvites, in peer => links::list;
    People: messages::GetExportedChatInvite, in peer => links::show;
    People: messages::DeleteExportedChatInvite, in peer => links::delete;
    People: messages::DeleteRevokedExportedChatInvites, in peer => links::delete_revoked;
    People: messages::GetAdminsWithInvites, in peer => links::admins;
    People: messages::CheckChatInvite => links::check;
    People: messages::ImportChatInvite => links::import;
    People: messages::GetChatInviteImporters, in peer => requests::importers;
    Accounts: messages::HideChatJoinRequest, in peer => requests::decide;
    People: messages::HideAllChatJoinRequests, in peer => requests::decide_all;
}

/// Whether there is a method of this name, in any case.
pub(super) fn is_known(name: &str) -> bool {
    METHODS.iter().any(|method| name_for_id(method.id).eq_ignore_ascii_case(name))
}

/// Who may call a method, by its name.
#[cfg(test)]
pub(super) fn table() -> impl Iterator<Item = (&'static str, Who)> {
    METHODS.iter().map(|method| (name_for_id(method.id), method.who))
}

/// Reads a call, its wrappers taken off.
pub(super) fn read(body: &[u8]) -> Result<Asked, Refusal> {
    let mut cursor = Cursor::from_slice(body);
    let id = u32::deserialize(&mut cursor).map_err(|_| Refusal::unreadable())?;
    match METHODS.iter().find(|method| method.id == id) {
        Some(method) => (method.read)(&mut cursor, method.who),
        None => Err(Refusal::new(400, "METHOD_INVALID")),
    }
}

fn asked<R>(
    cursor: &mut Cursor,
    who: Who,
    peer: fn(&R) -> Option<&InputPeer>,
    run: fn(&mut Call, R) -> Outcome<Step>,
) -> Result<Asked, Refusal>
where
    R: RemoteCall + Deserializable + Identifiable + Send + 'static,
{
    let request = R::deserialize(cursor).map_err(|_| Refusal::unreadable())?;
    let chat = peer(&request).and_then(call::number);
    let run = move |call: &mut Call| run(call, request);
    Ok(Asked {
        name: name_for_id(R::CONSTRUCTOR_ID),
        who,
        chat,
        listens: true,
        after: None,
        run: Box::new(run),
    })
}

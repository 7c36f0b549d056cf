//! Whose links are meant: our own, one administrator's, or everybody's.

use crate::failure::{Doing, Failure};
use clap::Args;
use futures_util::TryStreamExt;
use links::{AdminLinks, Chat, Links, NotAUser, UserId};
use std::str::FromStr;

#[derive(Args, Debug)]
pub(super) struct Whose {
    /// Of this administrator: the user id, or `me`, which it is anyway.
    #[arg(long, value_name = "ID", conflicts_with = "all_admins", allow_hyphen_values = true)]
    pub(super) admin: Option<Admin>,
    /// Of every administrator, one after the other; it takes the account of the chat's owner.
    #[arg(long)]
    pub(super) all_admins: bool,
}

/// One administrator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Admin {
    Me,
    Other(UserId),
}

impl FromStr for Admin {
    type Err = NotAUser;

    fn from_str(text: &str) -> Result<Self, NotAUser> {
        if text == "me" { Ok(Self::Me) } else { text.parse().map(Self::Other) }
    }
}

impl Whose {
    /// The one administrator that is meant, unless it is ourselves.
    pub(super) fn other(&self) -> Option<UserId> {
        match self.admin {
            Some(Admin::Other(id)) => Some(id),
            Some(Admin::Me) | None => None,
        }
    }

    /// Whether nobody else's links are meant.
    fn is_only_me(&self) -> bool {
        !self.all_admins && self.other().is_none()
    }

    /// What is refused to others than the owner says so.
    pub(super) fn told<T>(&self, done: Result<T, Failure>) -> Result<T, Failure> {
        if self.is_only_me() { done } else { done.map_err(Failure::of_owners) }
    }

    /// Each that is meant, for a filter of links.
    pub(super) async fn each(&self, links: &dyn Links, chat: &Chat) -> Result<Vec<Option<UserId>>, Failure> {
        if !self.all_admins {
            return Ok(vec![self.other()]);
        }
        Ok(everybody(links, chat).await?.into_iter().map(|admin| Some(admin.admin.id)).collect())
    }
}

/// Every administrator of a chat. They are few: Telegram allows fifty.
pub(super) async fn everybody(links: &dyn Links, chat: &Chat) -> Result<Vec<AdminLinks>, Failure> {
    let admins = links.admins(chat).try_collect().await;
    admins.doing(|| format!("list the administrators of {chat}")).map_err(Failure::of_owners)
}

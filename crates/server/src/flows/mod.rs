//! The product in short files: load, decide, commit. They know neither HTTP nor SQL.

pub(crate) mod answer;
pub(crate) mod chats;
pub(crate) mod confirm;
pub(crate) mod doubts;
pub(crate) mod errands;
pub(crate) mod hear;
pub(crate) mod import;
pub(crate) mod make;
pub(crate) mod patience;
pub(crate) mod presence;
pub(crate) mod reconcile;
pub(crate) mod reissue;
pub(crate) mod revoke;
pub(crate) mod strangers;

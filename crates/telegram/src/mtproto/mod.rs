//! MTProto: Telegram as its apps speak to it, with the account of a person.

mod client;
mod dialogs;
mod error;
mod line;
pub mod links;
mod lists;
mod login;
mod objects;
mod peers;
mod session;
mod token;

pub use client::Client;
pub use error::{NeverMet, Said};
pub use links::Joined;
pub use login::{CodeSent, SignedIn, WRONG_CODE, WRONG_PASSWORD};
pub use session::{AuthKey, NotAKey, Session, Settings};
pub use token::{LoginStep, LoginToken};

//! Any spelling of an invite link, to its hash; or why it is none.
pub struct Parser;
pub struct NotALink;
pub fn parse() {}

//! What both backends say alike.

use links::{Error, Kind, LinkUrl, Result};

/// Telegram shows links of other administrators without their tails; they can be neither named nor changed.
pub(crate) fn nameable(link: &LinkUrl) -> Result<()> {
    if link.is_truncated() { Err(Error::new(Kind::NotOurLink)) } else { Ok(()) }
}

/// What was carried out but cannot be read must not be reported as if nothing had happened: a link would be made
/// again, or revoked for ever.
pub(crate) fn done_but_unread(why: Error) -> Error {
    Error::because(Kind::OutcomeUnknown, why)
}

/// Telegram's own rules are broken by what it answered.
pub(crate) fn odd(why: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::because(Kind::BrokenAnswer, why)
}

/// Nobody knows whether it was carried out, whatever else went wrong.
pub(crate) fn unknown(why: Error) -> Error {
    match why.kind() {
        Kind::OutcomeUnknown => why,
        _ => Error::because(Kind::OutcomeUnknown, why),
    }
}

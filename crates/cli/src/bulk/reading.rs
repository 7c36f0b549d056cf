//! The lines of a batch as terms, all of them checked before anything is sent, and the fingerprint of it all.

use super::input::{Input, ToRead};
use super::run::Job;
use crate::commands::Context;
use crate::commands::links::{Typed, request, terms};
use crate::failure::{Failure, Usage};
use jiff::Timestamp;
use links::Terms;
use telegram::bot_api::methods::{CreateChatInviteLink, Method};

/// The input with what is needed to understand it.
pub(super) struct Reading<'a> {
    pub(super) job: &'a Job,
    pub(super) input: &'a Input,
    /// When the batch was begun; lengths of time count from here.
    pub(super) started: Timestamp,
    pub(super) now: Timestamp,
}

impl Reading<'_> {
    /// The lines as terms. A line that makes no sense ends it.
    pub(super) fn terms(&self) -> Result<Box<dyn Iterator<Item = Result<Terms, Failure>> + '_>, Failure> {
        match self.input {
            Input::Count { count, defaults } => {
                let terms = self.understand(defaults)?;
                Ok(Box::new((0..*count).map(move |_| Ok(terms.clone()))))
            }
            Input::Read(lines) => Ok(Box::new(self.lines(lines)?.map(|line| Ok(line?.1)))),
        }
    }

    fn lines<'a>(
        &'a self,
        lines: &'a ToRead,
    ) -> Result<impl Iterator<Item = Result<(Typed, Terms), Failure>> + 'a, Failure> {
        Ok(lines.lines()?.map(|line| {
            let (number, typed) = line?;
            let terms = self.understand(&typed).map_err(|why| why.at(&lines.place(number)))?;
            Ok((typed, terms))
        }))
    }

    fn understand(&self, typed: &Typed) -> Result<Terms, Usage> {
        let terms = terms(typed, self.job.zone.as_ref(), self.started)?;
        match (terms.expires_at, &typed.expire) {
            (Some(at), Some(text)) if at.at().get() <= self.now.as_second() => {
                let rule = format!("the batch was begun at {}, and this is over since", self.started);
                Err(Usage::flag("--expire", text, rule, "another `--out`, which begins anew"))
            }
            _ => Ok(terms),
        }
    }

    /// Reads everything once: nothing is sent before every line makes sense.
    pub(super) fn check(&self) -> Result<(u64, Digest), Failure> {
        let zone = self.job.zone.as_ref().and_then(|zone| zone.iana_name()).unwrap_or_default();
        let mut digest = Digest::new().and(&self.job.chat.to_string()).and(zone);
        let mut total = 0;
        let lines = match self.input {
            Input::Count { count, defaults } => {
                self.understand(defaults)?;
                return Ok((*count, digest.and_typed(defaults)));
            }
            Input::Read(lines) => lines,
        };
        for line in self.lines(lines)? {
            digest = digest.and_typed(&line?.0);
            total += 1;
        }
        if total == 0 {
            let example = "`{\"name\":\"Ann\"}`, or `name` and names below it";
            return Err(Usage::new("`--from`", "there is no line in it", example).into());
        }
        Ok((total, digest))
    }

    pub(super) fn rehearse(&self, ctx: &Context<'_>) -> Result<(), Failure> {
        self.terms()?
            .try_for_each(|line| ctx.rehearse(CreateChatInviteLink::NAME, &request(&self.job.chat, &line?)))
    }
}

/// A fingerprint that tells one input from another; FNV-1a, for nobody here is an enemy.
#[derive(Clone, Copy)]
pub(super) struct Digest(u64);

impl Digest {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(super) fn and(self, text: &str) -> Self {
        // A byte that no text has keeps neighbours apart.
        let bytes = text.bytes().chain([0xff]);
        Self(bytes.fold(self.0, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)))
    }

    fn and_typed(self, typed: &Typed) -> Self {
        let text = |field: &Option<String>| field.as_ref().map_or("-".to_owned(), |text| format!("+{text}"));
        let Typed { name, limit, expire, request } = typed;
        self.and(&text(name)).and(&text(limit)).and(&text(expire)).and(if *request { "r" } else { "i" })
    }

    pub(super) fn hex(self) -> String {
        format!("{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_tells_neighbours_apart() {
        let digest = |name: &str, limit: &str| {
            let typed = Typed { name: Some(name.into()), limit: Some(limit.into()), ..Typed::default() };
            Digest::new().and_typed(&typed).hex()
        };
        assert_eq!(digest("a", "1"), digest("a", "1"));
        assert_ne!(digest("a", "1"), digest("a1", ""));
        assert_ne!(Digest::new().and_typed(&Typed::default()).hex(), digest("", ""));
        assert_eq!(digest("a", "1").len(), 16);
    }
}

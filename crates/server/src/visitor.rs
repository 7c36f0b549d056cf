//! How a visitor is known again: by the form until the first answer, by a cookie from then on.
//!
//! Neither is remembered here. The form's token says for whom it was rendered and when; looking at a page leaves no
//! trace, and the first answer, sent once or sixty-four times, is one and the same visitor's.

use crate::sign::{Purpose, Signer};
use axum::http::{HeaderMap, header};
use links::{UnixTime, UserId};
use store::{GateId, Visitor};

/// How long a form can be answered. After that it comes back with a new token, and with what was typed.
const FORM_LIFE_SECONDS: i64 = 24 * 60 * 60;
/// How long Start can be pressed, and the button of the question that follows.
const START_LIFE_SECONDS: i64 = 60 * 60;
/// How long a browser keeps the cookie: as long as a pass may reasonably be of interest.
const COOKIE_LIFE_SECONDS: i64 = 365 * 24 * 60 * 60;

/// What a form says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Form {
    pub(crate) visitor: Visitor,
    pub(crate) gate: GateId,
    pub(crate) shown_at: UnixTime,
}

impl Form {
    pub(crate) fn sign(&self, signer: &Signer) -> String {
        signer.sign(Purpose::Form, &bytes(self.visitor, self.gate, self.shown_at.get()))
    }

    /// The form this token stands in, if it is one of ours.
    pub(crate) fn open(signer: &Signer, token: &str) -> Option<Self> {
        let (visitor, gate, shown_at) = parts(signer.open(Purpose::Form, token)?);
        Some(Self { visitor, gate, shown_at: UnixTime::new(shown_at) })
    }

    /// Whether it can still be answered.
    pub(crate) fn is_fresh(&self, now: UnixTime) -> bool {
        now.get().saturating_sub(self.shown_at.get()) <= FORM_LIFE_SECONDS
    }
}

/// What a page gives to somebody who is to show their account: the bot hears it when they press Start. It does not say
/// that the page is theirs, for its link can be sent to anybody.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Start {
    pub(crate) visitor: Visitor,
    pub(crate) gate: GateId,
    pub(crate) until: UnixTime,
}

impl Start {
    /// For this visitor, from now on for a while.
    pub(crate) fn new(visitor: Visitor, gate: GateId, now: UnixTime) -> Self {
        Self { visitor, gate, until: UnixTime::new(now.get().saturating_add(START_LIFE_SECONDS)) }
    }

    /// As a Start button takes it: 64 letters at most.
    pub(crate) fn sign(&self, signer: &Signer) -> String {
        signer.sign(Purpose::Start, &bytes(self.visitor, self.gate, self.until.get()))
    }

    /// What this text says, if it is one of ours.
    pub(crate) fn open(signer: &Signer, text: &str) -> Option<Self> {
        let (visitor, gate, until) = parts(signer.open(Purpose::Start, text)?);
        Some(Self { visitor, gate, until: UnixTime::new(until) })
    }
}

/// What the bot gives to somebody who pressed Start: by this they say that the page is theirs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Confirm {
    pub(crate) visitor: Visitor,
    pub(crate) gate: GateId,
    /// Who was asked. Said by anybody else it says nothing.
    pub(crate) person: UserId,
}

impl Confirm {
    /// As a button takes it: 64 bytes at most.
    pub(crate) fn sign(&self, signer: &Signer) -> String {
        signer.sign(Purpose::Confirm, &bytes(self.visitor, self.gate, self.person.get()))
    }

    /// What this text says, if it is one of ours.
    pub(crate) fn open(signer: &Signer, text: &str) -> Option<Self> {
        let (visitor, gate, person) = parts(signer.open(Purpose::Confirm, text)?);
        Some(Self { visitor, gate, person: UserId::new(person).ok()? })
    }

    /// Whether it can still be said when it was asked then.
    pub(crate) fn is_fresh(asked_at: UnixTime, now: UnixTime) -> bool {
        now.get().saturating_sub(asked_at.get()) <= START_LIFE_SECONDS
    }
}

fn bytes(visitor: Visitor, gate: GateId, number: i64) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(visitor.as_bytes());
    bytes[16..24].copy_from_slice(&gate.get().to_be_bytes());
    bytes[24..].copy_from_slice(&number.to_be_bytes());
    bytes
}

fn parts(bytes: [u8; 32]) -> (Visitor, GateId, i64) {
    let number = |from: usize| {
        let eight = bytes[from..from + 8].try_into().expect("a number is cut to its eight bytes");
        i64::from_be_bytes(eight)
    };
    let visitor = bytes[..16].try_into().expect("a visitor is cut to their sixteen bytes");
    (Visitor::new(visitor), GateId::new(number(16)), number(24))
}

/// The cookie: its name and whether it may travel in the open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cookie {
    /// Behind HTTPS, and bound to this host by its name.
    Secure,
    /// For a service without TLS, such as the demo.
    Plain,
}

impl Cookie {
    fn name(self) -> &'static str {
        match self {
            Self::Secure => "__Host-admit",
            Self::Plain => "admit",
        }
    }

    /// What to say in `Set-Cookie`.
    pub(crate) fn set(self, signer: &Signer, visitor: Visitor) -> String {
        let secure = match self {
            Self::Secure => "; Secure",
            Self::Plain => "",
        };
        let (name, value) = (self.name(), signer.sign(Purpose::Visitor, visitor.as_bytes()));
        format!("{name}={value}; Path=/; Max-Age={COOKIE_LIFE_SECONDS}; HttpOnly; SameSite=Lax{secure}")
    }

    /// Who this browser is. Of several cookies of the name, as a shared domain can cause, any of ours will do.
    pub(crate) fn read(self, signer: &Signer, headers: &HeaderMap) -> Option<Visitor> {
        let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
        lines
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(name, _)| *name == self.name())
            .find_map(|(_, value)| signer.open(Purpose::Visitor, value))
            .map(Visitor::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_form_comes_back_as_it_was() {
        let signer = Signer::new(vec![[7; 32]]);
        let form = Form {
            visitor: Visitor::new([5; 16]),
            gate: GateId::new(3),
            shown_at: UnixTime::new(1_789_000_000),
        };
        assert_eq!(Form::open(&signer, &form.sign(&signer)), Some(form));
        assert!(form.is_fresh(UnixTime::new(1_789_086_400)));
        assert!(!form.is_fresh(UnixTime::new(1_789_086_401)));
    }

    #[test]
    fn a_start_fits_a_button_and_is_no_form() {
        let signer = Signer::new(vec![[7; 32]]);
        let start = Start::new(Visitor::new([5; 16]), GateId::new(3), UnixTime::new(1_789_000_000));
        let text = start.sign(&signer);
        assert_eq!(text.len(), 64);
        assert_eq!(Start::open(&signer, &text), Some(start));
        assert_eq!(Form::open(&signer, &text), None);
    }

    #[test]
    fn a_confirmation_fits_a_button_and_start_is_none() {
        let signer = Signer::new(vec![[7; 32]]);
        let (visitor, gate) = (Visitor::new([5; 16]), GateId::new(3));
        let person = UserId::new(42).expect("it is a number of a person");
        let confirm = Confirm { visitor, gate, person };
        let text = confirm.sign(&signer);
        assert_eq!(text.len(), 64);
        assert_eq!(Confirm::open(&signer, &text), Some(confirm));
        let start = Start::new(visitor, gate, UnixTime::new(42));
        assert_eq!(Confirm::open(&signer, &start.sign(&signer)), None);
    }

    #[test]
    fn a_foreign_cookie_of_our_name_does_not_hide_ours() {
        let signer = Signer::new(vec![[7; 32]]);
        let ours = Cookie::Plain.set(&signer, Visitor::new([5; 16]));
        let ours = ours.split(';').next().expect("there is a first part");
        let mut headers = HeaderMap::new();
        let line = format!("theme=dark; admit=forged; {ours}");
        headers.insert(header::COOKIE, HeaderValue::from_str(&line).expect("it is plain"));
        assert_eq!(Cookie::Plain.read(&signer, &headers), Some(Visitor::new([5; 16])));
        assert_eq!(Cookie::Secure.read(&signer, &headers), None);
    }
}

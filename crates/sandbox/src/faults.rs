//! Staged faults: slow, flooded and broken days.

use std::sync::{Mutex, PoisonError};

/// What goes wrong with a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum FaultKind {
    /// Refused with 429 and `n` seconds to wait.
    TooMany,
    /// Telegram holds the call back for `n` seconds without a word; past eight it refuses with 429.
    Flood,
    /// The answer comes `n` milliseconds late.
    Latency,
    /// Refused with this code, a five hundred.
    ServerError,
    /// Refused with this code, a four hundred, in these words.
    Refusal(Box<str>),
    /// A page of HTML instead of JSON.
    Html,
    /// It happens, and the connection ends after `n` bytes of the answer.
    Cut,
    /// It happens, and no answer comes.
    Lost,
}

/// One fault, for the next calls of a method.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    /// A method in any case, or `*` for every one.
    pub(crate) method: String,
    pub(crate) chat_id: Option<i64>,
    pub(crate) kind: FaultKind,
    pub(crate) n: i64,
    /// At least one.
    pub(crate) times: u32,
}

/// Faults that have not struck yet, in the order they were staged.
#[derive(Default)]
pub(crate) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    pub(crate) fn stage(&self, fault: Fault) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }

    /// The fault that strikes this call, used up once.
    pub(crate) fn strike(
        &self,
        method: &str,
        chat: impl FnOnce() -> Option<i64>,
    ) -> Option<(FaultKind, i64)> {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if faults.is_empty() {
            return None;
        }
        let chat = chat();
        let strikes = |fault: &Fault| {
            let method_fits = fault.method == "*" || fault.method.eq_ignore_ascii_case(method);
            method_fits && (fault.chat_id.is_none() || fault.chat_id == chat)
        };
        let position = faults.iter().position(strikes)?;
        let fault = &mut faults[position];
        let struck = (fault.kind.clone(), fault.n);
        fault.times -= 1;
        if fault.times == 0 {
            faults.remove(position);
        }
        Some(struck)
    }
}

//! Misfortune: faults are staged, if there is anything they could strike.

use super::{Outcome, nothing};
use crate::bot_api;
use crate::faults::{Fault, FaultKind};
use crate::hub::Hub;
use crate::mtproto;
use crate::wrong::Wrong;
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct NewFault {
    method: String,
    chat_id: Option<i64>,
    kind: String,
    n: Option<i64>,
    /// What Telegram says, for `4xx`.
    text: Option<Box<str>>,
    #[serde(default = "once")]
    times: u32,
}

fn once() -> u32 {
    1
}

pub(super) fn stage(hub: &Hub, new: NewFault) -> Outcome {
    let is_known = |name| bot_api::has_method(name) || mtproto::has_method(name);
    if new.method != "*" && !is_known(&new.method) {
        return Err(Wrong::bad(format!("there is no method `{}`; `*` is every one", new.method)));
    }
    if new.times == 0 {
        return Err(Wrong::bad("`times` is how often it strikes, at least once"));
    }
    let day = 24 * 3600;
    let (kind, known) = match &*new.kind {
        "429" => (FaultKind::TooMany, 1..=day),
        "flood" => (FaultKind::Flood, 0..=day),
        "latency" => (FaultKind::Latency, 0..=day * 1000),
        "5xx" => (FaultKind::ServerError, 500..=599),
        "4xx" => {
            let text = new.text.unwrap_or_else(|| "Bad Request: SOMETHING_NEW".into());
            (FaultKind::Refusal(text), 400..=499)
        }
        "303" => {
            let text = new.text.unwrap_or_else(|| "USER_MIGRATE_4".into());
            (FaultKind::Refusal(text), 303..=303)
        }
        "html" => (FaultKind::Html, 0..=i64::MAX),
        "cut" => (FaultKind::Cut, 0..=i64::MAX),
        "lost" => (FaultKind::Lost, 0..=i64::MAX),
        "duplicate" => {
            hub.turn(|world| world.spoil_queues(|queue| &mut queue.duplicates, new.times));
            return nothing();
        }
        "reorder" => {
            hub.turn(|world| world.spoil_queues(|queue| &mut queue.reorders, new.times));
            return nothing();
        }
        odd => return Err(Wrong::bad(format!("there is no kind of fault `{odd}`"))),
    };
    let n = new.n.unwrap_or(*known.start());
    if !known.contains(&n) {
        let (least, most) = known.into_inner();
        return Err(Wrong::bad(format!("`n` of `{}` is a number from {least} to {most}", new.kind)));
    }
    hub.faults.stage(Fault { method: new.method, chat_id: new.chat_id, kind, n, times: new.times });
    nothing()
}

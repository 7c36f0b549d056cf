//! What a bot may ask and say about itself: who it is, and that it goes.

use super::call::{Call, Outcome};
use crate::bot_api::answer::{Answer, Failure};
use telegram::bot_api::types;

pub(super) fn get_me(call: &mut Call) -> Outcome {
    let user = call.world.user(call.bot);
    let me = types::Me {
        id: user.id,
        is_bot: true,
        first_name: user.first_name,
        username: user.username,
        can_join_groups: true,
        supports_join_request_queries: call.world.bot(call.bot).is_some_and(|bot| bot.guard),
        ..types::Me::default()
    };
    Ok(Answer::of(&me))
}

/// How long a bot may not come back after `logOut`, and may not `close` after its launch.
const TEN_MINUTES: i64 = 600;

pub(super) fn log_out(call: &mut Call) -> Outcome {
    call.bot_mut().logged_out_until = call.world.now + TEN_MINUTES;
    Ok(Answer::yes())
}

pub(super) fn close(call: &mut Call) -> Outcome {
    let left = call.bot().launched_at + TEN_MINUTES - call.world.now;
    if left > 0 {
        return Err(Failure::too_many(left));
    }
    call.bot_mut().launched_at = call.world.now;
    Ok(Answer::yes())
}

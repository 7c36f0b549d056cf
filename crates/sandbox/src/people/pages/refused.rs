//! The page that says why there is no other.

use super::{Frame, rendered};
use crate::exchange::Reply;
use crate::wrong::Wrong;
use askama::Template;

#[derive(Template)]
#[template(path = "pages/refused.html")]
struct Refused {
    frame: Frame,
    why: String,
}

pub(super) fn page(Wrong(status, why): Wrong) -> Reply {
    let title = if status == 404 { "There is nothing here" } else { "This did not work" };
    rendered(status, &Refused { frame: Frame::new(title, ""), why })
}

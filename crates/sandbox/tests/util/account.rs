//! Sessions for our own client; everything else in this folder knows nothing of ours.

use super::Town;
use serde_json::json;
use telegram::mtproto::Session;

/// A session of that person, logged in from the beginning.
pub async fn session(town: &Town, person: i64) -> Session {
    let given = town.control(&format!("people/{person}/session"), json!({})).await;
    session_with(town, given["auth_key"].as_str().unwrap())
}

/// The session of this key.
pub fn session_with(town: &Town, auth_key: &str) -> Session {
    let door = &town.at.mtproto;
    Session { dc_id: door.dc_id, address: door.addr.parse().unwrap(), auth_key: auth_key.parse().unwrap() }
}

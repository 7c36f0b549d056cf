//! Logging in by a token that one device shows and another accepts.

use super::call::{Call, Outcome};
use super::login::{check_application, let_in};
use crate::mtproto::objects::seconds;
use crate::mtproto::offers::Accepted;
use crate::mtproto::sessions::Shown;
use grammers_tl_types::functions::auth;
use grammers_tl_types::{enums, types};

/// Once the token is accepted, whoever showed it asks again and is in.
pub(super) fn export(call: &mut Call, asked: auth::ExportLoginToken) -> Outcome<enums::auth::LoginToken> {
    check_application(asked.api_id, &asked.api_hash)?;
    if let Some(shown) = call.session.shown.take() {
        if call.offers.expiry(&shown.token, call.world.now).is_ok()
            && let Some(accepted) = call.offers.accepted(&shown.token)
        {
            return redeem(call, shown.token, accepted);
        }
        call.offers.forget(&shown.token);
    }
    let (token, expires) = call.offers.make(asked.api_id, call.world.now, &mut call.world.chance);
    call.session.shown = Some(Shown { token: token.clone(), is_told: false });
    Ok(types::auth::LoginToken { expires: seconds(expires), token }.into())
}

/// Asked where the account is at home.
pub(super) fn import(call: &mut Call, asked: auth::ImportLoginToken) -> Outcome<enums::auth::LoginToken> {
    let expires = call.offers.expiry(&asked.token, call.world.now)?;
    match call.offers.accepted(&asked.token) {
        Some(accepted) => redeem(call, asked.token, accepted),
        None => Ok(types::auth::LoginToken { expires: seconds(expires), token: asked.token }.into()),
    }
}

fn redeem(call: &mut Call, token: Vec<u8>, accepted: Accepted) -> Outcome<enums::auth::LoginToken> {
    if let Some(dc_id) = accepted.home {
        call.offers.arrive(&token);
        return Ok(types::auth::LoginTokenMigrateTo { dc_id, token }.into());
    }
    call.offers.forget(&token);
    let authorization = let_in(call, accepted.by)?;
    Ok(types::auth::LoginTokenSuccess { authorization }.into())
}

pub(super) fn accept(call: &mut Call, asked: auth::AcceptLoginToken) -> Outcome<enums::Authorization> {
    let accepted = Accepted { by: call.user(), home: None };
    let api_id = call.offers.accept(&asked.token, accepted, call.world.now)?;
    // Whoever shows it is told.
    call.world.has_news = true;
    let unknown = || "unknown".to_owned();
    let now = seconds(call.world.now);
    Ok(types::Authorization {
        current: false,
        official_app: false,
        password_pending: call.world.account(accepted.by).is_some_and(|account| account.password.is_some()),
        encrypted_requests_disabled: false,
        call_requests_disabled: false,
        unconfirmed: false,
        hash: call.world.chance.i64(1..),
        device_model: unknown(),
        platform: unknown(),
        system_version: unknown(),
        api_id,
        app_name: unknown(),
        app_version: unknown(),
        date_created: now,
        date_active: now,
        ip: call.here.address.ip().to_string(),
        country: unknown(),
        region: unknown(),
    }
    .into())
}

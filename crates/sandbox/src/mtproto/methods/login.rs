//! Logging in: by telephone and code, with the second password where there is one, or by a bot's token; and out again.

use super::Work;
use super::call::{Call, Outcome, Refusal};
use crate::mtproto::CODE;
use crate::mtproto::handshake::{GENERATOR, prime};
use crate::mtproto::password::{Proof, SALTS};
use crate::mtproto::sessions::{SentCode, Session};
use crate::world::{Word, telephone};
use grammers_tl_types::functions::{account, auth};
use grammers_tl_types::{enums, types};

/// How long a code may be used.
const CODE_SECONDS: i64 = 300;
/// Whoever guesses gets no further than this: a code ends, and a password has to wait.
const MOST_WRONG: u32 = 5;
const WAIT_SECONDS: i64 = 60;

pub(super) fn send_code(call: &mut Call, asked: auth::SendCode) -> Outcome<enums::auth::SentCode> {
    check_application(asked.api_id, &asked.api_hash)?;
    let phone = telephone(&asked.phone_number)?;
    Ok(new_code(call, phone))
}

/// The code that was sent before opens nothing any more.
pub(super) fn resend_code(call: &mut Call, asked: auth::ResendCode) -> Outcome<enums::auth::SentCode> {
    let phone = sent(call, &asked.phone_number, &asked.phone_code_hash)?;
    Ok(new_code(call, phone))
}

fn new_code(call: &mut Call, phone: String) -> enums::auth::SentCode {
    let hash: String = std::iter::repeat_with(|| call.world.chance.alphanumeric()).take(18).collect();
    let expires_at = call.world.now + CODE_SECONDS;
    call.session.code = Some(SentCode { phone, hash: hash.clone(), expires_at, wrong: 0 });
    let length = i32::try_from(CODE.len()).expect("a code is short");
    enums::auth::SentCode::Code(types::auth::SentCode {
        r#type: types::auth::SentCodeTypeApp { length }.into(),
        phone_code_hash: hash,
        next_type: None,
        timeout: None,
    })
}

pub(super) fn cancel_code(call: &mut Call, asked: auth::CancelCode) -> Outcome<bool> {
    sent(call, &asked.phone_number, &asked.phone_code_hash)?;
    call.session.code = None;
    Ok(true)
}

pub(super) fn sign_in(call: &mut Call, asked: auth::SignIn) -> Outcome<enums::auth::Authorization> {
    let phone = sent(call, &asked.phone_number, &asked.phone_code_hash)?;
    match asked.phone_code.as_deref() {
        None | Some("") => return Err(Word("PHONE_CODE_EMPTY").into()),
        Some(CODE) => {}
        Some(_) => {
            call.session.code = call.session.code.take().filter(|code| code.wrong + 1 < MOST_WRONG);
            call.session.code.iter_mut().for_each(|code| code.wrong += 1);
            return Err(Word("PHONE_CODE_INVALID").into());
        }
    }
    // The code was right, and stays so for whoever would sign up.
    let Some(id) = call.world.account_by_phone(&phone).map(|account| account.id) else {
        return Ok(types::auth::AuthorizationSignUpRequired { terms_of_service: None }.into());
    };
    call.session.code = None;
    let_in(call, id)
}

/// Somebody who is who they say is logged in, or owes the second password.
pub(super) fn let_in(call: &mut Call, who: i64) -> Outcome<enums::auth::Authorization> {
    if call.world.account(who).is_some_and(|account| account.password.is_some()) {
        call.session.owes_password = Some(who);
        return Err(Word("SESSION_PASSWORD_NEEDED").into());
    }
    Ok(log_in(call, who))
}

/// The telephone a code was sent to, if it is this one and may still be used.
fn sent(call: &Call, phone: &str, hash: &str) -> Outcome<String> {
    let phone = telephone(phone)?;
    if hash.is_empty() {
        return Err(Word("PHONE_CODE_HASH_EMPTY").into());
    }
    let now = call.world.now;
    let is_it = |code: &&SentCode| code.phone == phone && code.hash == hash && code.expires_at > now;
    if call.session.code.as_ref().filter(is_it).is_none() {
        return Err(Word("PHONE_CODE_EXPIRED").into());
    }
    Ok(phone)
}

pub(super) fn get_password(call: &mut Call, _: account::GetPassword) -> Outcome<Work> {
    let who = call.session.owes_password.or(call.session.user).ok_or(Word("AUTH_KEY_UNREGISTERED"))?;
    let password = call.world.account(who).and_then(|account| account.password.clone());
    let mut chance = call.world.chance.fork();
    Ok(Work::new(move || password.map(|password| Proof::ask(&password, &mut chance)), ask_password))
}

fn ask_password(call: &mut Call, proof: Option<Proof>) -> Outcome<enums::account::Password> {
    let algorithm = || {
        let [salt1, salt2] = SALTS.map(<[u8]>::to_vec);
        let p = prime().to_bytes_be();
        enums::PasswordKdfAlgo::from(
            types::PasswordKdfAlgoSha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow {
                salt1,
                salt2,
                g: GENERATOR.into(),
                p,
            },
        )
    };
    let answer = types::account::Password {
        has_recovery: false,
        has_secure_values: false,
        has_password: proof.is_some(),
        current_algo: proof.as_ref().map(|_| algorithm()),
        srp_b: proof.as_ref().map(|proof| proof.ours.to_vec()),
        srp_id: proof.as_ref().map(|proof| proof.id),
        hint: None,
        email_unconfirmed_pattern: None,
        new_algo: algorithm(),
        new_secure_algo: enums::SecurePasswordKdfAlgo::Unknown,
        secure_random: vec![0; 256],
        pending_reset_date: None,
        login_email_pattern: None,
    };
    call.session.proof = proof;
    Ok(answer.into())
}

pub(super) fn check_password(call: &mut Call, asked: auth::CheckPassword) -> Outcome<Work> {
    let who = call.session.owes_password.ok_or(Word("AUTH_KEY_UNREGISTERED"))?;
    let enums::InputCheckPasswordSrp::Srp(answer) = asked.password else {
        return Err(Word("PASSWORD_HASH_INVALID").into());
    };
    let account = call.world.account(who).ok_or(Word("AUTH_KEY_UNREGISTERED"))?;
    if account.password_waits_until > call.world.now {
        return Err(Refusal::flood(account.password_waits_until - call.world.now));
    }
    // Each question may be answered once.
    let proof = call.session.proof.take().filter(|proof| proof.id == answer.srp_id);
    let proof = proof.ok_or(Word("SRP_ID_INVALID"))?;
    let prove = move || proof.is_proven_by(&answer.a, &answer.m1);
    Ok(Work::new(prove, move |call, is_proven| {
        // Meanwhile the log-in may have been begun anew.
        call.session.owes_password.filter(|&it| it == who).ok_or(Word("AUTH_KEY_UNREGISTERED"))?;
        count_password(call, who, is_proven);
        if is_proven { Ok(log_in(call, who)) } else { Err(Word("PASSWORD_HASH_INVALID").into()) }
    }))
}

fn count_password(call: &mut Call, who: i64, is_right: bool) {
    let now = call.world.now;
    if let Some(account) = call.world.account_mut(who) {
        account.wrong_passwords = if is_right { 0 } else { account.wrong_passwords + 1 };
        if account.wrong_passwords == MOST_WRONG {
            account.wrong_passwords = 0;
            account.password_waits_until = now + WAIT_SECONDS;
        }
    }
}

pub(super) fn import_bot_authorization(
    call: &mut Call,
    asked: auth::ImportBotAuthorization,
) -> Outcome<enums::auth::Authorization> {
    check_application(asked.api_id, &asked.api_hash)?;
    let bot = call.world.bot_by_token(&asked.bot_auth_token).ok_or(Word("ACCESS_TOKEN_INVALID"))?.id;
    Ok(log_in(call, bot))
}

pub(super) fn log_out(call: &mut Call, _: auth::LogOut) -> Outcome<enums::auth::LoggedOut> {
    *call.session = Session { is_begun: true, ..Session::default() };
    Ok(types::auth::LoggedOut { future_auth_token: None }.into())
}

/// Any number and any hash are an application's, but for none.
pub(super) fn check_application(api_id: i32, api_hash: &str) -> Result<(), Word> {
    if api_id <= 0 || api_hash.is_empty() { Err(Word("API_ID_INVALID")) } else { Ok(()) }
}

fn log_in(call: &mut Call, who: i64) -> enums::auth::Authorization {
    *call.session = Session { is_begun: true, user: Some(who), ..Session::default() };
    call.entry.user = who;
    enums::auth::Authorization::Authorization(types::auth::Authorization {
        setup_password_required: false,
        otherwise_relogin_days: None,
        tmp_sessions: None,
        future_auth_token: None,
        user: call.view().user(who),
    })
}

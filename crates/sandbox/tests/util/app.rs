//! A client that knows nothing of ours, for the MTProto door.

use super::Town;
use grammers_crypto::two_factor_auth::calculate_2fa;
use grammers_mtsender::{ConnectionParams, InvocationError, NoRetries, SenderPool, SenderPoolHandle};
use grammers_session::SessionData;
use grammers_session::storages::MemorySession;
use grammers_session::types::DcOption;
use grammers_session::updates::UpdatesLike;
use grammers_tl_types::{Deserializable, RemoteCall, enums, functions, types};
use serde_json::json;
use std::net::{SocketAddrV4, SocketAddrV6};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};

/// grammers, with nothing around it.
pub struct App {
    pub sender: SenderPoolHandle,
    pub dc_id: i32,
    told: Mutex<mpsc::Receiver<UpdatesLike>>,
}

impl App {
    pub fn new(town: &Town, auth_key: &str) -> Self {
        let door = &town.at.mtproto;
        let ipv4: SocketAddrV4 = door.addr.parse().unwrap();
        let ipv6 = SocketAddrV6::new(ipv4.ip().to_ipv6_mapped(), ipv4.port(), 0, 0);
        let auth_key = grammers_crypto::hex::from_hex(auth_key).try_into().unwrap();
        let home = DcOption { id: door.dc_id, ipv4, ipv6, auth_key: Some(auth_key) };
        let mut data = SessionData { home_dc: door.dc_id, ..SessionData::default() };
        data.dc_options.insert(door.dc_id, home);
        let parameters =
            ConnectionParams { retry_policy: Box::new(NoRetries), ..ConnectionParams::default() };
        let session = Arc::new(MemorySession::from(data));
        let pool = SenderPool::with_configuration(session, 12_345, parameters);
        tokio::spawn(pool.runner.run());
        Self { sender: pool.handle.thin, dc_id: door.dc_id, told: Mutex::new(pool.updates) }
    }

    pub async fn of(town: &Town, person: i64) -> Self {
        let given = town.control(&format!("people/{person}/session"), json!({})).await;
        Self::new(town, given["auth_key"].as_str().unwrap())
    }

    /// With a key that somebody was logged in with, and is no more.
    pub async fn logged_out(town: &Town) -> Self {
        let app = Self::of(town, town.person("Nobody").await).await;
        app.call(functions::auth::LogOut {}).await.unwrap();
        app
    }

    pub async fn call<R: RemoteCall>(&self, request: R) -> Result<R::Return, String> {
        match self.sender.invoke_in_dc(self.dc_id, &request).await {
            Ok(returned) => Ok(returned),
            Err(InvocationError::Rpc(said)) => Err(said.value.map_or_else(
                || format!("{} {}", said.code, said.name),
                |value| format!("{} {}_{value}", said.code, said.name),
            )),
            Err(other) => panic!("{other}"),
        }
    }

    /// The next thing it is told, in an answer or unasked.
    pub async fn told(&self) -> enums::Updates {
        let mut told = self.told.lock().await;
        let next = tokio::time::timeout(Duration::from_secs(60), told.recv()).await;
        match next.expect("it is told something").expect("the connection stands") {
            UpdatesLike::Updates(updates) => updates,
            other => panic!("{other:?}"),
        }
    }

    /// What it was told, if it was told anything by now.
    pub async fn told_by_now(&self) -> Option<UpdatesLike> {
        self.told.lock().await.try_recv().ok()
    }

    pub async fn me(&self) -> Result<i64, String> {
        let itself = functions::users::GetUsers { id: vec![enums::InputUser::UserSelf] };
        self.call(itself).await.map(|users| users[0].id())
    }

    pub async fn send_code(&self, phone: &str) -> Result<String, String> {
        let settings: types::CodeSettings = Deserializable::from_bytes(&[0; 4]).unwrap();
        let request = functions::auth::SendCode {
            phone_number: phone.to_owned(),
            api_id: 12_345,
            api_hash: "hash".to_owned(),
            settings: settings.into(),
        };
        match self.call(request).await? {
            enums::auth::SentCode::Code(sent) => Ok(sent.phone_code_hash),
            other => panic!("{other:?}"),
        }
    }

    pub async fn sign_in(&self, phone: &str, hash: &str, code: &str) -> Result<i64, String> {
        let request = functions::auth::SignIn {
            phone_number: phone.to_owned(),
            phone_code_hash: hash.to_owned(),
            phone_code: Some(code.to_owned()),
            email_verification: None,
        };
        match self.call(request).await? {
            enums::auth::Authorization::SignUpRequired(_) => Err("nobody has this number".to_owned()),
            authorization => Ok(who(authorization)),
        }
    }

    pub async fn check_password(&self, password: &str) -> Result<i64, String> {
        let enums::account::Password::Password(asked) = self.call(functions::account::GetPassword {}).await?;
        let Some(enums::PasswordKdfAlgo::Sha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow(it)) =
            asked.current_algo
        else {
            panic!("there is a password, and a way to prove it");
        };
        let (m1, a) =
            calculate_2fa(&it.salt1, &it.salt2, &it.p, &it.g, asked.srp_b.unwrap(), vec![7; 256], password);
        let proof =
            types::InputCheckPasswordSrp { srp_id: asked.srp_id.unwrap(), a: a.to_vec(), m1: m1.to_vec() };
        self.call(functions::auth::CheckPassword { password: proof.into() }).await.map(who)
    }

    pub async fn sign_in_bot(&self, token: &str) -> Result<i64, String> {
        let request = functions::auth::ImportBotAuthorization {
            flags: 0,
            api_id: 12_345,
            api_hash: "hash".to_owned(),
            bot_auth_token: token.to_owned(),
        };
        self.call(request).await.map(who)
    }
}

fn who(authorization: enums::auth::Authorization) -> i64 {
    match authorization {
        enums::auth::Authorization::Authorization(it) => it.user.id(),
        other => panic!("{other:?}"),
    }
}

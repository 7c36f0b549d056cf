//! MTProto with nothing around it: what is sent and what is heard, message by message.

use super::Town;
use grammers_crypto::{AuthKey, DequeBuffer, decrypt_data_v2, encrypt_data_v2};
use grammers_tl_types::{Deserializable, LAYER, RemoteCall, Serializable, enums, functions};
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Salt, session, number, sequence number and length of a message.
const HEADER_BYTES: usize = 32;
/// Telegram's own schema writes it down in words only.
pub const RPC_RESULT: u32 = 0xf35c_6d01;

/// One connection.
pub struct Wire {
    stream: TcpStream,
    key: AuthKey,
    pub session: i64,
    salt: i64,
    /// The moment from which its messages are numbered.
    began: i64,
}

/// One message of the server.
#[derive(Debug)]
pub struct Heard {
    pub session: i64,
    pub id: i64,
    pub body: Vec<u8>,
}

impl Heard {
    /// What kind of message it is.
    pub fn constructor(&self) -> u32 {
        u32::from_bytes(&self.body).unwrap()
    }

    /// The number of the call that a result answers, counted from when the client began.
    pub fn answers(&self, wire: &Wire) -> i64 {
        i64::from_bytes(&self.body[4..]).unwrap() - wire.began
    }

    /// Seconds since 1970, as its number says.
    pub fn sent_at(&self) -> i64 {
        self.id >> 32
    }
}

impl Wire {
    /// Connects with a key from before, and learns the salt.
    pub async fn open(town: &Town, auth_key: &str, session: i64) -> Self {
        let mut stream = TcpStream::connect(&town.at.mtproto.addr).await.unwrap();
        stream.write_all(&[0xee; 4]).await.unwrap();
        let key = AuthKey::from_bytes(grammers_crypto::hex::from_hex(auth_key).try_into().unwrap());
        let mut wire = Self { stream, key, session, salt: 0, began: town.now().await << 32 };
        wire.say(4, &functions::Ping { ping_id: 1 }).await;
        let told = wire.hear().await;
        let enums::BadMsgNotification::BadServerSalt(told) =
            enums::BadMsgNotification::from_bytes(&told.body).unwrap()
        else {
            panic!("nobody begins with the right salt");
        };
        wire.salt = told.new_server_salt;
        wire
    }

    /// As [`Wire::open`], with a new key of this person, and says who speaks.
    pub async fn of(town: &Town, person: i64) -> Self {
        let given = town.control(&format!("people/{person}/session"), json!({})).await;
        let mut wire = Self::open(town, given["auth_key"].as_str().unwrap(), 1).await;
        let query = functions::InitConnection {
            api_id: 1,
            device_model: "owl".to_owned(),
            system_version: "1".to_owned(),
            app_version: "1".to_owned(),
            system_lang_code: "en".to_owned(),
            lang_pack: String::new(),
            lang_code: "en".to_owned(),
            proxy: None,
            params: None,
            query: functions::help::GetConfig {},
        };
        wire.say(8, &functions::InvokeWithLayer { layer: LAYER, query }).await;
        wire.hear_a(RPC_RESULT).await;
        wire
    }

    /// Sends one call as the message of this number, counted from when it began.
    pub async fn say<R: RemoteCall>(&mut self, id: i64, call: &R) {
        self.send(id, &call.to_bytes()).await;
    }

    pub async fn send(&mut self, id: i64, body: &[u8]) {
        let length = i32::try_from(body.len()).unwrap();
        let mut sealed = DequeBuffer::with_capacity(1024, 64);
        for part in
            [self.salt.to_bytes(), self.session.to_bytes(), (self.began + id).to_bytes(), 1i32.to_bytes()]
        {
            sealed.extend(part);
        }
        sealed.extend(length.to_bytes());
        sealed.extend(body.iter().copied());
        encrypt_data_v2(&mut sealed, &self.key);
        let length = u32::try_from(sealed.len()).unwrap();
        self.stream.write_all(&[&length.to_le_bytes(), &sealed[..]].concat()).await.unwrap();
    }

    /// The next message.
    pub async fn hear(&mut self) -> Heard {
        let length = self.stream.read_u32_le().await.unwrap();
        let mut packet = vec![0; length as usize];
        self.stream.read_exact(&mut packet).await.unwrap();
        let plain = decrypt_data_v2(&mut packet, &self.key).unwrap();
        let id = i64::from_bytes(&plain[16..]).unwrap();
        let length = u32::from_bytes(&plain[28..]).unwrap() as usize;
        let session = i64::from_bytes(&plain[8..]).unwrap();
        Heard { session, id, body: plain[HEADER_BYTES..HEADER_BYTES + length].to_vec() }
    }

    /// The next message of this kind; others are passed over.
    pub async fn hear_a(&mut self, constructor: u32) -> Heard {
        loop {
            let heard = self.hear().await;
            if heard.constructor() == constructor {
                return heard;
            }
        }
    }

    /// Says that nothing more will be said, and waits until the server does so too.
    pub async fn end(&mut self) {
        self.stream.shutdown().await.unwrap();
        self.ends().await;
    }

    /// The server ends the connection, whatever it says before.
    pub async fn ends(&mut self) {
        let mut said = Vec::new();
        let end = tokio::time::timeout(Duration::from_secs(60), self.stream.read_to_end(&mut said));
        // A connection that ends with bytes unread is reset.
        let _ = end.await.expect("it ends");
    }
}

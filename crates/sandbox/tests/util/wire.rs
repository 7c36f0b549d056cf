//! MTProto with nothing around it: what is sent and what is heard, message by message.

use super::Town;
use grammers_crypto::{AuthKey, DequeBuffer, decrypt_data_v2, encrypt_data_v2};
use grammers_tl_types::{Deserializable, RemoteCall, Serializable, enums, functions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Salt, session, number, sequence number and length of a message.
const HEADER_BYTES: usize = 32;

/// One connection.
pub struct Wire {
    stream: TcpStream,
    key: AuthKey,
    session: i64,
    salt: i64,
}

/// One message of the server.
#[derive(Debug)]
pub struct Heard {
    pub id: i64,
    pub body: Vec<u8>,
}

impl Heard {
    /// What kind of message it is.
    pub fn constructor(&self) -> u32 {
        u32::from_bytes(&self.body).unwrap()
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
        let mut wire = Self { stream, key, session, salt: 0 };
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

    /// Sends one call as the message of this number.
    pub async fn say<R: RemoteCall>(&mut self, id: i64, call: &R) {
        self.send(id, &call.to_bytes()).await;
    }

    pub async fn send(&mut self, id: i64, body: &[u8]) {
        let length = i32::try_from(body.len()).unwrap();
        let mut sealed = DequeBuffer::with_capacity(1024, 64);
        for part in [self.salt.to_bytes(), self.session.to_bytes(), id.to_bytes(), 1i32.to_bytes()] {
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
        Heard { id, body: plain[HEADER_BYTES..HEADER_BYTES + length].to_vec() }
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
}

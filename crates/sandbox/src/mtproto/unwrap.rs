//! What clients wrap around their calls: the layer they speak, who they are, what they do not want to be told.

use super::methods::Refusal;
use grammers_tl_types::functions::{
    InitConnection, InvokeAfterMsg, InvokeWithLayer, InvokeWithoutUpdates, help::GetConfig,
};
use grammers_tl_types::types::{
    InputChannelFromMessage, InputPeerChannelFromMessage, InputPeerUserFromMessage, InputUserFromMessage,
    JsonArray, JsonObjectValue,
};
use grammers_tl_types::{Cursor, Deserializable, Identifiable, deserialize};

/// Each wrapper once, and that is all there is.
const DEEPEST: usize = 4;
/// Objects that may hold one of their own kind. What is read one inside the other would use up the stack; so many
/// may stand in an honest call, side by side.
const NESTING: [u32; 6] = [
    InputPeerUserFromMessage::CONSTRUCTOR_ID,
    InputPeerChannelFromMessage::CONSTRUCTOR_ID,
    InputUserFromMessage::CONSTRUCTOR_ID,
    InputChannelFromMessage::CONSTRUCTOR_ID,
    JsonArray::CONSTRUCTOR_ID,
    JsonObjectValue::CONSTRUCTOR_ID,
];
const MOST_NESTING: usize = 64;

/// A call, and what its wrappers say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Unwrapped<'a> {
    pub(super) body: &'a [u8],
    /// The client said how it speaks.
    pub(super) begins: bool,
    /// It wants to be told what happens.
    pub(super) listens: bool,
    /// The call is to come after the one of this number.
    pub(super) after: Option<i64>,
}

/// Takes the wrappers off.
pub(super) fn unwrap(body: &[u8]) -> Result<Unwrapped<'_>, Refusal> {
    let word = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().expect("four bytes were cut off"));
    if body.chunks_exact(4).filter(|bytes| NESTING.contains(&word(bytes))).count() > MOST_NESTING {
        return Err(Refusal::new(400, "INPUT_FETCH_FAIL"));
    }
    let mut unwrapped = Unwrapped { body, begins: false, listens: true, after: None };
    for _ in 0..=DEEPEST {
        let mut cursor = Cursor::from_slice(unwrapped.body);
        let read =
            |result: deserialize::Result<()>| result.map_err(|_| Refusal::new(400, "INPUT_FETCH_FAIL"));
        read(match u32::deserialize(&mut cursor).unwrap_or_default() {
            InvokeWithLayer::<GetConfig>::CONSTRUCTOR_ID => {
                unwrapped.begins = true;
                i32::deserialize(&mut cursor).map(drop)
            }
            InitConnection::<GetConfig>::CONSTRUCTOR_ID => {
                InitConnection::<Rest>::deserialize(&mut cursor).map(drop)
            }
            InvokeAfterMsg::<GetConfig>::CONSTRUCTOR_ID => {
                i64::deserialize(&mut cursor).map(|earlier| unwrapped.after = Some(earlier))
            }
            InvokeWithoutUpdates::<GetConfig>::CONSTRUCTOR_ID => {
                unwrapped.listens = false;
                Ok(())
            }
            _ => return Ok(unwrapped),
        })?;
        unwrapped.body = &unwrapped.body[cursor.pos()..];
    }
    Err(Refusal::new(400, "INPUT_FETCH_FAIL"))
}

/// What a wrapper is around, left for later.
struct Rest;

impl Deserializable for Rest {
    fn deserialize(_: &mut Cursor) -> deserialize::Result<Self> {
        Ok(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use grammers_tl_types::{LAYER, Serializable};

    fn begun() -> Vec<u8> {
        let query = InitConnection {
            api_id: 1,
            device_model: "owl".to_owned(),
            system_version: "1".to_owned(),
            app_version: "1".to_owned(),
            system_lang_code: "en".to_owned(),
            lang_pack: String::new(),
            lang_code: "en".to_owned(),
            proxy: None,
            params: None,
            query: GetConfig {},
        };
        InvokeWithLayer { layer: LAYER, query }.to_bytes()
    }

    #[test]
    fn wrappers_come_off_in_any_order() {
        let call = GetConfig {}.to_bytes();
        let check = |wrapped: &[u8], begins, listens| {
            let after = None;
            assert_eq!(unwrap(wrapped).unwrap(), Unwrapped { body: &call, begins, listens, after });
        };
        check(&call, false, true);
        check(&begun(), true, true);
        check(&InvokeWithoutUpdates { query: GetConfig {} }.to_bytes(), false, false);
    }

    #[test]
    fn each_wrapper_may_come_once() {
        let all = [&InvokeAfterMsg { msg_id: 1, query: GetConfig {} }.to_bytes()[..12], &begun()].concat();
        let all = [&InvokeWithoutUpdates { query: GetConfig {} }.to_bytes()[..4], &all].concat();
        let unwrapped = unwrap(&all).unwrap();
        let expected =
            Unwrapped { body: &GetConfig {}.to_bytes(), begins: true, listens: false, after: Some(1) };
        assert_eq!(unwrapped, expected);
        assert!(unwrap(&[&all[..4], &all].concat()).is_err());
    }

    #[test]
    fn whoever_wraps_without_end_is_not_read() {
        let once = InvokeWithoutUpdates { query: GetConfig {} }.to_bytes()[..4].to_vec();
        assert!(unwrap(&once.repeat(100)).is_err());
        // A peer seen in a message of a peer seen in a message of a peer.
        assert!(unwrap(&InputPeerUserFromMessage::CONSTRUCTOR_ID.to_le_bytes().repeat(10_000)).is_err());
        assert!(unwrap(&[]).is_ok_and(|it| it.body.is_empty()));
        assert!(unwrap(&begun()[..20]).is_err());
    }
}

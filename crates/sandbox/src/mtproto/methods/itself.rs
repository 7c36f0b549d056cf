//! What a client asks about the server, and an account about itself.

use super::call::{Call, Outcome, few_enough};
use crate::mtproto::DC;
use crate::mtproto::objects::{blank, seconds};
use crate::world::Word;
use grammers_tl_types::functions::{help, users as asks};
use grammers_tl_types::{Serializable, enums, types};

const HOUR: i64 = 3600;

pub(super) fn get_config(call: &mut Call, _: help::GetConfig) -> Outcome<enums::Config> {
    // Whichever a client has been told to go to: there is one door, and it is all of them.
    let options = (1..=5).map(|id| {
        enums::DcOption::Option(types::DcOption {
            r#static: true,
            this_port_only: true,
            id,
            ip_address: call.here.address.ip().to_string(),
            port: call.here.address.port().into(),
            ..blank(&[&[0; 16]])
        })
    });
    let none = Vec::<enums::DcOption>::new().to_bytes();
    let parts: [&[u8]; 7] = [&[0; 12], &false.to_bytes(), &[0; 4], &none, &[0; 4], &[0; 88], &[0; 20]];
    Ok(enums::Config::Config(types::Config {
        date: seconds(call.world.now),
        expires: seconds(call.world.now + HOUR),
        test_mode: true,
        this_dc: DC,
        dc_options: options.collect(),
        chat_size_max: 200,
        megagroup_size_max: 200_000,
        me_url_prefix: format!("{}/", call.world.link_base),
        caption_length_max: 1024,
        message_length_max: 4096,
        webfile_dc_id: DC,
        ..blank(&parts)
    }))
}

pub(super) fn get_users(call: &mut Call, asked: asks::GetUsers) -> Outcome<Vec<enums::User>> {
    few_enough(&asked.id)?;
    let known = asked.id.iter().filter_map(|user| call.account(user).ok());
    Ok(known.map(|id| call.view().user(id)).collect())
}

pub(super) fn get_full_user(call: &mut Call, asked: asks::GetFullUser) -> Outcome<enums::users::UserFull> {
    let id = call.account(&asked.id).map_err(|_| Word("USER_ID_INVALID"))?;
    let view = call.view();
    let (full_user, users) = (view.full_user(id), view.users([id]));
    Ok(types::users::UserFull { full_user, chats: Vec::new(), users }.into())
}

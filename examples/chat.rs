//! Look before you begin: who the bot is, what it may do in the chat, and who else is there.
//!
//! It prints:
//!
//! ```text
//! @admit_demo_bot in the supergroup "Night Owls", 2 people
//! may make links: true, may remove members: true, may do everything: false
//! its own link: https://t.me/+...
//! the owner: Owner
//! Ann: Telegram does not let us know this person
//! Ann, once she came in: member
//! ```

use admit_examples::{Demo, Result};
use admit_links::{LinkUrl, Links, UserId};
use admit_telegram::bot_api::methods::{
    GetChat, GetChatAdministrators, GetChatMember, GetChatMemberCount, GetMe,
};
use admit_telegram::bot_api::types::ChatMember;

#[tokio::main]
async fn main() -> Result {
    let demo = Demo::start().await?;
    let (bot, chat_id) = (&demo.bot, &demo.chat);

    let me = bot.call(&GetMe {}).await?;
    let chat = bot.call(&GetChat { chat_id }).await?;
    let people = bot.call(&GetChatMemberCount { chat_id }).await?;
    let (name, title) = (me.username.unwrap_or_default(), chat.title.unwrap_or_default());
    println!("@{name} in the {} \"{title}\", {people} people", chat.kind);

    let user_id = UserId::new(me.id)?;
    if let ChatMember::Administrator(_, it) = bot.call(&GetChatMember { chat_id, user_id }).await? {
        let (links, removes) = (it.rights.can_invite_users, it.rights.can_restrict_members);
        let all = it.rights.can_promote_members;
        println!("may make links: {links}, may remove members: {removes}, may do everything: {all}");
    }

    // Every administrator has a primary link of their own; `getChat` shows the asking bot its own, if it may invite.
    bot.rotate(chat_id).await?;
    let primary = bot.call(&GetChat { chat_id }).await?.invite_link;
    println!("its own link: {}", primary.as_deref().unwrap_or("none"));

    for administrator in bot.call(&GetChatAdministrators { chat_id }).await? {
        if let ChatMember::Creator(owner, _) = administrator {
            println!("the owner: {}", owner.first_name);
        }
    }

    // A bot can ask about people it has met, and about no others.
    let ann = demo.person("Ann").await?;
    if let Err(why) = bot.call(&GetChatMember { chat_id, user_id: ann }).await {
        println!("Ann: {why}");
    }
    demo.join(ann, &LinkUrl::new(primary.unwrap_or_default())).await?;
    println!("Ann, once she came in: {}", bot.call(&GetChatMember { chat_id, user_id: ann }).await?.status());
    Ok(())
}

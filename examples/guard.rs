//! Guard a chat: Telegram asks the bot about everybody who wants in, and waits ten seconds for its word.
//!
//! The bot may answer at once, or show the person a Mini App first, say with a question in it, and answer then.
//!
//! It prints:
//!
//! ```text
//! Ann taps Join: webview
//! the Mini App says she passed: approved
//! Bob taps Join: declined
//! in the chat: Ann true, Bob false
//! ```

use admit_examples::{Demo, Result};
use admit_links::{Event, Links, Person, QueryId, Terms};
use admit_telegram::bot_api::Client;
use admit_telegram::bot_api::methods::{AnswerChatJoinRequestQuery, QueryResult, SendChatJoinRequestWebApp};
use admit_telegram::bot_api::updates::{KINDS, Updates, event};

#[tokio::main]
async fn main() -> Result {
    let demo = Demo::start().await?;
    let bot = demo.guard().await?;
    let link = bot.create(&demo.chat, &Terms::by_request()).await?;
    let (ann, bob) = (demo.person("Ann").await?, demo.person("Bob").await?);
    let mut ear = Ear { updates: bot.updates(KINDS), done: None };

    // Whoever taps Join waits for the guard, so both sides of it run at the same time here.
    let (tapped, query) = tokio::try_join!(demo.join(ann, &link.url), async {
        let (query, _) = ear.next_query().await?;
        let web_app_url = "https://gate.example/question";
        bot.call(&SendChatJoinRequestWebApp { chat_join_request_query_id: &query.0, web_app_url }).await?;
        Ok(query)
    })?;
    println!("Ann taps Join: {tapped}");
    // The Mini App posts its signed `initData` and her answer to you: see `mini_app.rs`.
    decide(&bot, &query, QueryResult::Approve).await?;
    println!("the Mini App says she passed: approved");

    let (tapped, ()) = tokio::try_join!(demo.join(bob, &link.url), async {
        let (query, person) = ear.next_query().await?;
        // When in doubt, `QueryResult::Queue` leaves it to the administrators.
        let known = person.id == ann;
        decide(&bot, &query, if known { QueryResult::Approve } else { QueryResult::Decline }).await
    })?;
    println!("Bob taps Join: {tapped}");
    println!("in the chat: Ann {}, Bob {}", demo.is_in(ann).await?, demo.is_in(bob).await?);
    Ok(())
}

async fn decide(bot: &Client, query: &QueryId, result: QueryResult) -> Result {
    bot.call(&AnswerChatJoinRequestQuery { chat_join_request_query_id: &query.0, result }).await?;
    Ok(())
}

struct Ear {
    updates: Updates,
    done: Option<i64>,
}

impl Ear {
    /// The next question Telegram puts to the guard. `Event::Asked` is a request that nobody waits for.
    async fn next_query(&mut self) -> Result<(QueryId, Person)> {
        loop {
            for update in self.updates.after(self.done).await? {
                self.done = Some(update.update_id);
                if let Some(Event::GuardQuery { query, request }) = event(&update) {
                    return Ok((query, request.person));
                }
            }
        }
    }
}

//! Another road to Telegram: a server of your own, a proxy with a password, and other limits.
//!
//! It prints:
//!
//! ```text
//! the road: http://..@127.0.0.1:...
//! by the proxy: @admit_demo_bot
//! another password: Telegram could not be reached: client error (Connect): the proxy does not take this login, or wants one
//! not a proxy: a proxy begins with `http://` or `socks5://`, such as `socks5://user:password@host:1080`
//! not an address: the address of the Bot API does not begin with `https://` or `http://`; a right one is `https://api.telegram.org`
//! ```

use admit_examples::{Demo, Result};
use admit_telegram::bot_api::methods::GetMe;
use admit_telegram::bot_api::{Client, Proxy, Settings};
use std::error::Error;
use std::time::Duration;

#[tokio::main]
async fn main() -> Result {
    let mut demo = Demo::start().await?;
    let address = demo.proxy().await?;

    // `http://` tunnels with CONNECT; `socks5://` is the other kind. Names are looked up at its far end. Neither a
    // password nor a token is ever shown, whatever is printed.
    let proxy: Proxy = address.parse()?;
    println!("the road: {proxy}");
    let settings = Settings {
        // Telegram itself if you leave it out; a Bot API server of your own, with a path before `/bot` if it has one.
        api_url: demo.at.bot_api.clone(),
        proxy: Some(proxy),
        limit: Duration::from_secs(10),
        connect_limit: Duration::from_secs(2),
        ..Settings::default()
    };
    let me = Client::new(demo.token()?, &settings)?.call(&GetMe {}).await?;
    println!("by the proxy: @{}", me.username.unwrap_or_default());

    let wrong = address.replace("secret", "guess").parse()?;
    let settings = Settings { proxy: Some(wrong), limit: Duration::from_secs(1), ..settings };
    if let Err(why) = Client::new(demo.token()?, &settings)?.call(&GetMe {}).await {
        println!("another password: {}", chain(&why));
    }

    if let Err(why) = "ftp://ann:secret@127.0.0.1:21".parse::<Proxy>() {
        println!("not a proxy: {why}");
    }
    let settings = Settings { api_url: "localhost:8081".to_owned(), ..Settings::default() };
    if let Err(why) = Client::new(demo.token()?, &settings) {
        println!("not an address: {why}");
    }
    Ok(())
}

/// What went wrong, and why, and why that.
fn chain(error: &dyn Error) -> String {
    error.source().map_or(error.to_string(), |why| format!("{error}: {}", chain(why)))
}

//! A link as it is named on the command line, in any spelling.

use crate::config::Config;
use crate::failure::{Failure, Usage};
use links::{LinkUrl, Parser};

/// A parser that knows the links of this Bot API too: a sandbox makes links to its own address.
pub(crate) fn parser(config: &Config) -> Parser {
    let (scheme, rest) = config.api_url.value.split_once("://").unwrap_or(("https", &config.api_url.value));
    let address = format!("{scheme}://{}", rest.split('/').next().unwrap_or(rest));
    Parser::telegram().and_host(&address).unwrap_or_else(|_| Parser::telegram())
}

/// A link that was typed, as Telegram wants it back.
pub(crate) fn whole_link(text: &str, parser: &Parser) -> Result<LinkUrl, Failure> {
    let text = text.trim();
    let hash = parser
        .parse(text)
        .map_err(|why| Usage::new(format!("the link `{text}`"), why, "`https://t.me/+AbCdEf0123456789`"))?;
    let is_web = text.starts_with("https://") || text.starts_with("http://");
    Ok(LinkUrl::new(if is_web { text.to_owned() } else { format!("https://t.me/+{hash}") }))
}

//! A link as it is named on the command line, in any spelling.

use crate::config::Config;
use crate::failure::{Failure, Usage};
use links::{LinkHash, LinkUrl, Parser};

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
    Ok(as_typed(text, &hash))
}

/// Where it is an address; else as Telegram spells it.
fn as_typed(text: &str, hash: &LinkHash) -> LinkUrl {
    let is_web = text.starts_with("https://") || text.starts_with("http://");
    if is_web { LinkUrl::new(text) } else { hash.url() }
}

/// The hash of a link that was typed. Where only a link can be meant, a hash alone is one.
pub(crate) fn some_hash(text: &str, parser: &Parser) -> Result<LinkHash, Usage> {
    let hash = parser.parse(text).or_else(|why| LinkHash::new(text.trim()).map_err(|_| why));
    hash.map_err(|why| Usage::new(format!("`{text}`"), why, "`https://t.me/+AbCdEf0123456789`"))
}

/// The same as Telegram wants it back: as it was typed, where that is an address.
pub(crate) fn link_or_hash(text: &str, parser: &Parser) -> Result<LinkUrl, Usage> {
    Ok(as_typed(text.trim(), &some_hash(text, parser)?))
}

//! Robots open links: previews in chats, search engines, monitors, browsers that fetch ahead. Nothing changes by it.

use crate::evidence::{Told, dump};
use crate::fans::Fan;
use crate::house::{House, Rules};
use crate::wire::{Reply, exchange};

const ROBOTS: [&str; 22] = [
    "TelegramBot (like TwitterBot)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "WhatsApp/2.23.20.0",
    "Twitterbot/1.0",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (Applebot/0.1)",
    "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
    "DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    "Viber/22.0.0 (Link preview)",
    "Mozilla/5.0 (compatible; vkShare; +http://vk.com/dev/Share)",
    "Google-Read-Aloud",
    "curl/8.5.0",
    "Wget/1.21.4",
    "Lynx/2.9.0dev.10 libwww-FM/2.14",
    "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
    "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)",
    "python-requests/2.31.0",
];

/// How an address is fetched by whoever does not mean to send a form.
const WAYS: [(&str, &str); 6] = [
    ("GET", ""),
    ("HEAD", ""),
    ("OPTIONS", ""),
    ("GET", "sec-purpose: prefetch\r\n"),
    ("GET", "sec-purpose: prefetch;prerender\r\npurpose: prefetch\r\n"),
    ("GET", "x-purpose: preview\r\nx-moz: prefetch\r\n"),
];

const ADDRESSES: [&str; 13] = [
    "/",
    "/g/night-owls",
    "/g/night-owls?utm_source=chat&answer=espresso&form=x",
    "/g/night-owls/",
    "/g/night-owls/pass",
    "/g/night-owls/pass?again=1",
    "/g/early-birds",
    "/g/early-birds/pass",
    "/livez",
    "/readyz",
    "/metrics",
    "/robots.txt",
    "/favicon.ico",
];

#[test]
fn robots_change_nothing() {
    let house = House::open(Rules { pool: 3, ..Rules::default() });
    // One is still asked, one holds a link, one was wrong, one is in.
    let mut fans: Vec<Fan> = (0..4).map(|_| Fan::arrive(&house)).collect();
    fans[1].pass(&house);
    assert_eq!(fans[2].answer(&house, false), Told::Wrong);
    fans[3].pass(&house);
    let Told::Link(link) = fans[3].look_until_told(&house) else { panic!("there is a link") };
    assert_eq!(house.sandbox.join(house.sandbox.person(), &link), "joined");
    house.settle();
    assert_eq!(fans[3].look(&house), Told::Used);
    house.until_the_pool_is_full();

    let address = house.address().unwrap();
    let before = dump(&house.file());
    let calls = house.calls();
    let mut fetched = 0;
    for cookie in [String::new(), fans[1].cookie(), fans[2].cookie(), fans[3].cookie()] {
        for path in ADDRESSES {
            for (verb, purpose) in WAYS {
                // The robot matters least, so that each way meets one of them, and each of them every address.
                let robots = if cookie.is_empty() { &ROBOTS[..] } else { &ROBOTS[..1] };
                for robot in robots {
                    let headers = format!("user-agent: {robot}\r\n{purpose}{cookie}");
                    let reply = exchange(&address, verb, path, &headers, "").unwrap();
                    let what = format!("{verb} {path} by {robot} with {cookie:?}");
                    assert_eq!(reply.header("set-cookie"), None, "{what}");
                    assert!(reply.status < 500, "{what}: {}", reply.head);
                    fetched += 1;
                }
            }
        }
    }
    let after = dump(&house.file());
    assert_eq!(before, after, "something was written down");
    assert_eq!(house.calls(), calls, "Telegram was asked for something");

    // What a preview may show, and what not.
    let page: Reply = exchange(&address, "GET", "/g/night-owls", "", "").unwrap();
    assert!(page.body.contains("og:title"), "a shared gate has a face");
    let pass = exchange(&address, "GET", "/g/night-owls/pass", &fans[1].cookie(), "").unwrap();
    assert_eq!(pass.header("cache-control"), Some("no-store"));
    let Told::Link(link) = fans[1].look(&house) else { panic!("there is a link") };
    let stranger = exchange(&address, "GET", "/g/night-owls/pass", "", "").unwrap();
    assert!(!stranger.body.contains(&link), "a link was shown to nobody");
    house.judge(fans.into_iter().map(|fan| fan.client).collect(), "after the robots");
    #[allow(clippy::print_stderr, reason = "figures are for whoever runs it")]
    {
        eprintln!("{fetched} fetches by robots, {} rows as before", before.len());
    }
}

//! The address at which people reach the service.

use super::report::Report;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn look(report: &mut Report, public_url: Option<&str>, webhook: bool) {
    let Some(url) = public_url else {
        if webhook {
            report.error(
                "public_url",
                "Telegram is to send its updates to the public URL, and there is none",
                "say `--public-url https://gate.example` or set ADMIT_PUBLIC_URL, here and for `admit serve`",
            );
        }
        return report.leave_out("the public URL", "say it with `--public-url URL` or ADMIT_PUBLIC_URL");
    };
    let (is_https, rest) = match url.strip_prefix("https://") {
        Some(rest) => (true, rest),
        None => (false, url.trim_start_matches("http://")),
    };
    let authority = rest.trim_end_matches('/');
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let is_own = ["localhost", "127.0.0.1", "[::1]"].contains(&host);
    let cure = "put a proxy with a certificate before `admit serve`, and say its address with `--public-url`";
    if webhook && !is_https {
        report.error("public_url", format!("Telegram sends updates to HTTPS only, and not to `{url}`"), cure);
    } else if !is_https && !is_own {
        let detail = format!("`{url}` is not HTTPS: answers and links can be read on the way");
        report.error("public_url", detail, cure);
    } else if is_own {
        let detail = format!("`{url}` reaches this machine from itself only");
        report.warn("public_url", detail, "say the address that people see with `--public-url`");
    }
    let port = if is_https { 443 } else { 80 };
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let address = if has_port { authority.to_owned() } else { format!("{authority}:{port}") };
    let why = match timeout(PATIENCE, TcpStream::connect(&address)).await {
        Ok(Ok(_)) => return,
        Ok(Err(why)) => why.to_string(),
        Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
    };
    report.error(
        "public_url_unreachable",
        format!("nobody answers at `{url}`, seen from here: {why}"),
        "look whether `admit serve` and the proxy before it run, and where the name leads",
    );
}

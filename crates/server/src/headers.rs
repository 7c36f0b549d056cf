//! What every answer says to the browser beside its content.

use crate::pages;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};

/// The headers of every page, made once.
#[derive(Clone, Debug)]
pub(crate) struct Headers {
    policy: HeaderValue,
    is_https: bool,
}

impl Headers {
    pub(crate) fn new(is_https: bool) -> Self {
        let style = BASE64.encode(Sha256::digest(pages::STYLE));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{style}'; img-src data:; form-action 'self'; \
             base-uri 'none'; frame-ancestors 'none'"
        );
        Self { policy: policy.try_into().expect("a policy is plain text"), is_https }
    }

    pub(crate) fn add(&self, headers: &mut HeaderMap) {
        headers.insert(header::CONTENT_SECURITY_POLICY, self.policy.clone());
        let plain: [(_, &'static str); 4] = [
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_FRAME_OPTIONS, "DENY"),
            (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        ];
        for (name, value) in plain {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if self.is_https {
            let a_year = HeaderValue::from_static("max-age=31536000");
            headers.insert(header::STRICT_TRANSPORT_SECURITY, a_year);
        }
        // Each page is one visitor's: it holds their form's token, or their link.
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
}

/// The answer to a form that another site sent.
pub(crate) fn refusal(request: &Request) -> Option<Response> {
    let is_refused = request.method() == Method::POST && is_foreign(request.headers());
    let text = "This form was sent from another site; open the page and send it from there.";
    is_refused.then(|| (StatusCode::FORBIDDEN, text).into_response())
}

/// Browsers say where a form stands; who says nothing is no browser, and has no cookie of somebody else's to misuse.
fn is_foreign(headers: &HeaderMap) -> bool {
    match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
        Some(site) => !matches!(site, b"same-origin" | b"none"),
        None => match (headers.get(header::ORIGIN), headers.get(header::HOST)) {
            (Some(origin), Some(host)) => {
                let host = host.as_bytes();
                let origin = origin.as_bytes();
                ![&b"http://"[..], b"https://"]
                    .iter()
                    .any(|scheme| origin.strip_prefix(*scheme) == Some(host))
            }
            _ => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &[(&'static str, &'static str)]) -> bool {
        let lines = lines
            .iter()
            .map(|(name, value)| (header::HeaderName::from_static(name), HeaderValue::from_static(value)));
        is_foreign(&lines.collect())
    }

    #[test]
    fn another_sites_form_is_foreign() {
        assert!(!check(&[]));
        assert!(!check(&[("sec-fetch-site", "same-origin")]));
        assert!(!check(&[("sec-fetch-site", "none")]));
        assert!(check(&[("sec-fetch-site", "cross-site")]));
        assert!(check(&[("sec-fetch-site", "same-site")]));
        assert!(!check(&[("origin", "https://gate.example"), ("host", "gate.example")]));
        assert!(!check(&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")]));
        assert!(check(&[("origin", "https://evil.example"), ("host", "gate.example")]));
        assert!(check(&[("origin", "null"), ("host", "gate.example")]));
    }
}

//! A gate's address is shared, and shown with a title, a description and a picture.

use crate::house::{House, between};
use serde_json::json;

#[tokio::test]
async fn a_gate_looks_like_itself_where_it_is_shared_and_a_pass_like_nothing() {
    let lines = json!({ "intro": "For those who are up late.", "opens_at": "2999-01-01T00:00:00Z" });
    for lines in [json!({ "intro": "For those who are up late." }), lines] {
        let house = House::with(lines).await;
        let page = house.get("/g/night-owls").await;
        let says = |name: &str| between(&page, &format!("property=\"og:{name}\" content=\""), "\"");
        assert_eq!((says("title"), says("description")), ("Night Owls", "For those who are up late."));
        let (_, path) = says("image").rsplit_once('/').unwrap();
        assert_eq!(says("url").replace("/g/night-owls", ""), says("image").replace(&format!("/{path}"), ""));
        let picture = house.get(&format!("/{path}")).await;
        assert!(
            picture.starts_with("HTTP/1.1 200") && picture.contains("content-type: image/png"),
            "{picture}"
        );
        assert!(!page.contains("owl\"") && !page.contains("noindex"), "{page}");
    }
    let house = House::with(json!({})).await;
    let mut fan = house.fan().await;
    fan.pass().await;
    let page = fan.page().await;
    assert!(page.contains("x-robots-tag: noindex") && !page.contains("og:"), "{page}");
}

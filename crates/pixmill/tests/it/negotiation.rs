//! `format=auto`: content negotiation, and `Vary`.

use crate::{client::ask, setup::serve_samples};

#[actix_web::test]
async fn the_best_accepted_format_is_chosen() {
    let server = serve_samples(|_| ()).await;
    let chrome = "image/avif,image/webp,image/apng,image/*,*/*;q=0.8";
    for (accept, format) in [
        (chrome, "image/avif"),
        ("image/webp,*/*", "image/webp"),
        ("image/avif;q=0,image/webp", "image/webp"),
        ("*/*", "image/jpeg"),
        ("image/*", "image/jpeg"),
    ] {
        let answer = ask(server.address, "/china.jpg?width=60&format=auto", &[("Accept", accept)]).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, format), "{accept}");
        assert_eq!(answer.header("vary"), "Accept");
    }
    let target = "/china.jpg?width=60&format=auto";
    let again = ask(server.address, target, &[("Accept", "image/avif, image/webp")]).await;
    assert_eq!(again.outcome(), (200, "hit-memory"), "only what it says of formats counts");
}

#[actix_web::test]
async fn negotiated_variants_have_different_entity_tags() {
    let server = serve_samples(|_| ()).await;
    let target = "/china.jpg?width=60&format=auto";
    let jpeg = ask(server.address, target, &[]).await;
    let other = [("Accept", "image/webp"), ("If-None-Match", jpeg.header("etag"))];
    assert_eq!(ask(server.address, target, &other).await.status, 200);
}

#[actix_web::test]
async fn a_requested_format_does_not_vary() {
    let server = serve_samples(|_| ()).await;
    for target in ["/china.jpg?width=60", "/china.jpg?width=60&format=webp", "/china.jpg"] {
        let answer = ask(server.address, target, &[("Accept", "image/avif")]).await;
        assert_eq!(answer.find("vary"), None, "{target}");
    }
}

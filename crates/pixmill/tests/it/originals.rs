//! Requests without parameters: the unmodified original, unless it is an SVG or serving originals is disabled.

use bytes::Bytes;

use crate::{
    client::get,
    fake_origin::{FakeOrigin, Reply},
    setup::{sample, serve, serve_origin, serve_samples},
};

#[actix_web::test]
async fn rasters_pass_through_unchanged() {
    let server = serve_samples(|_| ()).await;
    for (name, content_type) in [
        ("china.jpg", "image/jpeg"),
        ("chelsea.png", "image/png"),
        ("mill.webp", "image/webp"),
        ("mill.gif", "image/gif"),
    ] {
        let answer = get(server.address, &format!("/{name}?utm_source=x&dpr=2")).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, content_type), "{name}");
        assert_eq!(answer.header("x-original-filesize"), answer.body.len().to_string(), "{name}");
        assert_eq!(answer.body, sample(name), "{name}");
        assert_eq!(get(server.address, &format!("/{name}")).await.outcome(), (200, "hit-memory"), "{name}");
    }
    assert_eq!(server.pool().load().begun, 0, "nothing is computed");
}

#[actix_web::test]
async fn media_types_are_detected_from_the_bytes() {
    let origin = FakeOrigin::start(Reply::ok(&sample("chelsea.png")).with("content-type", "text/html"));
    let server = serve_origin(&origin).await;
    let answer = get(server.address, "/page.html").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/png"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let page = Bytes::from_static(b"<html><script>alert(1)</script></html>");
    origin.set_reply(Reply::ok(&page).with("content-type", "image/png"));
    for target in ["/other.png", "/other.png?width=10"] {
        let answer = get(server.address, target).await;
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (415, &"unsupported_image".into()));
        let message = answer.json()["error"]["message"].to_string();
        for format in ["JPEG", "PNG", "WebP", "AVIF", "GIF", "TIFF", "SVG", "BMP", "ICO"] {
            assert!(message.contains(format), "{message}");
        }
    }
}

#[actix_web::test]
async fn svgs_are_rasterized() {
    let server = serve_samples(|_| ()).await;
    let answer = get(server.address, "/pixmill-logo.svg").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/png"));
    assert!(answer.body.starts_with(b"\x89PNG"));
}

const DRAWING: &str = "<?xml version='1.0' encoding='UTF-16'?><svg xmlns='http://www.w3.org/2000/svg' width='200' height='100'><rect width='200' height='100' fill='teal'/></svg>";

fn gzip(bytes: &[u8]) -> Bytes {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().into()
}

#[actix_web::test]
async fn compressed_svgs_are_decompressed() {
    let plain = DRAWING.replace(" encoding='UTF-16'", "");
    let wide: Vec<u8> =
        std::iter::once(0xfeff).chain(DRAWING.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    for packed in [gzip(plain.as_bytes()), gzip(&wide), wide.clone().into()] {
        let origin = FakeOrigin::start(Reply::ok(&packed).with("content-type", "image/svg+xml"));
        let server = serve(&origin.url, |config| config.output.svg_passthrough = true).await;
        let drawn = get(server.address, "/a.svgz?width=100").await;
        assert_eq!((drawn.status, drawn.header("x-original-resolution")), (200, "200x100"));
        // a browser renders the response
        let passed = get(server.address, "/a.svgz").await;
        assert_eq!((passed.status, passed.header("content-type")), (200, "image/svg+xml"));
        assert!(passed.body.ends_with(b"fill='teal'/></svg>") && !passed.body.starts_with(&[0xfe]));
    }
}

#[actix_web::test]
async fn decompressed_svgs_are_limited_in_size() {
    let bomb = gzip(format!("<svg width='9' height='9'>{}</svg>", " ".repeat(3_000_000)).as_bytes());
    let origin = FakeOrigin::start(Reply::ok(&bomb));
    let server = serve(&origin.url, |config| config.limits.max_bytes = bytesize::ByteSize::mb(2)).await;
    let answer = get(server.address, "/a.svgz?width=9").await;
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (413, &"source_too_large".into()));
    let server = serve(&origin.url, |config| config.limits.max_bytes = bytesize::ByteSize::mb(4)).await;
    assert_eq!(get(server.address, "/a.svgz?width=9").await.status, 200);
}

#[actix_web::test]
async fn enlarging_can_be_disabled() {
    let server = serve_samples(|config| config.params.enlarge = false).await;
    let size = async |query: &str| {
        let answer = get(server.address, &format!("/mill.webp?format=png&{query}")).await;
        assert_eq!(answer.status, 200, "{query}");
        let side = |at: usize| u32::from_be_bytes(answer.body[at..at + 4].try_into().unwrap());
        (side(16), side(20))
    };
    assert_eq!(size("width=3840").await, (120, 120));
    assert_eq!(size("width=384&enlarge=true").await, (384, 384));
    assert_eq!(size("width=384&height=192&crop=fit").await, (120, 60));
    assert_eq!(size("width=60&dpr=4").await, (120, 120));
    assert_eq!(size("width=384").await, (120, 120), "what may be enlarged is another answer");
}

#[actix_web::test]
async fn svg_passthrough_has_a_content_security_policy() {
    let server = serve_samples(|config| config.output.svg_passthrough = true).await;
    let answer = get(server.address, "/pixmill-logo.svg").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/svg+xml"));
    assert!(answer.header("content-security-policy").ends_with("sandbox"));
    assert_eq!(answer.body, sample("pixmill-logo.svg"));
    let drawn = get(server.address, "/pixmill-logo.svg?width=64").await;
    assert_eq!((drawn.header("content-type"), drawn.find("content-security-policy")), ("image/png", None));
}

#[actix_web::test]
async fn serving_originals_can_be_disabled() {
    let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")));
    let server = serve(&origin.url, |config| config.params.allow_original = false).await;
    let answer = get(server.address, "/a.jpg?utm_source=x").await;
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (401, &"original_refused".into()));
    assert_eq!(origin.request_count(), 0);
    assert_eq!(get(server.address, "/a.jpg?width=10").await.status, 200);
}

//! The policy of the operator: allowed parameters, defaults, presets, and serving of originals.

use std::collections::BTreeMap;

use pixmill::config::Config;
use testkit::Picture;
use vips_ops::vips::{Access, Image, JpegScan, Keep, Loader, Settings, Subsample, Vips};

use crate::{
    client::{Response, get},
    fake_origin::{FakeOrigin, Reply},
    setup::{sample, serve, serve_samples},
};

fn table(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn picture(answer: &Response) -> Picture {
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    Vips::start(Settings::default()).unwrap();
    Picture::decode(&answer.body.clone().into())
}

/// Status, code and parameter of an error.
fn refusal(answer: &Response) -> (u16, String, String) {
    let error = &answer.json()["error"];
    let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
    (answer.status, text("code"), text("parameter"))
}

#[actix_web::test]
async fn strict_servers_refuse_unknown_and_clamped_values() {
    let server = serve_samples(|config| config.params.strict = true).await;
    for (query, parameter) in [
        ("blur=101", "blur"),
        ("blur64=MTAx", "blur"),
        ("width=40&quality=0", "quality"),
        ("widht=40", "widht"),
        ("widht64=NDA", "widht64"),
        ("width=40&utm_source=mail", "utm_source"),
    ] {
        let answer = get(server.address, &format!("/china.jpg?{query}")).await;
        let expected = (400, "invalid_parameter".to_owned(), parameter.to_owned());
        assert_eq!(refusal(&answer), expected, "{query}");
    }
    let message = get(server.address, "/china.jpg?widht=40").await.json()["error"]["message"].to_string();
    assert!(message.contains("close names: width"), "{message}");
    let range = get(server.address, "/china.jpg?quality=101").await.json()["error"]["message"].to_string();
    assert!(range.contains("expected a whole number from 1 to 100"), "{range}");
    assert_eq!(picture(&get(server.address, "/china.jpg?w=40&blur=0").await).width, 40);
}

#[actix_web::test]
async fn parameters_that_are_not_allowed_are_refused() {
    let server = serve_samples(|config| {
        config.params.allowed = vec!["w".to_owned(), "preset".to_owned()];
        config.params.presets = table(&[("low", "height=20")]);
    })
    .await;
    for query in ["height=5", "width=40&h=5", "h64=NQ"] {
        let answer = get(server.address, &format!("/china.jpg?{query}")).await;
        let expected = (401, "parameter_refused".to_owned(), "height".to_owned());
        assert_eq!(refusal(&answer), expected, "{query}");
        assert!(answer.json()["error"]["message"].as_str().unwrap().contains("params.allowed"), "{query}");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    for query in ["width=40", "w=40", "w64=NDA&utm_source=mail"] {
        assert_eq!(picture(&get(server.address, &format!("/china.jpg?{query}")).await).width, 40, "{query}");
    }
    assert_eq!(picture(&get(server.address, "/china.jpg?preset=low").await).height, 20);
}

#[actix_web::test]
async fn defaults_apply_to_missing_parameters() {
    let server = serve_samples(|config| {
        config.params.defaults = "width=50&filter=grayscale".to_owned();
        config.params.allowed = vec!["width".to_owned()];
        // with defaults, requests without parameters are not refused if serving originals is disabled
        config.params.allow_original = false;
    })
    .await;
    let plain = get(server.address, "/china.jpg").await;
    let wide = get(server.address, "/china.jpg?width=70").await;
    for (answer, width) in [(&plain, 50), (&wide, 70)] {
        let picture = picture(answer);
        assert_eq!(picture.width, width);
        assert!(picture.rgba.chunks_exact(4).all(|pixel| pixel[0].abs_diff(pixel[2]) < 8), "not grey");
    }
    assert_ne!(plain.header("etag"), wide.header("etag"));
    assert_eq!(get(server.address, "/china.jpg?filter=1").await.status, 401);
    assert_eq!(get(server.address, "/china.jpg?width=50").await.outcome(), (200, "hit-memory"));
}

#[actix_web::test]
async fn presets_are_named_query_strings() {
    let server = serve_samples(|config| {
        config.params.defaults = "quality=60".to_owned();
        config.params.presets =
            table(&[("thumb", "width=30&height=30&crop=fit"), ("tall", "height=60"), ("framed", "pad=5")]);
    })
    .await;
    for (query, size) in [
        ("preset=thumb", (30, 30)),
        ("preset=thumb,tall", (30, 60)),
        ("preset=tall,thumb", (30, 30)),
        ("preset=thumb,framed&width=20", (30, 40)),
        ("preset64=dGh1bWI", (30, 30)),
    ] {
        let picture = picture(&get(server.address, &format!("/china.jpg?{query}")).await);
        assert_eq!((picture.width, picture.height), size, "{query}");
    }
    let spelt_out = get(server.address, "/china.jpg?crop=fit&height=30&width=30").await;
    assert_eq!(spelt_out.outcome(), (200, "hit-memory"), "both names share one variant");
    let expected = (400, "invalid_parameter".to_owned(), "preset".to_owned());
    assert_eq!(refusal(&get(server.address, "/china.jpg?preset=thumb,none").await), expected);
    let bare = serve_samples(|_| ()).await;
    assert_eq!(refusal(&get(bare.address, "/china.jpg?preset=thumb").await), expected);
}

#[actix_web::test]
async fn preset_colors_can_be_used() {
    let server = serve_samples(|config| config.params.preset_colors = table(&[("Brand", "#1e78dc")])).await;
    let named = get(server.address, "/chelsea.png?width=40&pad=4&pad_color=brand").await;
    assert_eq!(picture(&named).at(1, 1)[..3], [0x1e, 0x78, 0xdc]);
    let spelt_out = get(server.address, "/chelsea.png?width=40&pad=4&pad_color=1E78DC").await;
    assert_eq!(spelt_out.outcome(), (200, "hit-memory"));
    let bare = serve_samples(|_| ()).await;
    let answer = get(bare.address, "/chelsea.png?width=40&pad=4&pad_color=brand").await;
    assert_eq!(refusal(&answer), (400, "invalid_parameter".to_owned(), "pad_color".to_owned()));
}

#[actix_web::test]
async fn a_smaller_original_is_served_unmodified() {
    Vips::start(Settings::default()).unwrap();
    let photo = Image::load(&sample("china.jpg"), &Loader::Jpeg { shrink: 2 }, Access::Random).unwrap();
    let poor = photo.save_jpeg(30, JpegScan::Baseline, Subsample::On, Keep::Nothing).unwrap();
    let origin = FakeOrigin::start(Reply::ok(&poor));
    let server = serve(&origin.url, |_| ()).await;
    let best = get(server.address, "/a.jpg?quality=100").await;
    assert!(best.body == *poor && best.header("content-type") == "image/jpeg");
    for target in ["/a.jpg?quality=100&interlace=1", "/a.jpg?quality=100&gamma=0.1"] {
        assert!(get(server.address, target).await.body.len() > poor.len(), "{target}");
    }
    let changes: [fn(&mut Config); 2] =
        [|config| config.output.never_larger = false, |config| config.params.allow_original = false];
    for change in changes {
        let server = serve(&origin.url, change).await;
        assert!(get(server.address, "/a.jpg?quality=100").await.body.len() > poor.len());
    }
}

//! Which originals requests reach, and by which rule they do not.

use std::{collections::BTreeMap, sync::Arc};

use super::*;
use crate::{Config, Hosts, Origins};

const DEFAULT: &str = r#"
    url = "http://user:hunter2@10.0.0.5:8080/images"
    allow_dynamic = true
    hosts_allowed = [
        "a.example", "*.b.example", "c.example:8080", "10.0.0.5", "10.0.0.6", "203.0.114.7", "192.168.0.1", "[fd00::1]",
    ]
    buckets_allowed = ["photos"]
    private_allowed = ["192.168.0.0/24"]
"#;

const NAMED: &str = r#"
    [shop]
    url = "http://10.0.0.6:8080"
    path_prefix = "/shop"
    [shop-eu]
    url = "https://eu.example/images/"
    path_prefix = "/shop/eu"
    [blog]
    url = "https://blog.example"
    hosts = ["blog.example.com", "*.blog.example.com"]
    [en-blog]
    url = "https://blog.example/en"
    hosts = ["en.blog.example.com"]
    [blog-shop]
    url = "https://blog.example/shop"
    hosts = ["blog.example.com"]
    path_prefix = "/shop"
    [files]
    url = "/"
    path_prefix = "/files"
"#;

fn origins(default: &str, named: &str) -> Origins {
    let default: Config = toml::from_str(default).unwrap();
    let named: BTreeMap<String, Config> = toml::from_str(named).unwrap();
    Origins::open(&default, &named, 1, &Arc::new(Hosts::new(&default))).unwrap()
}

/// The original's name, or the parameter and what is wrong with it.
fn outcome(origins: &Origins, asked: &Selection<'_>) -> String {
    match origins.locate(asked) {
        Ok(target) => origins.identity(&target),
        Err(Refusal::Path(error)) => error.to_string(),
        Err(Refusal::Malformed { parameter, expected, .. }) => format!("{parameter}: expected {expected}"),
        Err(Refusal::Forbidden { parameter, rule }) => format!("{parameter}: {rule}"),
    }
}

fn asked<'a>(path: &'a str, parameters: &[(&str, &'a str)]) -> Selection<'a> {
    let find = |name| parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    Selection {
        path,
        host: find("host"),
        origin: find("origin"),
        source_url: find("source_url"),
        host_header: find("host_header"),
        resolve: find("resolve"),
        bucket: find("bucket"),
        region: find("region"),
    }
}

#[test]
fn configured_origins_by_host_and_prefix() {
    let origins = origins(DEFAULT, NAMED);
    for (path, host, expected) in [
        ("/a.jpg", "x.example", "http://10.0.0.5:8080/images/a.jpg"),
        ("/shop/a.jpg", "x.example", "shop http://10.0.0.6:8080/a.jpg"),
        ("/%73hop/a%2c.jpg", "x.example", "shop http://10.0.0.6:8080/a%2C.jpg"),
        ("/shop", "x.example", "http://10.0.0.5:8080/images/shop"),
        ("/shopping/a.jpg", "x.example", "http://10.0.0.5:8080/images/shopping/a.jpg"),
        ("/shop/eu/a.jpg", "x.example", "shop-eu https://eu.example/images/a.jpg"),
        ("/shop/eu/../a.jpg", "x.example", "invalid path \"/shop/eu/../a.jpg\": expected no dot segments"),
        ("/a.jpg", "blog.example.com", "blog https://blog.example/a.jpg"),
        ("/a.jpg", "BLOG.example.com.:8443", "blog https://blog.example/a.jpg"),
        ("/a.jpg", "de.blog.example.com", "blog https://blog.example/a.jpg"),
        ("/a.jpg", "en.blog.example.com", "en-blog https://blog.example/en/a.jpg"),
        ("/shop/a.jpg", "blog.example.com", "blog-shop https://blog.example/shop/a.jpg"),
        ("/shop/a.jpg", "en.blog.example.com", "en-blog https://blog.example/en/shop/a.jpg"),
        ("/shop/a.jpg", "u@blog.example.com", "shop http://10.0.0.6:8080/a.jpg"),
        ("/shop/a.jpg", "blog.example.com/x", "shop http://10.0.0.6:8080/a.jpg"),
        ("/files/a.jpg", "x.example", "files file:////a.jpg"),
    ] {
        assert_eq!(outcome(&origins, &asked(path, &[("host", host)])), expected, "{host}{path}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn hosts_that_requests_name() {
    let origins = origins(DEFAULT, NAMED);
    for (path, parameters, expected) in [
        ("/x.jpg", &[("origin", "http://a.example")][..], "dynamic http://a.example/x.jpg"),
        ("/x.jpg", &[("origin", "a.example/base/")], "dynamic http://a.example/base/x.jpg"),
        ("/x.jpg", &[("origin", "HTTPS://A.Example.:443")], "dynamic https://a.example/x.jpg"),
        ("/x.jpg", &[("origin", "http://x.b.example")], "dynamic http://x.b.example/x.jpg"),
        ("/x.jpg", &[("origin", "http://c.example:8080")], "dynamic http://c.example:8080/x.jpg"),
        ("/shop/x.jpg", &[("origin", "a.example")], "dynamic http://a.example/shop/x.jpg"),
        ("/", &[("source_url", "http://a.example/x.jpg?w=1")], "dynamic http://a.example/x.jpg?w=1"),
        ("/http%3A%2F%2Fa.example%2Fx.jpg", &[], "dynamic http://a.example/x.jpg"),
        ("/https://a.example/x.jpg", &[], "dynamic https://a.example/x.jpg"),
        ("/x.jpg", &[("origin", "203.0.114.7")], "dynamic http://203.0.114.7/x.jpg"),
        // private: trusted, or a configured origin that is allowed by name
        ("/x.jpg", &[("origin", "192.168.0.1")], "dynamic http://192.168.0.1/x.jpg"),
        ("/x.jpg", &[("origin", "10.0.0.5:8080")], "dynamic http://10.0.0.5:8080/x.jpg"),
        ("/x.jpg", &[("origin", "10.0.0.6:8080")], "dynamic http://10.0.0.6:8080/x.jpg"),
        // another site of an allowed host
        (
            "/x.jpg",
            &[("origin", "a.example"), ("host_header", "Y.b.example")],
            "dynamic http://a.example/x.jpg host y.b.example",
        ),
        (
            "/x.jpg",
            &[("origin", "a.example"), ("host_header", "a.example")],
            "dynamic http://a.example/x.jpg",
        ),
        ("/x.jpg", &[("host_header", "a.example")], "http://10.0.0.5:8080/images/x.jpg host a.example"),
        ("/shop/x.jpg", &[("host_header", "a.example")], "shop http://10.0.0.6:8080/x.jpg host a.example"),
        ("/files/x.jpg", &[("host_header", "no.example")], "files file:////x.jpg"),
        // another address of an allowed host
        (
            "/x.jpg",
            &[("origin", "https://a.example"), ("resolve", "A.example:443:203.0.114.9")],
            "dynamic https://a.example/x.jpg at 203.0.114.9",
        ),
        (
            "/x.jpg",
            &[("origin", "http://a.example"), ("resolve", "a.example:80:203.0.114.7")],
            "dynamic http://a.example/x.jpg at 203.0.114.7",
        ),
        (
            "/x.jpg",
            &[("origin", "https://a.example"), ("resolve", "a.example:80:203.0.114.9")],
            "dynamic https://a.example/x.jpg",
        ),
        ("/x.jpg", &[("resolve", "a.example:80:203.0.114.9")], "http://10.0.0.5:8080/images/x.jpg"),
        ("/x.jpg", &[("region", "r")], "http://10.0.0.5:8080/images/x.jpg"),
    ] {
        assert_eq!(outcome(&origins, &asked(path, parameters)), expected, "{path} {parameters:?}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn requests_that_rules_forbid() {
    let origins = origins(DEFAULT, NAMED);
    for (path, parameters, expected) in [
        ("/x.jpg", &[("origin", "http://x.example")][..], "origin: origin.hosts_allowed"),
        ("/x.jpg", &[("origin", "http://b.example")], "origin: origin.hosts_allowed"),
        ("/x.jpg", &[("origin", "http://xb.example")], "origin: origin.hosts_allowed"),
        ("/x.jpg", &[("origin", "http://a.example.evil.example")], "origin: origin.hosts_allowed"),
        ("/x.jpg", &[("origin", "http://a.example:8080")], "origin: origin.hosts_allowed"),
        ("/x.jpg", &[("origin", "http://a.example:443")], "origin: origin.hosts_allowed"),
        ("/x.jpg", &[("origin", "http://c.example")], "origin: origin.hosts_allowed"),
        ("/x.jpg", &[("origin", "http://10.0.0.7")], "origin: origin.hosts_allowed"),
        ("/x.jpg", &[("origin", "http://10.0.0.5:22")], "origin: origin.hosts_allowed"),
        ("/x.jpg", &[("origin", "http://10.0.0.5")], "origin: origin.private_allowed"),
        ("/x.jpg", &[("origin", "http://0xa000005")], "origin: origin.private_allowed"),
        ("/x.jpg", &[("origin", "http://[fd00::1]")], "origin: origin.private_allowed"),
        ("/", &[("source_url", "http://x.example/a.jpg")], "source_url: origin.hosts_allowed"),
        ("/http%3A%2F%2Fx.example%2Fx.jpg", &[], "path: origin.hosts_allowed"),
        (
            "/x.jpg",
            &[("origin", "a.example"), ("host_header", "x.example")],
            "host_header: origin.hosts_allowed",
        ),
        ("/x.jpg", &[("host_header", "a.example:81")], "host_header: origin.hosts_allowed"),
        (
            "/x.jpg",
            &[("origin", "a.example"), ("resolve", "a.example:80:203.0.114.9")],
            "resolve: origin.hosts_allowed",
        ),
        (
            "/x.jpg",
            &[("origin", "https://a.example"), ("resolve", "a.example:443:127.0.0.2")],
            "resolve: origin.private_allowed",
        ),
        (
            "/x.jpg",
            &[("origin", "https://a.example"), ("resolve", "x:1:169.254.169.254")],
            "resolve: origin.private_allowed",
        ),
        (
            "/x.jpg",
            &[("origin", "https://a.example"), ("resolve", "a.example:443:::ffff:10.0.0.1")],
            "resolve: origin.private_allowed",
        ),
        // a private origin may be named, but not moved
        (
            "/x.jpg",
            &[("origin", "10.0.0.5:8080"), ("resolve", "10.0.0.5:8080:10.0.0.9")],
            "resolve: origin.private_allowed",
        ),
        ("/x.jpg", &[("bucket", "private"), ("region", "r")], "bucket: origin.buckets_allowed"),
        ("/x.jpg", &[("bucket", "photos.evil"), ("region", "r")], "bucket: origin.buckets_allowed"),
        ("/x.jpg", &[("bucket", "photos")], "bucket photos/x.jpg"),
        ("/x.jpg", &[("bucket", "photos"), ("region", "eu-central-1")], "bucket photos/x.jpg"),
        (
            "/x.jpg",
            &[("bucket", "photos"), ("region", "evil.example/")],
            "region: expected a region such as eu-central-1",
        ),
    ] {
        assert_eq!(outcome(&origins, &asked(path, parameters)), expected, "{path} {parameters:?}");
    }
    for (path, parameters) in [
        ("/x.jpg", &[("origin", "")][..]),
        ("/x.jpg", &[("origin", "http://user@a.example")]),
        ("/x.jpg", &[("origin", "http://a.example?x")]),
        ("/x.jpg", &[("origin", "ftp://a.example")]),
        ("/x.jpg", &[("source_url", "http://a.example/y.jpg")]),
        ("/", &[("source_url", "http://a.example/\r\nX: y")]),
        ("/", &[("source_url", "http://a.example\\@b.example/")]),
        ("/http%3A%2F%2Fa.example%2F%0d%0aX:y", &[]),
        ("/x.jpg", &[("origin", "a.example"), ("host_header", "a.example\r\nX: y")]),
        ("/x.jpg", &[("origin", "a.example"), ("resolve", "a.example:80:")]),
        ("/../x.jpg", &[("origin", "a.example")]),
    ] {
        let refusal = origins.locate(&asked(path, parameters)).unwrap_err();
        assert!(!matches!(refusal, Refusal::Forbidden { .. }), "{path} {parameters:?}: {refusal:?}");
    }
}

#[test]
fn patterns_of_many_hosts_exempt_no_private_address() {
    for pattern in ["*", "*:*", "*.internal:*"] {
        let config =
            format!("url = 'http://img.internal:8080'\nallow_dynamic = true\nhosts_allowed = ['{pattern}']");
        let origins = origins(&config, "[a]\nurl = 'http://10.0.0.5:8080'\npath_prefix = '/a'");
        assert!(origins.router().exempt.is_empty(), "{pattern}");
        for private in ["10.0.0.5:8080", "127.0.0.1", "169.254.169.254"] {
            let outcome = outcome(&origins, &asked("/x.jpg", &[("origin", private)]));
            assert!(outcome.starts_with("origin: origin."), "{pattern} {private}: {outcome}");
        }
    }
}

#[test]
fn everything_dynamic_is_refused_by_default() {
    let origins =
        origins("url = 'http://10.0.0.5'\nhosts_allowed = ['*']\nbuckets_allowed = ['photos']", NAMED);
    for name in ["origin", "source_url", "host_header", "resolve", "bucket"] {
        for value in ["http://a.example", "", "\0"] {
            let outcome = outcome(&origins, &asked("/x.jpg", &[(name, value)]));
            assert_eq!(outcome, format!("{name}: origin.allow_dynamic"), "{value:?}");
        }
    }
    for path in
        ["/http%3A%2F%2Fa.example%2Fx.jpg", "/https:/a.example", "//HTTPS%3a//a", "/%68%74%74%70%3a%2f%2fa"]
    {
        assert_eq!(outcome(&origins, &asked(path, &[])), "path: origin.allow_dynamic", "{path}");
    }
    assert!(outcome(&origins, &asked("/x.jpg", &[("region", "r")])).starts_with("http://10.0.0.5/"));
    let refused = origins.locate_url("http://a.example/x.png", "mark").unwrap_err();
    assert_eq!(refused, Refusal::Forbidden { parameter: "mark", rule: Rule::AllowDynamic });
}

#[test]
fn overlays_come_from_the_origin_of_their_picture() {
    let origins = origins(DEFAULT, NAMED);
    let beside = |asked: &Selection<'_>| {
        let target = origins.locate(asked).unwrap();
        origins.identity(&target.beside(SourcePath::parse("/logo.png").unwrap()))
    };
    for (path, parameters, expected) in [
        ("/a/x.jpg", &[][..], "http://10.0.0.5:8080/images/logo.png"),
        ("/shop/a/x.jpg", &[], "shop http://10.0.0.6:8080/logo.png"),
        ("/x.jpg", &[("origin", "a.example/base")], "dynamic http://a.example/base/logo.png"),
        ("/", &[("source_url", "https://a.example/b/x.jpg?y")], "dynamic https://a.example/logo.png"),
        (
            "/x.jpg",
            &[
                ("origin", "https://a.example"),
                ("host_header", "x.b.example"),
                ("resolve", "a.example:443:203.0.114.9"),
            ],
            "dynamic https://a.example/logo.png host x.b.example at 203.0.114.9",
        ),
    ] {
        assert_eq!(beside(&asked(path, parameters)), expected, "{path} {parameters:?}");
    }
    // one original, two places for its overlays: answers with them are not the same
    let [one, other] = ["http://a.example/base", "http://a.example"].map(|origin| {
        let path = if origin.ends_with("base") { "/y/x.jpg" } else { "/base/y/x.jpg" };
        origins.locate(&asked(path, &[("origin", origin)])).unwrap()
    });
    assert_eq!(origins.identity(&one), origins.identity(&other));
    assert_ne!(origins.identity_with_base(&one), origins.identity_with_base(&other));
    let absolute = |url| origins.locate_url(url, "layers").map(|target| origins.identity(&target));
    assert_eq!(absolute("https://a.example/x.png?y").unwrap(), "dynamic https://a.example/x.png?y");
    assert_eq!(absolute("//a.example/x.png").unwrap(), "dynamic http://a.example/x.png");
    for (url, rule) in
        [("http://x.example/x.png", Rule::HostsAllowed), ("http://10.0.0.6/x.png", Rule::PrivateAllowed)]
    {
        assert_eq!(absolute(url), Err(Refusal::Forbidden { parameter: "layers", rule }), "{url}");
    }
    assert!(matches!(absolute("http://u@a.example/"), Err(Refusal::Malformed { parameter: "layers", .. })));
}

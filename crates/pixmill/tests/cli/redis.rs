//! Log messages of `serve` about Redis: unavailability and configuration drift.

use testkit::RedisServer;

use crate::{
    run::out,
    serve::{Server, serve_in},
};

fn serve(url: &str, more: &[(&str, &str)]) -> Server {
    serve_in(
        &[&[("PIXMILL__CACHE__REDIS__URL", url), ("PIXMILL__CACHE__REDIS__TIMEOUT", "5s")], more].concat(),
    )
}

#[test]
fn a_wrong_password_is_a_warning_that_does_not_contain_it() {
    let Some(redis) = RedisServer::start() else { return };
    redis.ask::<()>(&["ACL", "SETUSER", "pixmill", "on", ">of-the-user", "~*", "&*", "+@all"]);
    redis.configure("requirepass", "of-all");
    for (credentials, reason) in [
        (":s3cret@", "user and password of cache.redis.url: WRONGPASS"),
        ("pixmill:s3cret@", "user and password of cache.redis.url: WRONGPASS"),
        ("nobody:s3cret@", "user and password of cache.redis.url: WRONGPASS"),
        ("", "user and password of cache.redis.url: NOAUTH"),
    ] {
        let url = redis.url().replace("redis://", &format!("redis://{credentials}"));
        let more = [("PIXMILL__LOGS__FILTER", "debug"), ("PIXMILL__LOGS__FORMAT", "json")];
        let mut server = serve(&url, &more);
        let line = server.says("using local caches only");
        assert!(line.contains("\"WARN\"") && line.contains(reason), "{credentials}: {line}");
        let said = server.said();
        assert!(!said.contains("s3cret") && !said.contains(&redis.port().to_string()), "{said}");
        assert_eq!(out(["health", &server.url]), "healthy\n");
    }
}

#[test]
fn configuration_drift_is_a_warning() {
    let Some(redis) = RedisServer::start() else { return };
    let mut first = serve(&redis.url(), &[]);
    first.says("redis available");
    let mut other = serve(&redis.url(), &[("PIXMILL__PARAMS__STRICT", "true")]);
    let line = other.says("differ in release or configuration");
    assert!(line.contains("\"WARN\"") && line.contains("rolling restart"), "{line}");
    assert_eq!(line.matches("1 with ").count(), 2, "{line}");
}

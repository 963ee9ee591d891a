//! Section `origin`: what it is parsed from, what is wrong with it, and what is shown of it.

use super::*;
use config_types::Secret;

fn with(change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config { url: "http://images.example".into(), ..Config::default() };
    change(&mut config);
    config
}

#[test]
fn the_default_is_valid_and_has_no_origin() {
    let config = Config::default();
    assert_eq!(config.problems(), []);
    assert_eq!(&*config.url, "");
    assert!(config.user_agent.contains(LOOP_MARK));
}

#[test]
fn reads_toml() {
    let config: Config = toml::from_str(
        r#"
        url = "https://images.example/photos"
        connect_timeout = "250ms"
        timeout = "1m"
        [headers]
        Authorization = "Bearer abc"
        "#,
    )
    .unwrap();
    assert_eq!(config.connect_timeout, Duration::from_millis(250));
    assert_eq!(config.timeout, Duration::from_mins(1));
    assert_eq!(config.response_timeout, Config::default().response_timeout);
    assert_eq!(config.problems(), []);
    assert!(toml::from_str::<Config>("uri = \"\"").is_err());
}

#[test]
fn every_key_is_described() {
    let schema = serde_json::to_value(schemars::schema_for!(Config)).unwrap();
    let properties = schema["properties"].as_object().unwrap();
    assert_eq!(properties.len(), 22);
    for (key, property) in properties {
        assert!(property["description"].is_string(), "{key}: {property}");
    }
    assert_eq!(properties["timeout"]["type"], "string");
}

#[test]
fn each_problem_names_its_key() {
    type Change = fn(&mut Config);
    let cases: &[(&str, Change)] = &[
        ("origin.url", |c| c.url = "gopher://a".into()),
        ("origin.url", |c| c.url = "/no/such/folder".into()),
        ("origin.connect_timeout", |c| c.connect_timeout = Duration::ZERO),
        ("origin.response_timeout", |c| c.response_timeout = Duration::ZERO),
        ("origin.timeout", |c| c.timeout = Duration::ZERO),
        ("origin.max_redirects", |c| c.max_redirects = 21),
        ("origin.max_connections", |c| c.max_connections = 0),
        ("origin.folder_check", |c| c.folder_check = LONGEST_CHECK + Duration::from_nanos(1)),
        ("origin.user_agent", |c| c.user_agent = "Pixmill".to_owned()),
        ("origin.user_agent", |c| c.user_agent = "imagizer\r\nx: y".to_owned()),
        ("origin.headers.a b", |c| drop(c.headers.insert("a b".to_owned(), Secret::default()))),
        ("origin.headers.x", |c| drop(c.headers.insert("x".to_owned(), "a\nb".into()))),
        ("origin.headers.Range", |c| drop(c.headers.insert("Range".to_owned(), "bytes=0-".into()))),
        ("origin.ca_file", |c| c.ca_file = Some("/no/such/file".into())),
    ];
    let mut all = Config::default();
    for (key, change) in cases {
        let problems = with(change).problems();
        assert!(matches!(problems.as_slice(), [problem] if problem.key == *key), "{key}: {problems:?}");
        change(&mut all);
    }
    assert_eq!(all.problems().len(), 12);
}

#[test]
fn secrets_are_not_shown() {
    let config = with(|c| {
        c.url = "http://user:hunter2@images.example/x?".into();
        c.headers.insert("Authorization".to_owned(), "Bearer hunter2".into());
    });
    let shown = format!("{config:?} {} {:?}", toml::to_string(&config).unwrap(), config.problems());
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("http://***@images.example/x?***"), "{shown}");
    let broken = with(|c| c.url = "http://user:hunter2@".into());
    assert!(!format!("{broken:?} {:?}", broken.problems()).contains("hunter2"));
}

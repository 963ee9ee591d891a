//! `serve` with buckets, with credentials from the credential chains of the three clouds. Their services are fakes: signatures of
//! S3 requests are verified, of Google and Azure only the requests are compared.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex, mpsc},
    thread,
};

use bytes::Bytes;

use crate::{
    s3::{ACCESS_KEY, BUCKET, LAST_MODIFIED, SECRET_KEY, Service},
    serve::serve_in,
};

/// Expiry of credentials.
const FAR: &str = "2999-01-01T00:00:00Z";

fn picture() -> Bytes {
    fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/china.jpg")).unwrap().into()
}

/// Requests are traced; nothing listens at port 1.
const TRACED: (&str, &str) = ("PIXMILL__TELEMETRY__OTLP__ENDPOINT", "http://127.0.0.1:1");

/// Whether a request tells which trace it belongs to.
fn is_traced(request: &str) -> bool {
    request.to_lowercase().contains("\r\ntraceparent: 00-")
}

/// Requests the picture. Returns the status.
fn status(url: &str) -> u16 {
    let authority = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(authority).unwrap();
    write!(stream, "GET /a%20b.jpg?width=40 HTTP/1.0\r\nHost: {authority}\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap().parse().unwrap()
}

/// A fake cloud service: responds by request line, and records the heads and bodies of requests.
struct Played {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Played {
    fn start(script: impl Fn(&str) -> (u16, Bytes) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let told = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let request = read(&stream);
                let (status, body) = script(request.lines().next().unwrap_or_default());
                told.lock().unwrap().push(request);
                answer(stream, status, &body);
            }
        });
        Self { url, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") && reader.read_line(&mut request).unwrap() > 0 {}
    let length =
        request.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or_default()];
    reader.read_exact(&mut body).unwrap();
    request + &String::from_utf8(body).unwrap()
}

fn answer(mut stream: TcpStream, status: u16, body: &[u8]) {
    let head = format!(
        "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\nETag: \"1\"\r\nLast-Modified: {LAST_MODIFIED}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).unwrap();
}

/// Starts the fake S3 service, on a thread until the tests end. Returns its endpoint.
fn s3() -> String {
    let (told, endpoint) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let service = Service::start([("a b.jpg", picture())]).await;
            told.send(service.endpoint).unwrap();
            std::future::pending::<()>().await;
        });
    });
    endpoint.recv().unwrap()
}

/// Checks the status of a server with the S3 bucket and this environment.
#[track_caller]
fn check_s3(endpoint: &str, environment: &[(&str, &str)], expected: u16) {
    let bucket = format!("s3://{BUCKET}");
    let mut all =
        vec![("PIXMILL__ORIGIN__URL", bucket.as_str()), ("PIXMILL__ORIGIN__BUCKET__ENDPOINT", endpoint)];
    all.extend(environment);
    assert_eq!(status(&serve_in(&all).url), expected, "{environment:?}");
}

#[test]
fn amazon_credentials_from_the_environment() {
    let endpoint = s3();
    let key = ("AWS_ACCESS_KEY_ID", ACCESS_KEY);
    check_s3(&endpoint, &[key, ("AWS_SECRET_ACCESS_KEY", SECRET_KEY), ("AWS_REGION", "eu-west-1")], 200);
    check_s3(&endpoint, &[key, ("AWS_SECRET_ACCESS_KEY", "wrong")], 403);
    // keys of the configuration are used without a session token of the environment, which would not match
    let own = [
        ("PIXMILL__ORIGIN__BUCKET__ACCESS_KEY_ID", ACCESS_KEY),
        ("PIXMILL__ORIGIN__BUCKET__SECRET_ACCESS_KEY", SECRET_KEY),
        ("AWS_ACCESS_KEY_ID", "another"),
        ("AWS_SESSION_TOKEN", "another"),
        ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1"),
    ];
    check_s3(&endpoint, &own, 200);
}

#[test]
fn the_web_identity_of_a_service_account() {
    let endpoint = s3();
    let sts = Played::start(|_| {
        let credentials = format!(
            "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><SessionToken>t</SessionToken>\
             <SecretAccessKey>{SECRET_KEY}</SecretAccessKey><AccessKeyId>{ACCESS_KEY}</AccessKeyId>\
             <Expiration>{FAR}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
        );
        (200, credentials.into())
    });
    let folder = tempfile::tempdir().unwrap();
    let token = write_file(folder.path(), "the-token");
    let environment = [
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/pixmill"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()),
        ("AWS_ENDPOINT_URL_STS", sts.url.as_str()),
    ];
    check_s3(&endpoint, &environment, 200);
    let asked = sts.asked();
    assert!(asked[0].contains("the-token") && asked[0].contains("AssumeRoleWithWebIdentity"), "{asked:?}");
}

#[test]
fn the_role_of_a_pod() {
    let endpoint = s3();
    let agent = Played::start(|_| (200, instance_credentials()));
    let folder = tempfile::tempdir().unwrap();
    let token = write_file(folder.path(), "the-token");
    let environment = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.url.as_str()),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token.as_str()),
    ];
    check_s3(&endpoint, &environment, 200);
    assert!(agent.asked()[0].to_lowercase().contains("authorization: the-token"), "{:?}", agent.asked());
}

#[test]
fn the_role_of_an_instance() {
    let endpoint = s3();
    let metadata = Played::start(|line| match line.split(' ').nth(1).unwrap() {
        "/latest/api/token" => (200, "session".into()),
        "/latest/meta-data/iam/security-credentials/" => (200, "role".into()),
        "/latest/meta-data/iam/security-credentials/role" => (200, instance_credentials()),
        _ => (404, Bytes::new()),
    });
    check_s3(&endpoint, &[("AWS_METADATA_ENDPOINT", &metadata.url)], 200);
    let asked = metadata.asked();
    assert!(
        asked[0].starts_with("PUT ") && asked[0].to_lowercase().contains("content-length: 0"),
        "{asked:?}"
    );
    assert!(asked[2].to_lowercase().contains("x-aws-ec2-metadata-token: session"), "{asked:?}");
}

fn instance_credentials() -> Bytes {
    format!(
        "{{\"AccessKeyId\":\"{ACCESS_KEY}\",\"SecretAccessKey\":\"{SECRET_KEY}\",\"Token\":\"t\",\"Expiration\":\"{FAR}\"}}"
    )
    .into()
}

fn write_file(folder: &Path, text: &str) -> String {
    let path = folder.join("token");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn google() {
    let storage = Played::start(|_| (200, picture()));
    let metadata = Played::start(|_| (200, "{\"access_token\":\"granted\",\"expires_in\":3600}".into()));
    let environment = |last| {
        [
            ("PIXMILL__ORIGIN__URL", "gs://photos/2026"),
            ("PIXMILL__ORIGIN__BUCKET__ENDPOINT", storage.url.as_str()),
            TRACED,
            last,
        ]
    };
    let host = metadata.url.strip_prefix("http://").unwrap();
    assert_eq!(status(&serve_in(&environment(("GCE_METADATA_HOST", host))).url), 200);
    let anonymous = environment(("PIXMILL__ORIGIN__BUCKET__ANONYMOUS", "true"));
    assert_eq!(status(&serve_in(&anonymous).url), 200);
    let asked = storage.asked();
    assert!(asked[0].starts_with("GET /photos/2026%2Fa%20b%2Ejpg HTTP/1.1\r\n"), "{asked:?}");
    assert!(asked[0].to_lowercase().contains("authorization: bearer granted\r\n"), "{asked:?}");
    assert!(!asked[1].to_lowercase().contains("authorization"), "{asked:?}");
    assert!(asked.iter().all(|request| is_traced(request)), "{asked:?}");
    assert!(!is_traced(&metadata.asked()[0]), "credentials are no part of the trace");
    assert!(metadata.asked()[0].to_lowercase().contains("metadata-flavor: google"), "{:?}", metadata.asked());
}

#[test]
fn azure() {
    let storage = Played::start(|_| (200, picture()));
    let login = Played::start(|_| (200, "{\"access_token\":\"granted\",\"expires_in\":3600}".into()));
    let folder = tempfile::tempdir().unwrap();
    let token = write_file(folder.path(), "the-token");
    let workload = [
        ("AZURE_CLIENT_ID", "client"),
        ("AZURE_TENANT_ID", "tenant"),
        ("AZURE_FEDERATED_TOKEN_FILE", token.as_str()),
        ("AZURE_AUTHORITY_HOST", login.url.as_str()),
    ];
    let key = [("PIXMILL__ORIGIN__BUCKET__AZURE_KEY", "c2VjcmV0")];
    let signature = [("PIXMILL__ORIGIN__BUCKET__AZURE_SAS", "?sv=2023-11-03&sig=abc%2Fd%3D")];
    for environment in [&workload[..], &key, &signature] {
        let mut all = vec![
            ("PIXMILL__ORIGIN__URL", "az://photos/2026"),
            ("PIXMILL__ORIGIN__BUCKET__ENDPOINT", storage.url.as_str()),
            ("PIXMILL__ORIGIN__BUCKET__AZURE_ACCOUNT", "acme"),
            TRACED,
        ];
        all.extend(environment);
        assert_eq!(status(&serve_in(&all).url), 200, "{environment:?}");
    }
    let asked = storage.asked();
    assert!(asked[0].to_lowercase().contains("authorization: bearer granted\r\n"), "{asked:?}");
    assert!(asked[1].to_lowercase().contains("authorization: sharedkey acme:"), "{asked:?}");
    for request in &asked[..2] {
        assert!(request.starts_with("GET /photos/2026/a%20b.jpg HTTP/1.1\r\n"), "{request}");
    }
    assert!(
        asked[2].starts_with("GET /photos/2026/a%20b.jpg?sv=2023-11-03&sig=abc%2Fd%3D HTTP/1.1\r\n"),
        "{asked:?}"
    );
    assert!(login.asked()[0].contains("client_assertion=the-token"), "{:?}", login.asked());
    assert!(asked.iter().all(|request| is_traced(request)) && !is_traced(&login.asked()[0]), "{asked:?}");
}

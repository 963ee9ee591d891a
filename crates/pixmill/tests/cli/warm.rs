//! `warm`: lists of URLs, and their outcome.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread::{self, JoinHandle},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use rcgen::CertifiedKey;
use rustls::{ServerConfig, ServerConnection, StreamOwned, pki_types::PrivateKeyDer};
use testkit::{
    origin::{FakeOrigin, ReceivedRequest, Reply},
    sample,
};

use crate::{
    run::{err, out, refused, told},
    serve::{Server, serve_samples, serve_with},
};

fn list(lines: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("urls.txt");
    fs::write(&path, lines).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn a_list_is_warmed() {
    let Server { url, .. } = &serve_samples();
    let (_folder, path) = list("# the front page\n/china.jpg?width=50\n\n/chelsea.png?width=50\n");
    assert_eq!(out(["warm", &path, "--server", url]), "2 of 2 URLs warmed\n");
    let (_folder, path) = list(&format!("{url}/china.jpg?width=60\n"));
    assert_eq!(out(["warm", &path]), "1 of 1 URLs warmed\n");
}

#[test]
fn a_list_of_sizes_fetches_its_original_once() {
    let origin = FakeOrigin::start(Reply::ok(&sample("chelsea.png")));
    let server = serve_with(&["--origin", &origin.url], &[]);
    let widths =
        [320, 300, 280, 260, 240, 220, 200, 180].map(|width| format!("/chelsea.png?width={width}\n"));
    let (_folder, path) = list(&widths.concat());
    assert_eq!(out(["warm", &path, "--server", &server.url, "--concurrency", "8"]), "8 of 8 URLs warmed\n");
    assert_eq!(origin.request_count(), 1);
}

#[test]
fn failures_are_summarized() {
    let Server { url, .. } = &serve_samples();
    let (_folder, path) = list("/none.jpg\n/china.jpg?width=50\n/china.jpg?width=x\n");
    let told = told(["warm", &path, "--server", url, "--concurrency", "2"]);
    assert_eq!((told.code, told.out.as_str()), (1, "1 of 3 URLs warmed\n"));
    let expected = format!(
        "error: 2 of 3 URLs failed:\n  {url}/none.jpg: status 404\n  {url}/china.jpg?width=x: status 400\n"
    );
    assert_eq!(told.err, expected);
}

#[test]
fn invalid_lists_are_refused() {
    let (_folder, path) = list("/china.jpg\n");
    assert!(refused(["warm", &path]).contains("invalid URL \"/china.jpg\": expected an absolute URL"));
    assert!(err(["warm", "no-such-file"]).contains("no-such-file"));
}

/// Answers one request with these bytes. Returns its path.
fn answer(stream: &mut (impl Read + Write), bytes: &str) -> String {
    let mut lines = BufReader::new(&mut *stream).lines();
    let first = lines.next().unwrap().unwrap();
    lines.map(Result::unwrap).find(String::is_empty).unwrap();
    stream.write_all(bytes.as_bytes()).unwrap();
    stream.flush().unwrap();
    first.split(' ').nth(1).unwrap().to_owned()
}

/// A server that gives these answers, each on a connection of its own; an empty one closes it without a response. Returns its
/// URL, and the paths that were requested.
fn answering(answers: &'static [&'static str]) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let paths = answers.iter().map(|bytes| answer(&mut listener.accept().unwrap().0, bytes));
        paths.collect()
    });
    (url, server)
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
const BUSY: &str = "HTTP/1.1 503 Busy\r\nretry-after: 0\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

#[test]
fn overload_and_broken_connections_are_retried() {
    let (url, server) = answering(&[BUSY, "", OK]);
    let (_folder, path) = list("/a.jpg\n");
    assert_eq!(out(["warm", &path, "--server", &url, "--rate", "1000"]), "1 of 1 URLs warmed\n");
    assert_eq!(server.join().unwrap(), ["/a.jpg"; 3]);
    let (url, server) = answering(&[BUSY, BUSY]);
    let told = told(["warm", &path, "--server", &url, "--retries", "1"]);
    assert_eq!((told.code, told.out.as_str()), (1, "0 of 1 URLs warmed\n"));
    assert!(told.err.ends_with("/a.jpg: status 503\n"), "{told:?}");
    assert_eq!(server.join().unwrap().len(), 2);
}

#[test]
fn sitemaps_are_read_with_all_that_they_refer_to() {
    let origin = FakeOrigin::start(Reply::ok(&Bytes::from_static(b"ok")));
    let gzip = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        Reply::ok(&encoder.finish().unwrap().into())
    };
    let at = |path: &str| format!("{}{path}", origin.url);
    let index = format!(
        "<sitemapindex><sitemap><loc>{0}/one.xml</loc></sitemap><sitemap><loc>{0}/two.xml.gz</loc></sitemap>\
         <sitemap><loc>{0}/index.xml</loc></sitemap></sitemapindex>",
        origin.url
    );
    let one = format!(
        "<urlset xmlns:i='http://www.google.com/schemas/sitemap-image/1.1'><url><loc>{0}/page.jpg</loc>\
         <i:image><i:loc>{0}/a.jpg?q=1&amp;w=9</i:loc></i:image></url></urlset>",
        origin.url
    );
    let two =
        format!("<urlset><url><loc>{0}/b.png</loc></url><url><loc>{0}/page</loc></url></urlset>", origin.url);
    origin.set_reply_at("/index.xml", Reply::ok(&index.clone().into()));
    origin.set_reply_at("/one.xml", Reply::redirect(&at("/moved.xml")));
    origin.set_reply_at("/moved.xml", Reply::ok(&one.into()));
    origin.set_reply_at("/two.xml.gz", gzip(&two));
    assert_eq!(out(["warm", &at("/index.xml"), "--widths", "320,640"]), "4 of 4 URLs warmed\n");
    let requests = origin.requests();
    let mut pictures: Vec<_> =
        requests.iter().map(ReceivedRequest::path).filter(|path| path.contains("width")).collect();
    pictures.sort_unstable();
    let expected = ["/a.jpg?width=320&q=1", "/a.jpg?width=640&q=1", "/b.png?width=320", "/b.png?width=640"];
    assert_eq!(pictures, expected);
    let (_folder, file) = list(&index);
    assert_eq!(out(["warm", &file]), "2 of 2 URLs warmed\n");
}

#[test]
fn sitemaps_that_cannot_be_read_are_failures() {
    let origin = FakeOrigin::start(Reply::status(404));
    let at = |path: &str| format!("{}{path}", origin.url);
    assert!(err(["warm", &at("/none.xml")]).ends_with("/none.xml: status 404\n"));
    let (_folder, path) = list("<html></html>");
    assert!(err(["warm", &path]).contains("expected a sitemap with the root element urlset or sitemapindex"));
    for depth in 1..=4 {
        let next = format!(
            "<sitemapindex><sitemap><loc>{}</loc></sitemap></sitemapindex>",
            at(&format!("/{}", depth + 1))
        );
        origin.set_reply_at(&format!("/{depth}"), Reply::ok(&next.into()));
    }
    assert!(err(["warm", &at("/1")]).contains("more than 3 deep"));
}

#[test]
fn servers_are_reached_by_tls() {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    let text = STANDARD.encode(cert.der());
    let pem = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
    fs::write(&authority, pem).unwrap();
    let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let builder = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let config = Arc::new(builder.with_single_cert(vec![cert.der().clone()], key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}/a.jpg\n", listener.local_addr().unwrap().port());
    let accept =
        move |stream: TcpStream| StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
    let server = thread::spawn(move || {
        let path = answer(&mut accept(listener.accept().unwrap().0), OK);
        // the second client does not trust the certificate
        let refused = accept(listener.accept().unwrap().0).read(&mut [0]).is_err();
        (path, refused)
    });
    let (_folder, path) = list(&url);
    let trusting = ["warm", &path, "--ca-file", authority.to_str().unwrap()];
    assert_eq!(out(trusting), "1 of 1 URLs warmed\n");
    assert_eq!(told(["warm", &path]).code, 1);
    assert_eq!(server.join().unwrap(), ("/a.jpg".to_owned(), true));
    assert!(refused(["warm", &path, "--ca-file", &path]).contains("has no certificates"));
}

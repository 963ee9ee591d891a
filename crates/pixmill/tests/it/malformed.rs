//! What is no HTTP request: answered, counted, and not an error of ours.

use crate::{
    client::{Connection, get},
    setup::{serve_samples, until},
};

#[actix_web::test]
async fn what_is_no_request_is_counted_by_what_is_wrong() {
    let server = serve_samples(|_| ()).await;
    let huge = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "x".repeat(200_000));
    let tls = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n";
    for (sent, status, counted) in [
        (&tls[..], 400, "syntax\"} 1"),
        (b"GET / HTTP/1.1\r\nHo st: a\r\n\r\n", 400, "syntax\"} 2"),
        (b"GET / HTP/1.1\r\nHost: a\r\n\r\n", 400, "version\"} 1"),
        (b"GET / HTTP/3.1\r\nHost: a\r\n\r\n", 400, "version\"} 2"),
        (huge.as_bytes(), 431, "too_large\"} 1"),
    ] {
        let mut connection = Connection::open(server.address).await;
        connection.write_bytes(sent).await;
        // what the server did not read of a head that is too large may take its answer along
        if status == 400 {
            assert_eq!(connection.read("GET").await.status, status, "{counted}");
        }
        let line = format!("pixmill_malformed_requests_total{{reason=\"{counted}");
        let counters = async || String::from_utf8(get(server.admin_address, "/metrics").await.body).unwrap();
        until(async || counters().await.lines().any(|found| found == line)).await;
    }
    assert_eq!(get(server.address, "/health").await.status, 200);
}

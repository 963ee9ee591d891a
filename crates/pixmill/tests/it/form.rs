//! Requests with a body.

use std::net::SocketAddr;

use bytes::Bytes;

use crate::client::{Connection, Response};

const BOUNDARY: &str = "a-line-between";

/// A builder of a multipart form.
#[derive(Default)]
pub struct Form(Vec<u8>);

impl Form {
    pub fn file(self, file: &Bytes) -> Self {
        self.part("Content-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"", file)
    }

    pub fn field(self, name: &str, value: &str) -> Self {
        self.part(&format!("Content-Disposition: form-data; name=\"{name}\""), value.as_bytes())
    }

    pub fn part(mut self, head: &str, body: &[u8]) -> Self {
        self.0.extend_from_slice(format!("--{BOUNDARY}\r\n{head}\r\n\r\n").as_bytes());
        self.0.extend_from_slice(body);
        self.0.extend_from_slice(b"\r\n");
        self
    }

    /// The complete body.
    pub fn whole(mut self) -> Vec<u8> {
        self.0.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.0
    }

    /// The body without its end.
    pub fn begun(self) -> Vec<u8> {
        self.0
    }
}

pub fn form_type() -> String {
    format!("multipart/form-data; boundary={BOUNDARY}")
}

pub async fn post(address: SocketAddr, target: &str, form: Form) -> Response {
    post_with(address, target, &[("Content-Type", &form_type())], &form.whole()).await
}

pub async fn post_raw(address: SocketAddr, target: &str, body: &[u8]) -> Response {
    post_with(address, target, &[], body).await
}

pub async fn post_with(address: SocketAddr, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
    let mut connection = Connection::open(address).await;
    let length = body.len().to_string();
    connection.send("POST", target, &[headers, &[("Content-Length", &length)]].concat()).await;
    connection.write_bytes(body).await;
    connection.read("POST").await
}

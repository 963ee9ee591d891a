//! Uploads: forms and bare pictures, who may send them, what is stored of them, and what is refused.

use bytesize::ByteSize;
use pixmill::{app::Server, config::Config};
use serde_json::{Value, json};
use testkit::picture::Picture;

use crate::{
    client::{Connection, Response, get},
    fake_origin::{FakeOrigin, Reply},
    form::{Form, post, post_raw},
    setup::{sample, samples, serve, until},
};

const TOKEN: &str = "a-token-for-the-tests";

/// A server that takes uploads, before the sample pictures.
async fn serve_uploads(change: impl FnOnce(&mut Config)) -> Server {
    serve_before(samples().to_str().unwrap(), change).await
}

async fn serve_before(origin: &str, change: impl FnOnce(&mut Config)) -> Server {
    serve(origin, |config| {
        config.uploads.enabled = true;
        config.uploads.address = ([127, 0, 0, 1], 0).into();
        change(config);
    })
    .await
}

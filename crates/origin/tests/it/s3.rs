//! A service that speaks S3: the protocol, its errors and the check of signatures are s3s', the objects are in a map,
//! since keys of S3 are any text and files are not (`a//b` and `a/b` are two objects).

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::{
    Body, S3, S3Request, S3Response, S3Result,
    auth::SimpleAuth,
    dto::{ETag, GetObjectInput, GetObjectOutput, Timestamp},
    s3_error,
    service::S3ServiceBuilder,
};
use tokio::net::TcpListener;

pub const ACCESS_KEY: &str = "AKIAPIXMILL";
pub const SECRET_KEY: &str = "right/secret+key";
pub const BUCKET: &str = "photos";

/// When every object was last changed.
pub const LAST_MODIFIED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

/// [`LAST_MODIFIED`], since 1970.
const MODIFIED: Duration = Duration::from_secs(784_111_777);

/// A running service with one bucket. It lives on the test's own thread and ends with it.
pub struct Service {
    pub endpoint: String,
    answered: Arc<AtomicUsize>,
    traces: Traces,
}

/// The headers `traceparent` and `tracestate` of requests for objects.
type Traces = Arc<Mutex<Vec<[Option<String>; 2]>>>;

struct Shelf {
    objects: BTreeMap<String, Bytes>,
    answered: Arc<AtomicUsize>,
    traces: Traces,
}

impl Service {
    /// A bucket with these keys.
    pub async fn start(objects: impl IntoIterator<Item = (&'static str, Bytes)>) -> Self {
        let (answered, traces) = (Arc::<AtomicUsize>::default(), Traces::default());
        let objects = objects.into_iter().map(|(key, body)| (key.to_owned(), body)).collect();
        let mut service = S3ServiceBuilder::new(Shelf {
            objects,
            answered: Arc::clone(&answered),
            traces: Arc::clone(&traces),
        });
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let connection =
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service.clone());
                tokio::spawn(async move {
                    // a client that has read enough may be gone
                    let _ = connection.await;
                });
            }
        });
        Self { endpoint: format!("http://{address}"), answered, traces }
    }

    /// How many requests for objects had a valid signature.
    pub fn answered(&self) -> usize {
        self.answered.load(Relaxed)
    }

    /// The headers `traceparent` and `tracestate` of these requests.
    pub fn traces(&self) -> Vec<[Option<String>; 2]> {
        self.traces.lock().unwrap().clone()
    }
}

#[async_trait::async_trait]
impl S3 for Shelf {
    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        self.answered.fetch_add(1, Relaxed);
        let header = |name| Some(request.headers.get(name)?.to_str().unwrap().to_owned());
        self.traces.lock().unwrap().push(["traceparent", "tracestate"].map(header));
        let input = request.input;
        if input.bucket != BUCKET {
            return Err(s3_error!(NoSuchBucket));
        }
        let body = self.objects.get(&input.key).ok_or_else(|| s3_error!(NoSuchKey))?;
        let e_tag = ETag::Strong(format!("{}-{}", input.key.len(), body.len()));
        let modified = Timestamp::from(SystemTime::UNIX_EPOCH + MODIFIED);
        let same = match (&input.if_none_match, &input.if_modified_since) {
            (Some(condition), _) => condition.as_etag() == Some(&e_tag),
            (None, Some(since)) => *since >= modified,
            (None, None) => false,
        };
        if same {
            return Err(s3_error!(NotModified));
        }
        Ok(S3Response::new(GetObjectOutput {
            body: Some(Body::from(body.clone()).into()),
            content_length: Some(body.len() as i64),
            content_type: Some("image/png".to_owned()),
            cache_control: Some("max-age=60, stale-if-error=5".to_owned()),
            e_tag: Some(e_tag),
            last_modified: Some(modified),
            ..GetObjectOutput::default()
        }))
    }
}

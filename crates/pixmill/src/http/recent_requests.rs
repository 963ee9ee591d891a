//! What recent requests meant: a request that comes again is neither parsed nor verified again, and its key is not made again.
//!
//! What is kept follows from the request and the configuration alone, so it never becomes wrong: whether the entry under the key
//! may be used (its lifetime, purges, changed files) is checked each time, and so is whether the signature has expired. Only
//! requests that hit the cache are kept.
//!
//! The table belongs to one worker, so it needs no lock. A request has one place in it, by its hash; what was there goes. So the
//! memory is bounded, and nothing has to be ordered by use.

use std::{
    cell::{OnceCell, RefCell},
    hash::{BuildHasher, RandomState},
    rc::Rc,
    sync::{Arc, Weak},
};

use actix_web::{
    HttpRequest,
    http::{
        header::HOST,
        uri::{Authority, PathAndQuery},
    },
};
use image_api::{Accept, params::hints::Hints};
use result_cache::{CacheEntry, Key};

use super::{
    accept::accepted_formats,
    client_hints,
    response_head::{ResponseHead, ResponseNotes},
};
use crate::{
    config::ClientHints,
    model::{original::Storability, variant::VariantRequest},
    signing::Signature,
    telemetry::access::LoggedTarget,
};

/// Places in the table.
const PLACES: usize = 1024;

/// Longest request target that is kept, in bytes. With [`PLACES`], this bounds the table of a worker to a few megabytes.
const LONGEST: usize = 1024;

/// The recent requests of a worker.
pub struct RecentRequests {
    places: RefCell<Box<[Option<Place>]>>,
    hasher: RandomState,
}

/// A request as it was sent, and what it means.
struct Place {
    target: Box<str>,
    host: Option<Box<[u8]>>,
    accept: Accept,
    hints: Hints,
    known: Rc<KnownRequest>,
}

/// All of a GET or HEAD request that its meaning depends on.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    target: &'a str,
    host: Option<&'a [u8]>,
    accept: Accept,
    hints: Hints,
}

/// What a request means: verified, parsed, and with its key.
pub struct KnownRequest {
    /// The key of the variant.
    pub key: Key,
    /// The variant.
    pub wanted: VariantRequest,
    /// What the headers of the response say about the request.
    pub notes: ResponseNotes,
    /// The signature, if requests must be signed.
    pub signature: Option<Signature>,
    head: RefCell<Option<(Weak<CacheEntry>, Rc<ResponseHead>)>>,
    logged: OnceCell<Rc<LoggedTarget>>,
}

/// The host that a request is sent to. That of a request target in absolute form takes precedence (RFC 9112, 3.2.2).
fn host(request: &HttpRequest) -> Option<&[u8]> {
    let header = || Some(request.headers().get(HOST)?.as_bytes());
    request.uri().authority().map(Authority::as_str).map(str::as_bytes).or_else(header)
}

impl<'a> Sent<'a> {
    /// What this request sends.
    pub fn new(request: &'a HttpRequest, config: &ClientHints) -> Self {
        let headers = request.headers();
        let hints =
            if config.enabled { client_hints::from_headers(headers, config) } else { Hints::default() };
        let target = request.uri().path_and_query().map_or("", PathAndQuery::as_str);
        Self { target, host: host(request), accept: accepted_formats(headers), hints }
    }
}

impl Place {
    fn holds(&self, sent: &Sent<'_>) -> bool {
        *self.target == *sent.target
            && self.host.as_deref() == sent.host
            && self.accept == sent.accept
            && self.hints == sent.hints
    }
}

impl Default for RecentRequests {
    fn default() -> Self {
        Self { places: RefCell::default(), hasher: RandomState::new() }
    }
}

impl RecentRequests {
    /// Those of the worker that handles this request, on a listener for pictures.
    pub fn of(request: &HttpRequest) -> &Self {
        request.app_data().expect("invariant: every listener for pictures is given its recent requests")
    }

    /// What the access log says of the target of this request, if it came recently.
    pub fn logged(request: &HttpRequest, config: &ClientHints) -> Option<Rc<LoggedTarget>> {
        let known = request.app_data::<Self>()?.find(&Sent::new(request, config))?;
        let logged = known.logged.get_or_init(|| Rc::new(LoggedTarget::new(request.uri())));
        Some(Rc::clone(logged))
    }

    /// What this request means, if it came recently.
    pub fn find(&self, sent: &Sent<'_>) -> Option<Rc<KnownRequest>> {
        let places = self.places.borrow();
        let place = places.get(self.index(sent))?.as_ref()?;
        place.holds(sent).then(|| Rc::clone(&place.known))
    }

    /// Keeps what this request means, in place of another.
    pub fn keep(&self, sent: &Sent<'_>, known: Rc<KnownRequest>) {
        if sent.target.len() > LONGEST || sent.host.is_some_and(|host| host.len() > LONGEST) {
            return;
        }
        let mut places = self.places.borrow_mut();
        if places.is_empty() {
            *places = (0..PLACES).map(|_| None).collect();
        }
        let Sent { target, host, accept, hints } = *sent;
        places[self.index(sent)] =
            Some(Place { target: target.into(), host: host.map(Into::into), accept, hints, known });
    }

    fn index(&self, sent: &Sent<'_>) -> usize {
        let Sent { target, host, accept, hints: Hints { width, dpr, quality } } = sent;
        let hash = self.hasher.hash_one((target, host, accept, width, dpr.map(f64::to_bits), quality));
        hash as usize % PLACES
    }
}

impl KnownRequest {
    /// A request with this key.
    pub fn new(key: Key, wanted: VariantRequest, notes: ResponseNotes, signature: Option<Signature>) -> Self {
        Self { key, wanted, notes, signature, head: RefCell::default(), logged: OnceCell::new() }
    }

    /// The headers of a response with this entry of the cache: those of the last response if that had the same entry. They do not
    /// keep the entry in memory.
    pub fn head(&self, entry: &Arc<CacheEntry>) -> Rc<ResponseHead> {
        let mut last = self.head.borrow_mut();
        if let Some((of, head)) = &*last
            && std::ptr::eq(of.as_ptr(), Arc::as_ptr(entry))
        {
            return Rc::clone(head);
        }
        let head = Rc::new(ResponseHead::new(&entry.meta, Storability::Storable, &self.notes));
        *last = Some((Arc::downgrade(entry), Rc::clone(&head)));
        head
    }
}

//! CORS: which sites' scripts may read responses.
//!
//! The crate actix-cors is not used: it adds `Access-Control-Allow-Origin` only to responses to requests with an `Origin`, so
//! that a CDN would cache responses without it (docs/adr/0021).

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap,
        HeaderValue, ORIGIN, VARY,
    },
};

use super::headers::put;
use crate::config;

/// All headers of responses and requests: without credentials, none of them needs protection.
const ALL: HeaderValue = HeaderValue::from_static("*");

/// In `Vary`, where responses depend on the site.
const BY_ORIGIN: HeaderValue = HeaderValue::from_static("Origin");

/// The headers of the configured rules.
pub struct Cors {
    sites: Sites,
    methods: String,
    max_age_seconds: u64,
}

/// The sites whose scripts may read responses.
enum Sites {
    None,
    /// The same header on every response: for all sites, or for the only one.
    Always(HeaderValue),
    /// One of these.
    Listed(Vec<HeaderValue>),
}

impl Cors {
    /// The rules of a valid configuration.
    pub fn new(config: &config::Cors) -> Self {
        let values = config.allowed_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
        let mut values: Vec<_> = values.collect();
        let sites = match values.len() {
            0 => Sites::None,
            1 => Sites::Always(values.swap_remove(0)),
            _ => Sites::Listed(values),
        };
        Self { sites, methods: config.methods.join(", "), max_age_seconds: config.max_age.as_secs() }
    }

    /// Adds the headers to a response, of success or of failure.
    pub fn add_headers(&self, request: &HttpRequest, response: &mut HttpResponse) {
        let headers = response.headers_mut();
        match &self.sites {
            Sites::None => return,
            Sites::Always(site) => allow(headers, site.clone()),
            Sites::Listed(sites) => {
                headers.append(VARY, BY_ORIGIN);
                let site = request.headers().get(ORIGIN).filter(|origin| sites.contains(origin));
                let Some(site) = site else { return };
                allow(headers, site.clone());
            }
        }
        if request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
            let headers = response.headers_mut();
            put(headers, ACCESS_CONTROL_ALLOW_METHODS, &self.methods);
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, ALL);
            headers.insert(ACCESS_CONTROL_MAX_AGE, self.max_age_seconds.into());
        }
    }
}

fn allow(headers: &mut HeaderMap, site: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, site);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, ALL);
}

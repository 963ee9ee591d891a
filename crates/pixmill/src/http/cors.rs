//! CORS: what scripts of other sites may do with answers.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap,
        HeaderValue, ORIGIN, VARY,
    },
};

use super::put;
use crate::config;

/// All headers of answers, and all of requests: without cookies, none of them is worth hiding.
const ALL: HeaderValue = HeaderValue::from_static("*");

/// What `Vary` names where answers differ by site.
const BY_ORIGIN: HeaderValue = HeaderValue::from_static("Origin");

/// The rules, as headers.
pub struct Cors {
    sites: Sites,
    methods: String,
    max_age_seconds: u64,
}

/// Whose scripts may read answers.
enum Sites {
    None,
    /// The same header whoever asks: that of all sites, or of the only one.
    Always(HeaderValue),
    /// One of these.
    Listed(Vec<HeaderValue>),
}

impl Cors {
    /// Rules that have no problems.
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

    /// Says on an answer, failure or not, who may read it.
    pub fn describe(&self, request: &HttpRequest, response: &mut HttpResponse) {
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

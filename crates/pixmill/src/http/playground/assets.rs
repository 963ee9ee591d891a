//! The files of the page, embedded in the binary: HTML, style sheet, scripts and icons, written by hand and served as they are.

use std::sync::LazyLock;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, EntityTag, HeaderMap, HeaderName, HeaderValue,
        REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
};
use result_cache::EntryMeta;

use crate::{
    error::Error,
    http::{conditional::not_modified, error, openapi},
};

/// What the pages may load: files of this server, and pictures that the scripts made of responses. No inline script or style.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' \
                      blob:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// Digits of the digest of a file that make its entity tag: 128 bits.
const TAG_DIGITS: usize = 32;

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// A file of the page.
struct Asset {
    name: &'static str,
    media_type: &'static str,
    bytes: &'static [u8],
}

/// The index of the documentation for language models, with links that hold here: its pages are not on this server.
static INDEX: LazyLock<String> = LazyLock::new(|| {
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/llms.txt"))
        .replace("](", &format!("]({DOCS}"))
        .replace(&format!("]({DOCS}openapi.json)"), "](/openapi.json)")
});

/// The OpenAPI document.
static OPENAPI: LazyLock<String> = LazyLock::new(|| format!("{:#}", openapi::document()));

/// Where the pages of the documentation are, as Markdown.
const DOCS: &str = "https://raw.githubusercontent.com/pixmill/pixmill/main/docs/";

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

macro_rules! assets {
    ($($name:literal: $media_type:expr,)*) => {
        &[$(Asset {
            name: $name,
            media_type: $media_type,
            bytes: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/playground/", $name)),
        }),*]
    };
}

const ASSETS: &[Asset] = assets! {
    "index.html": HTML,
    "landing.html": HTML,
    "style.css": STYLE,
    "api.js": SCRIPT,
    "app.js": SCRIPT,
    "controls.js": SCRIPT,
    "dom.js": SCRIPT,
    "gallery.js": SCRIPT,
    "inspector.js": SCRIPT,
    "landing.js": SCRIPT,
    "layers.js": SCRIPT,
    "stage.js": SCRIPT,
    "state.js": SCRIPT,
    "tools.js": SCRIPT,
    "icon.svg": "image/svg+xml",
};

/// A page, by the name of its file.
pub fn page(request: &HttpRequest, name: &str) -> HttpResponse {
    serve(request, ASSETS.iter().find(|asset| asset.name == name))
}

/// The file that the path names. Pages have paths of their own.
pub fn asset(request: &HttpRequest) -> HttpResponse {
    let name = request.match_info().get("name");
    serve(request, ASSETS.iter().find(|asset| Some(asset.name) == name && asset.media_type != HTML))
}

/// The index of the documentation for language models, as `/llms.txt`.
pub fn index(request: &HttpRequest) -> HttpResponse {
    let media_type = "text/plain; charset=utf-8";
    serve(request, Some(&Asset { name: "llms.txt", media_type, bytes: INDEX.as_bytes() }))
}

/// The description of all parameters, as `/openapi.json`.
pub fn openapi(request: &HttpRequest) -> HttpResponse {
    let media_type = "application/json";
    serve(request, Some(&Asset { name: "openapi.json", media_type, bytes: OPENAPI.as_bytes() }))
}

/// A file, or 304 if the client has it. Browsers ask each time, since the next release may have another file.
fn serve(request: &HttpRequest, asset: Option<&Asset>) -> HttpResponse {
    let Some(asset) = asset else { return error::respond(request, &Error::Page) };
    let digest = blake3::hash(asset.bytes).to_hex();
    let etag = EntityTag::new_strong(digest[..TAG_DIGITS].to_owned()).to_string();
    let meta = EntryMeta { etag: Some(etag.clone()), ..EntryMeta::default() };
    let mut response = if not_modified(request, &meta) {
        HttpResponse::NotModified().finish()
    } else {
        HttpResponse::Ok().content_type(asset.media_type).body(asset.bytes)
    };
    protect(response.headers_mut());
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        response.headers_mut().insert(ETAG, etag);
    }
    response
}

fn protect(headers: &mut HeaderMap) {
    for (name, value) in [
        (CACHE_CONTROL, "no-cache"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (RESOURCE_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_small() {
        let total: usize = ASSETS.iter().map(|asset| asset.bytes.len()).sum();
        assert!(total <= 150_000, "{total} bytes");
    }

    #[test]
    fn every_file_of_the_folder_is_served() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/playground");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        let mut served: Vec<_> = ASSETS.iter().map(|asset| asset.name.to_owned()).collect();
        files.sort_unstable();
        served.sort_unstable();
        assert_eq!(files, served);
    }

    #[test]
    fn nothing_is_inline() {
        for asset in ASSETS.iter().filter(|asset| asset.media_type == HTML) {
            let text = std::str::from_utf8(asset.bytes).unwrap();
            assert!(!text.contains("<style") && !text.contains(" style=") && !text.contains(" onclick="));
            for script in text.split("<script").skip(1) {
                assert!(script.split('>').next().unwrap().contains(" src="), "{}: {script}", asset.name);
            }
        }
    }
}

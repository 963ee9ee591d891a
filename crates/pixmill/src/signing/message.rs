//! The message that is signed: path and query in a canonical form that survives CDNs and can be computed without knowledge of
//! the parameters.

use image_api::query::{ESCAPED, RequestQuery};
use percent_encoding::{percent_decode_str, percent_encode};

/// Prefix of the message of an upload, so that the signature of a picture is not valid for it.
const UPLOAD: &str = "POST ";

/// The purpose of a signed URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Fetching a picture: GET and HEAD.
    Picture,
    /// Uploading one: POST.
    Upload,
}

/// The text that is signed. The pairs of `query` are sorted by name.
pub fn message(purpose: Purpose, path: &str, query: &RequestQuery) -> String {
    let purpose = match purpose {
        Purpose::Picture => "",
        Purpose::Upload => UPLOAD,
    };
    // by segment: an encoded slash differs from a slash, and bytes need not be UTF-8
    let segments: Vec<_> =
        path.split('/').map(|segment| percent_decode_str(segment).collect::<Vec<u8>>()).collect();
    let segments: Vec<_> =
        segments.iter().map(|segment| percent_encode(segment, ESCAPED).to_string()).collect();
    format!("{purpose}{}?{}", segments.join("/"), query.to_query())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(target: &str) -> String {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        message(Purpose::Picture, path, &RequestQuery::parse(query).unwrap().sorted())
    }

    #[test]
    fn spelling_and_order_do_not_matter() {
        for (target, expected) in [
            ("/a.jpg", "/a.jpg?"),
            ("/a.jpg?", "/a.jpg?"),
            ("/a.jpg?width=3&crop=fit", "/a.jpg?crop=fit&width=3"),
            ("/a.jpg?crop=fit&&width=3&", "/a.jpg?crop=fit&width=3"),
            ("/%61%20b.jpg?flip", "/a%20b.jpg?flip="),
            ("/caf%c3%a9/x.jpg?mark=/logo.png", "/caf%C3%A9/x.jpg?mark=%2Flogo.png"),
            ("/caf%e9/x%2fy.jpg", "/caf%E9/x%2Fy.jpg?"),
            ("/a.jpg?x=a+b&y=a%20b&z=1,2", "/a.jpg?x=a%20b&y=a%20b&z=1%2C2"),
            ("/?source_url=http://a/b+c&x=a+b", "/?source_url=http%3A%2F%2Fa%2Fb%2Bc&x=a%20b"),
            ("/?source_url=http://a/b%20c", "/?source_url=http%3A%2F%2Fa%2Fb%20c"),
            ("/a.jpg?x=!*'()~", "/a.jpg?x=%21%2A%27%28%29~"),
        ] {
            assert_eq!(text(target), expected, "{target}");
        }
    }

    #[test]
    fn different_requests_have_different_messages() {
        for (one, other) in [
            ("/a.jpg?x=1%26y=2", "/a.jpg?x=1&y=2"),
            ("/a.jpg?width=1&width=2", "/a.jpg?width=2&width=1"),
            ("/a.jpg?x=%2520", "/a.jpg?x=%20"),
            ("/a%3Fx.jpg?", "/a?x.jpg"),
            ("/a%2Fx.jpg", "/a/x.jpg"),
            ("/a%E9.jpg", "/a%EF%BF%BD.jpg"),
            ("/a.jpg?mark=/%E9.png", "/a.jpg?mark=/%FF.png"),
        ] {
            assert_ne!(text(one), text(other));
        }
        let [picture, upload] = [Purpose::Picture, Purpose::Upload]
            .map(|purpose| message(purpose, "/a.jpg", &RequestQuery::default()));
        assert_eq!((picture.as_str(), upload.as_str()), ("/a.jpg?", "POST /a.jpg?"));
    }
}

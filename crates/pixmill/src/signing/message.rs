//! What a signature is made over: path and query in a form that no CDN changes and that needs no knowledge of ours.

use image_api::query::{ESCAPED, RequestQuery};
use percent_encoding::{percent_decode_str, percent_encode};

/// What is put before the path of an upload: no signature of a picture is good for one.
const UPLOAD: &str = "POST ";

/// What a signed URL is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Having a picture: GET and HEAD.
    Picture,
    /// Sending one: POST.
    Upload,
}

/// The text that is signed. The pairs of `query` are sorted by name.
pub fn message(purpose: Purpose, path: &str, query: &RequestQuery) -> String {
    let purpose = match purpose {
        Purpose::Picture => "",
        Purpose::Upload => UPLOAD,
    };
    // segment by segment: an encoded slash is another path than a slash, and bytes need not be UTF-8
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
    fn what_means_something_else_reads_otherwise() {
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

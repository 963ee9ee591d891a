//! What a signature is made over: path and query in a form that no CDN changes and that needs no knowledge of ours.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode, utf8_percent_encode};
use url::form_urlencoded;
use vips_ops::{params::source, query};

/// What stays as it is: the unreserved characters of RFC 3986, 2.3, as in the signatures of AWS.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

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

/// Names and values of a query string, decoded, by name; values of one name in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairs(Vec<(String, String)>);

impl Pairs {
    /// Reads a query string.
    pub fn read(query: &str) -> Self {
        // in the URLs among the values, a plus is a plus
        let query = source::spelled_out(query);
        let query = query::with_bytes(&query);
        let mut pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        // stable: the last of several values is the one that counts
        pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
        Self(pairs)
    }

    /// Takes out the values of these names, and gives the last of them.
    pub fn take(&mut self, names: &[&str]) -> Option<String> {
        self.0.extract_if(.., |(name, _)| names.contains(&name.as_str())).last().map(|(_, value)| value)
    }

    /// The pairs with such names.
    pub fn only(&self, wanted: impl Fn(&str) -> bool) -> Self {
        Self(self.0.iter().filter(|(name, _)| wanted(name)).cloned().collect())
    }

    /// As a query string again, in the form that is signed.
    pub fn query(&self) -> String {
        let mut query = String::new();
        for (name, value) in &self.0 {
            if !query.is_empty() {
                query.push('&');
            }
            query.extend(utf8_percent_encode(name, ESCAPED));
            query.push('=');
            query.extend(utf8_percent_encode(value, ESCAPED));
        }
        query
    }
}

/// The text that is signed.
pub fn message(purpose: Purpose, path: &str, pairs: &Pairs) -> String {
    let purpose = match purpose {
        Purpose::Picture => "",
        Purpose::Upload => UPLOAD,
    };
    // segment by segment: an encoded slash is another path than a slash, and bytes need not be UTF-8
    let segments: Vec<_> =
        path.split('/').map(|segment| percent_decode_str(segment).collect::<Vec<u8>>()).collect();
    let segments: Vec<_> =
        segments.iter().map(|segment| percent_encode(segment, ESCAPED).to_string()).collect();
    format!("{purpose}{}?{}", segments.join("/"), pairs.query())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(target: &str) -> String {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        message(Purpose::Picture, path, &Pairs::read(query))
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
        let [picture, upload] =
            [Purpose::Picture, Purpose::Upload].map(|purpose| message(purpose, "/a.jpg", &Pairs::read("")));
        assert_eq!((picture.as_str(), upload.as_str()), ("/a.jpg?", "POST /a.jpg?"));
    }

    #[test]
    fn names_are_taken_out() {
        let mut pairs = Pairs::read("s=1&width=2&signature=3&s=4");
        assert_eq!(pairs.take(&["signature", "s"]).as_deref(), Some("3"));
        assert_eq!(pairs.query(), "width=2");
        assert_eq!(pairs.take(&["s"]), None);
    }
}

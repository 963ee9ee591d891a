//! Signed URLs: HMAC-SHA256 over a canonical form of path and query. Parameters that the signature does not cover are removed
//! before the rest of the server sees the request.

mod message;

use std::{
    collections::BTreeMap,
    fmt::Write,
    rc::Rc,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use image_api::{
    params::signature::{EXPIRES, SIGNATURE},
    query::{Pair, RequestQuery},
};
use ring::hmac;

pub use self::message::{Purpose, message};
use crate::config::Secret;

/// Maximum length of path and query, in bytes: twice the limit of CDNs, and fast to hash.
const LONGEST: usize = 16 * 1024;

/// Length of a signature in bytes.
const LENGTH: usize = 32;

/// Signs URLs and verifies signatures.
pub struct Signer {
    keys: Vec<Named>,
}

/// A key, and how many requests it has verified.
struct Named {
    id: String,
    key: hmac::Key,
    used: AtomicU64,
}

/// A request whose signature is valid.
#[derive(Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The part of its query that the signature covers.
    pub query: Rc<RequestQuery>,
    /// The signature; none if requests need none.
    pub signature: Option<Signature>,
}

/// A signature that matched its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// The place of its key among the keys of the signer.
    key: usize,
    /// When it expires, in seconds of Unix time.
    pub expires: Option<u64>,
}

impl Signature {
    fn check_time(&self, now: u64) -> Result<(), Fault> {
        if self.expires.is_some_and(|expires| expires <= now) { Err(Fault::Expired) } else { Ok(()) }
    }
}

/// The reason for refusing a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The request has no signature.
    #[error("the request is not signed")]
    Missing,
    /// It matches no key.
    #[error("the signature does not match the request")]
    Wrong,
    /// It has expired.
    #[error("the signature has expired")]
    Expired,
}

impl Signer {
    /// A signer with these keys; none without keys, in which case requests need no signature.
    pub fn new(keys: &BTreeMap<String, Secret>) -> Option<Self> {
        let key = |(id, secret): (&String, &Secret)| Named {
            id: id.clone(),
            key: hmac::Key::new(hmac::HMAC_SHA256, secret.reveal().as_bytes()),
            used: AtomicU64::new(0),
        };
        (!keys.is_empty()).then(|| Self { keys: keys.iter().map(key).collect() })
    }

    /// Verifies a request and returns the part of it that the signature covers. `now` is in seconds of Unix time.
    ///
    /// CDNs may add parameters of their own. Hence the signature may cover either all parameters, or all known ones.
    pub fn check(
        &self,
        purpose: Purpose,
        path: &str,
        query: RequestQuery,
        now: u64,
    ) -> Result<Admitted, Fault> {
        let length = |pair: &Pair| pair.name.len() + pair.value.len();
        if path.len() + query.pairs().iter().map(length).sum::<usize>() > LONGEST {
            return Err(Fault::Wrong);
        }
        let mut sent = query.sorted();
        let signature = sent.take(&SIGNATURE).ok_or(Fault::Missing)?;
        let signature = bytes(&signature).ok_or(Fault::Wrong)?;
        let meaningful = sent.filtered(|pair| pair.row.is_some_and(|row| !row.is(&SIGNATURE)));
        let everything = (sent != meaningful).then_some(sent);
        let mut covered = [meaningful].into_iter().chain(everything).filter_map(|query| {
            let message = message(purpose, path, &query);
            Some((self.key_of(message.as_bytes(), &signature)?, query))
        });
        let (key, mut covered) = covered.next().ok_or(Fault::Wrong)?;
        let expires = covered.take(&EXPIRES).map(|time| time.parse().unwrap_or(0));
        let signature = Signature { key, expires };
        signature.check_time(now)?;
        Ok(Admitted { query: Rc::new(covered), signature: Some(signature) })
    }

    /// Verifies the same request again, of which [`check`](Self::check) gave this signature: it may have expired since. `now` is
    /// in seconds of Unix time.
    pub fn check_again(&self, signature: &Signature, now: u64) -> Result<(), Fault> {
        if let Some(key) = self.keys.get(signature.key) {
            key.used.fetch_add(1, Relaxed);
        }
        signature.check_time(now)
    }

    /// The signature by the key of this id; nothing if there is no such key.
    pub fn sign(&self, id: &str, purpose: Purpose, path: &str, query: &RequestQuery) -> Option<String> {
        let key = &self.keys.iter().find(|key| key.id == id)?.key;
        let signature = hmac::sign(key, message(purpose, path, &query.clone().sorted()).as_bytes());
        let mut digits = String::with_capacity(2 * LENGTH);
        for byte in signature.as_ref() {
            // writing to a string cannot fail
            let _ = write!(digits, "{byte:02x}");
        }
        Some(digits)
    }

    /// The ids of the keys, and the number of requests that each has verified.
    pub fn uses(&self) -> impl Iterator<Item = (&str, u64)> {
        self.keys.iter().map(|key| (key.id.as_str(), key.used.load(Relaxed)))
    }

    /// The place of the key that made this signature, compared in constant time, if one did.
    fn key_of(&self, message: &[u8], signature: &[u8]) -> Option<usize> {
        let place = self.keys.iter().position(|key| hmac::verify(&key.key, message, signature).is_ok())?;
        self.keys[place].used.fetch_add(1, Relaxed);
        Some(place)
    }
}

/// The bytes of a signature in hexadecimal digits.
fn bytes(digits: &str) -> Option<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    if digits.len() != 2 * LENGTH || !digits.is_ascii() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        let digit = |index: usize| char::from(pair[index]).to_digit(16);
        *byte = (digit(0)? << 4 | digit(1)?) as u8;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "an old key of the tests";
    const NEW: &str = "a new key of the tests";

    fn signer(keys: &[(&str, &str)]) -> Signer {
        let keys = keys.iter().map(|(id, key)| ((*id).to_owned(), Secret::from(*key))).collect();
        Signer::new(&keys).unwrap()
    }

    fn parsed(query: &str) -> RequestQuery {
        RequestQuery::parse(query).unwrap()
    }

    /// The result of verifying a request at the time 1000.
    fn checked(signer: &Signer, query: &str) -> Result<(String, Option<u64>), Fault> {
        let admitted = signer.check(Purpose::Picture, "/a.jpg", parsed(query), 1000)?;
        Ok((admitted.query.to_query(), admitted.signature.unwrap().expires))
    }

    fn signed(signer: &Signer, id: &str, query: &str) -> String {
        let signature = signer.sign(id, Purpose::Picture, "/a.jpg", &parsed(query)).unwrap();
        format!("{query}&signature={signature}")
    }

    /// Computed by the Python program in docs/signing.md.
    #[test]
    fn the_documented_signature_is_computed() {
        let page = include_str!("../../../../docs/signing.md");
        let signer = signer(&[("main", "correct horse battery staple")]);
        let query = "width=300&crop=fit&mark=/logo%20small.png&expires=4102444800";
        let signature =
            signer.sign("main", Purpose::Picture, "/caf%C3%A9/photo.jpg", &parsed(query)).unwrap();
        assert!(page.contains(&format!("/caf%C3%A9/photo.jpg?{query}&signature={signature}")), "{signature}");
        let message = message(Purpose::Picture, "/caf%C3%A9/photo.jpg", &parsed(query).sorted());
        assert!(page.contains(&message), "{message}");
    }

    #[test]
    fn only_signed_requests_are_valid() {
        let signer = signer(&[("new", NEW), ("old", OLD)]);
        let url = signed(&signer, "new", "width=300&crop=fit");
        let fine = Ok(("crop=fit&width=300".to_owned(), None));
        assert_eq!(checked(&signer, &url), fine);
        assert_eq!(checked(&signer, &url.replace("signature=", "s=")), fine);
        assert_eq!(
            checked(&signer, &url.to_uppercase().replace("SIGNATURE", "signature")),
            Err(Fault::Wrong)
        );
        for added in ["&utm_source=mail", "&fbclid=x&mobile=true"] {
            assert_eq!(checked(&signer, &(url.clone() + added)), fine, "{added}");
        }
        for added in
            ["&blur=5", "&w=3", "&width64=NA", "&preset=x", "&origin=http://a.example", "&expires=2000"]
        {
            assert_eq!(checked(&signer, &(url.clone() + added)), Err(Fault::Wrong), "{added}");
        }
        for other in [
            url.replace("300", "301"),
            url.replace("&crop=fit", ""),
            url.replace("signature=", "signature=0"),
        ] {
            assert_eq!(checked(&signer, &other), Err(Fault::Wrong), "{other}");
        }
        assert_eq!(checked(&signer, "width=300"), Err(Fault::Missing));
        assert_eq!(checked(&signer, &"x".repeat(LONGEST)), Err(Fault::Wrong));
        assert_eq!(checked(&signer, "width=300&s="), Err(Fault::Wrong));
        let elsewhere = signer.check(Purpose::Picture, "/b.jpg", parsed(&url), 0);
        assert_eq!(elsewhere, Err(Fault::Wrong));
        assert_eq!(signer.check(Purpose::Upload, "/a.jpg", parsed(&url), 0), Err(Fault::Wrong));
    }

    #[test]
    fn unknown_parameters_may_be_signed() {
        let signer = signer(&[("new", NEW)]);
        let url = signed(&signer, "new", "width=300&v=7");
        assert_eq!(checked(&signer, &url), Ok(("v=7&width=300".to_owned(), None)));
        assert_eq!(checked(&signer, &url.replace("v=7", "v=8")), Err(Fault::Wrong));
    }

    #[test]
    fn every_key_is_valid_until_it_is_removed() {
        let both = signer(&[("new", NEW), ("old", OLD)]);
        let urls = ["new", "old"].map(|id| signed(&both, id, "width=3"));
        assert!(urls.iter().all(|url| checked(&both, url).is_ok()));
        assert_eq!(both.uses().collect::<Vec<_>>(), [("new", 1), ("old", 1)]);
        let new = signer(&[("new", NEW)]);
        assert!(checked(&new, &urls[0]).is_ok());
        assert_eq!(checked(&new, &urls[1]), Err(Fault::Wrong));
        assert_eq!(new.sign("old", Purpose::Picture, "/", &parsed("")), None);
        assert!(Signer::new(&BTreeMap::new()).is_none());
    }

    #[test]
    fn signatures_expire() {
        let signer = signer(&[("new", NEW)]);
        for (expires, expected) in [
            ("1001", Ok(("width=3".to_owned(), Some(1001)))),
            ("1000", Err(Fault::Expired)),
            ("0", Err(Fault::Expired)),
            ("tomorrow", Err(Fault::Expired)),
        ] {
            let url = signed(&signer, "new", &format!("width=3&expires={expires}"));
            assert_eq!(checked(&signer, &url), expected, "{expires}");
        }
    }

    #[test]
    fn a_request_that_comes_again_is_counted_and_may_have_expired() {
        let signer = signer(&[("new", NEW), ("old", OLD)]);
        let url = signed(&signer, "old", "width=3&expires=1001");
        let admitted = signer.check(Purpose::Picture, "/a.jpg", parsed(&url), 1000).unwrap();
        let signature = admitted.signature.unwrap();
        assert_eq!(signer.check_again(&signature, 1000), Ok(()));
        assert_eq!(signer.check_again(&signature, 1001), Err(Fault::Expired));
        assert_eq!(signer.uses().collect::<Vec<_>>(), [("new", 0), ("old", 3)]);
    }
}

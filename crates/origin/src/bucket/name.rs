//! Names of buckets and regions: checked, so that they cannot change where a URL leads.

use super::bucket_url::Provider;

/// The longest name of a bucket; Google allows more for names that are domains, the others do not.
const LONGEST: usize = 63;

/// The shortest, with all three providers.
const SHORTEST: usize = 3;

/// The containers of Azure that the service names itself: of a static website, and the default one.
const AZURE_OWN: [&str; 2] = ["$web", "$root"];

/// Checks the name of a bucket by its provider's rules; an error says what was expected.
///
/// The rules are those for new buckets. No allowed character has a meaning in a host or a path.
pub(crate) fn bucket(provider: Provider, name: &str) -> Result<(), &'static str> {
    let expected = match provider {
        Provider::S3 => "expected 3 to 63 of a-z, 0-9, . and -",
        Provider::Gcs => "expected 3 to 63 of a-z, 0-9, ., - and _",
        Provider::Azure => "expected 3 to 63 of a-z, 0-9 and -",
    };
    if provider == Provider::Azure && AZURE_OWN.contains(&name) {
        return Ok(());
    }
    let allowed = |byte: u8| match byte {
        b'-' => true,
        b'.' => provider != Provider::Azure,
        b'_' => provider == Provider::Gcs,
        byte => is_plain(byte),
    };
    let ends_plain = [name.bytes().next(), name.bytes().last()].into_iter().flatten().all(is_plain);
    let in_bounds = (SHORTEST..=LONGEST).contains(&name.len());
    if !in_bounds || !ends_plain || !name.bytes().all(allowed) {
        return Err(expected);
    }
    if name.contains("..") || name.parse::<std::net::Ipv4Addr>().is_ok() {
        return Err("expected a name that is no IP address and has no two dots together");
    }
    Ok(())
}

/// Checks the name of a region; an error says what was expected.
pub(crate) fn region(name: &str) -> Result<(), &'static str> {
    let fine = (1..=LONGEST).contains(&name.len())
        && name.bytes().all(|byte| is_plain(byte) || byte == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-');
    if fine { Ok(()) } else { Err("expected a region such as eu-central-1") }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets() {
        use Provider::{Azure, Gcs, S3};
        let long = "a".repeat(LONGEST);
        for (provider, name) in [
            (S3, "photos"),
            (S3, "my.s3.bucket"),
            (S3, "0-1"),
            (S3, long.as_str()),
            (Gcs, "my_photos"),
            (Azure, "photos-1"),
            (Azure, "$web"),
        ] {
            assert_eq!(bucket(provider, name), Ok(()), "{name}");
        }
        let longer = "a".repeat(LONGEST + 1);
        for name in [
            "", "ab", "Photos", "a_b_", "-ab", "ab-", ".ab", "ab.", "a..b", "10.0.0.1", "a/b", "a/../b",
            "a?b", "a#b", "a@b", "a:80", "a b", "a%2fb", "a\\b", "a\r\nb", "bücket", "$web", &longer,
        ] {
            assert!(bucket(S3, name).is_err(), "{name}");
        }
        assert!(bucket(S3, "my_photos").is_err());
        assert!(bucket(Azure, "a.b.c").is_err());
        assert!(bucket(Gcs, "a/b").is_err());
    }

    #[test]
    fn regions() {
        for name in ["eu-central-1", "us-gov-east-1", "auto", "a"] {
            assert_eq!(region(name), Ok(()), "{name}");
        }
        for name in ["", "EU", "eu.central", "-a", "a-", "evil.example/", "a@b", "a#", "a b", "eu_1", "a:1"] {
            assert!(region(name).is_err(), "{name}");
        }
    }
}

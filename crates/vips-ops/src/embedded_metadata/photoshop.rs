//! Removes thumbnails from a Photoshop image resource block, which also contains IPTC (Adobe Photoshop File Formats
//! Specification, "Image Resources Section").

/// Signature of the block in a JPEG.
const PREFIX: &[u8] = b"Photoshop 3.0\0";
/// Resource identifiers of thumbnails: Photoshop 4, and later versions.
const THUMBNAILS: [u16; 2] = [1033, 1036];
/// Bytes of a resource before its name: signature and identifier.
const BEFORE_NAME: usize = 6;

/// Removes thumbnails, and an incomplete resource at the end. Returns `None` if nothing is left, and the block
/// unchanged if it is not Photoshop's.
pub fn without_thumbnails(block: &[u8]) -> Option<Vec<u8>> {
    let Some(mut rest) = block.strip_prefix(PREFIX) else { return Some(block.to_vec()) };
    let mut out = PREFIX.to_vec();
    while let Some((number, length)) = resource(rest) {
        let (whole, after) = rest.split_at(length.min(rest.len()));
        if !THUMBNAILS.contains(&number) {
            out.extend_from_slice(whole);
        }
        rest = after;
    }
    (out.len() > PREFIX.len()).then_some(out)
}

/// Identifier and length of the first resource: name and body are padded to even lengths, the last body possibly not.
fn resource(rest: &[u8]) -> Option<(u16, usize)> {
    let number = u16::from_be_bytes(rest.get(4..BEFORE_NAME)?.try_into().ok()?);
    let name = (1 + usize::from(*rest.get(BEFORE_NAME)?)).next_multiple_of(2);
    let at = BEFORE_NAME + name;
    let body = u32::from_be_bytes(rest.get(at..at + 4)?.try_into().ok()?) as usize;
    let end = (at + 4).checked_add(body).filter(|end| *end <= rest.len())?;
    Some((number, end.next_multiple_of(2)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn made(number: u16, name: &[u8], body: &[u8]) -> Vec<u8> {
        let mut resource = [b"8BIM", &number.to_be_bytes()[..], &[name.len() as u8], name].concat();
        resource.resize(resource.len().next_multiple_of(2), 0);
        resource.extend_from_slice(&(body.len() as u32).to_be_bytes());
        resource.extend_from_slice(body);
        resource.resize(resource.len().next_multiple_of(2), 0);
        resource
    }

    #[test]
    fn thumbnails_are_removed_and_the_rest_is_kept() {
        let iptc = made(1028, b"", b"\x1c\x02\x78\0\x07caption");
        let path = made(2000, b"Path", b"odd");
        for number in THUMBNAILS {
            let thumbnail = made(number, b"", b"pixels");
            let block = [PREFIX, &thumbnail, &iptc, &thumbnail, &path, &thumbnail].concat();
            assert_eq!(without_thumbnails(&block).unwrap(), [PREFIX, &iptc, &path].concat());
            assert_eq!(without_thumbnails(&[PREFIX, &thumbnail].concat()), None);
            let cut = &[PREFIX, &iptc, &thumbnail].concat();
            assert_eq!(without_thumbnails(&cut[..cut.len() - 2]).unwrap(), [PREFIX, &iptc].concat());
        }
        assert_eq!(without_thumbnails(b"\x1c\x02\x78\0\x01c").unwrap(), b"\x1c\x02\x78\0\x01c");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(noise: Vec<u8>) {
            let edited = without_thumbnails(&[PREFIX, &noise].concat());
            prop_assert!(edited.is_none_or(|edited| edited.len() <= PREFIX.len() + noise.len()));
        }
    }
}

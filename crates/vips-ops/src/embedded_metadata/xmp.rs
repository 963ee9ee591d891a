//! Removes properties from XMP, written as attributes or as elements (XMP specification, part 1, section 7).
//!
//! Every search only moves forward: the time is linear in the length of the packet, whatever it contains.

use std::borrow::Cow;

/// The orientation property.
pub const ORIENTATION: &[&[u8]] = &[b"tiff:Orientation"];

/// Properties that contain images: thumbnails (with the prefixes of XMP and of its predecessor), the image before an
/// effect was applied, and depth maps (Google camera).
pub const EMBEDDED_IMAGES: &[&[u8]] = &[
    b"xmp:Thumbnails",
    b"xap:Thumbnails",
    b"xmpGImg:image",
    b"xapGImg:image",
    b"GImage:Data",
    b"GImage:Mime",
    b"GDepth:Data",
    b"GDepth:Mime",
];

/// Properties that describe other parts of the file, which the output does not have: videos appended by Google's and
/// Samsung's cameras, directories of appended items, and the continuation of a long packet.
pub const FILE_PARTS: &[&[u8]] = &[
    b"GCamera:MotionPhoto",
    b"GCamera:MotionPhotoVersion",
    b"GCamera:MotionPhotoPresentationTimestampUs",
    b"GCamera:MicroVideo",
    b"GCamera:MicroVideoVersion",
    b"GCamera:MicroVideoOffset",
    b"GCamera:MicroVideoPresentationTimestampUs",
    b"Container:Directory",
    b"xmpNote:HasExtendedXMP",
];

/// Whether a packet states an orientation.
pub fn has_orientation(packet: &[u8]) -> bool {
    ORIENTATION.iter().any(|name| strip_property(packet, name).is_some())
}

/// Removes properties; all other bytes are kept.
pub fn strip_properties<'a>(packet: &'a [u8], names: &[&[u8]]) -> Cow<'a, [u8]> {
    names.iter().fold(Cow::Borrowed(packet), |packet, name| match strip_property(&packet, name) {
        Some(rest) => Cow::Owned(rest),
        None => packet,
    })
}

/// Removes one property. Returns `None` if it does not occur.
fn strip_property(packet: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let close = [b"</".as_slice(), name, b">"].concat();
    let mut ahead = Delimiters {
        close: Search::new(packet, &close),
        angle: Search::new(packet, b">"),
        quotes: [b"\"", b"'"].map(|quote| Search::new(packet, quote)),
    };
    let mut named = Search::new(packet, name);
    let (mut rest, mut kept) = (Vec::new(), 0);
    let mut from = 0;
    while let Some(at) = named.from(from) {
        from = at + name.len();
        let is_element = packet[..at].ends_with(b"<");
        let range =
            if is_element { ahead.element(packet, at - 1, from) } else { ahead.attribute(packet, at, from) };
        if let Some((start, end)) = range {
            rest.extend_from_slice(&packet[kept..start.max(kept)]);
            (kept, from) = (end, end);
        }
    }
    (kept > 0).then(|| [&rest, &packet[kept..]].concat())
}

/// Positions of the delimiters that end a property.
struct Delimiters<'a> {
    close: Search<'a>,
    angle: Search<'a>,
    quotes: [Search<'a>; 2],
}

impl Delimiters<'_> {
    /// The range of ` tiff:Orientation="6"`, including the white space before it. The name begins at `at` and ends at
    /// `after`.
    fn attribute(&mut self, packet: &[u8], at: usize, after: usize) -> Option<(usize, usize)> {
        let value = packet[after..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
        let quotes = self.quotes.iter_mut().find(|quotes| value.starts_with(quotes.wanted))?;
        let end = quotes.from(packet.len() - value.len() + 1)? + 1;
        let blanks = packet[..at].iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count();
        (blanks > 0).then_some((at - blanks, end))
    }

    /// The range of `<tiff:Orientation>6</tiff:Orientation>`, or of `<tiff:Orientation/>`. The name ends at `after`.
    fn element(&mut self, packet: &[u8], start: usize, after: usize) -> Option<(usize, usize)> {
        let next = *packet.get(after)?;
        // otherwise it is a prefix of a longer name
        if !(next.is_ascii_whitespace() || b"/>".contains(&next)) {
            return None;
        }
        let open = self.angle.from(after)? + 1;
        if packet[..open].ends_with(b"/>") {
            return Some((start, open));
        }
        Some((start, self.close.from(open)? + self.close.wanted.len()))
    }
}

/// The next occurrence of a byte string. Queries must have increasing offsets, so that no byte is searched twice.
struct Search<'a> {
    packet: &'a [u8],
    wanted: &'a [u8],
    next: Option<usize>,
}

impl<'a> Search<'a> {
    fn new(packet: &'a [u8], wanted: &'a [u8]) -> Self {
        Self { packet, wanted, next: find(packet, wanted) }
    }

    /// The first occurrence at or after `start`.
    fn from(&mut self, start: usize) -> Option<usize> {
        if self.next? < start {
            self.next =
                self.packet.get(start..).and_then(|rest| find(rest, self.wanted)).map(|at| start + at);
        }
        self.next
    }
}

fn find(packet: &[u8], wanted: &[u8]) -> Option<usize> {
    packet.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_property_is_removed() {
        for (packet, expected) in [
            ("<r tiff:Orientation=\"6\" a=\"1\"/>", "<r a=\"1\"/>"),
            ("<r a='1'\n tiff:Orientation = '6'>x</r>", "<r a='1'>x</r>"),
            ("<r tiff:Orientation='6\"' a=\"\"/>", "<r a=\"\"/>"),
            ("<r><tiff:Orientation>6</tiff:Orientation><b/></r>", "<r><b/></r>"),
            ("<r><tiff:Orientation/></r>", "<r></r>"),
            ("<r><tiff:Orientation a=''\n>6</tiff:Orientation></r>", "<r></r>"),
            ("<r tiff:Orientation=\"6\"/><tiff:Orientation>1</tiff:Orientation>", "<r/>"),
            ("<r tiff:Orientation=\"6\" tiff:Orientation='1'/>", "<r/>"),
            ("<r tiff:OrientationX=\"6\"/>", "<r tiff:OrientationX=\"6\"/>"),
            ("<tiff:OrientationX/>a<tiff:Orientation/>", "<tiff:OrientationX/>a"),
            ("<r>tiff:Orientation</r>", "<r>tiff:Orientation</r>"),
            ("<r tiff:Orientation=\"6", "<r tiff:Orientation=\"6"),
            ("<tiff:Orientation>6", "<tiff:Orientation>6"),
            ("<tiff:Orientation", "<tiff:Orientation"),
            ("", ""),
        ] {
            let edited = strip_properties(packet.as_bytes(), ORIENTATION);
            assert_eq!(String::from_utf8_lossy(&edited), expected, "{packet}");
        }
    }

    #[test]
    fn only_embedded_images_are_removed() {
        let edited = strip_properties(
            b"<r a='1' GImage:Data='abc'><xmp:Thumbnails><rdf:Alt><xmpGImg:image>/9j/</xmpGImg:image></rdf:Alt>\
              </xmp:Thumbnails><xmp:Rating>3</xmp:Rating><xapGImg:image>/9j/</xapGImg:image></r>",
            EMBEDDED_IMAGES,
        );
        assert_eq!(String::from_utf8_lossy(&edited), "<r a='1'><xmp:Rating>3</xmp:Rating></r>");
        assert!(
            matches!(strip_properties(b"<r/>", EMBEDDED_IMAGES), Cow::Borrowed(_)),
            "an unchanged packet is not copied"
        );
    }

    #[test]
    fn properties_of_appended_videos_are_removed() {
        let packet =
            b"<d GCamera:MotionPhoto=\"1\" GCamera:MotionPhotoVersion='1' xmpNote:HasExtendedXMP=\"AB\" \
              xmp:Rating=\"3\"><Container:Directory><rdf:Seq/></Container:Directory><x/></d>";
        assert_eq!(
            String::from_utf8_lossy(&strip_properties(packet, FILE_PARTS)),
            "<d xmp:Rating=\"3\"><x/></d>"
        );
    }

    #[test]
    fn repeated_delimiters_take_linear_time() {
        // a second in a debug build; hours if each occurrence were searched to the end of the packet
        let parts = [
            "<tiff:Orientation>",
            "<tiff:Orientation ",
            " tiff:Orientation=\"1\"",
            " tiff:Orientation=\"",
            " tiff:Orientation='\"",
            "<tiff:Orientation/>",
            "tiff:Orientation=  ",
        ];
        for part in parts {
            for end in ["", ">", "\"", "</tiff:Orientation>"] {
                let packet = part.repeat(1_000_000 / part.len()) + end;
                assert!(strip_properties(packet.as_bytes(), ORIENTATION).len() <= packet.len());
            }
        }
    }

    proptest! {
        #[test]
        fn arbitrary_packets_do_not_panic(packet in "(<| |\n|=|\"|'|6|/|>|tiff:Orientation|</tiff:Orientation>){0,30}") {
            let edited = strip_properties(packet.as_bytes(), ORIENTATION);
            prop_assert!(edited.len() <= packet.len());
        }
    }
}

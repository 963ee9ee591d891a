//! Takes the orientation out of XMP, where it stands as an attribute or as an element (XMP specification, part 2, 2.2).

use std::borrow::Cow;

/// The property.
const ORIENTATION: &[u8] = b"tiff:Orientation";

/// The packet without the orientation; other bytes stay as they are.
pub fn without_orientation(packet: &[u8]) -> Cow<'_, [u8]> {
    let mut packet = Cow::Borrowed(packet);
    while let Some((start, end)) = orientation(&packet) {
        packet.to_mut().drain(start..end);
    }
    packet
}

/// Where the property begins and ends.
fn orientation(packet: &[u8]) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        let at = from + find(&packet[from..], ORIENTATION)?;
        from = at + ORIENTATION.len();
        let range =
            if packet[..at].ends_with(b"<") { element(packet, at - 1) } else { attribute(packet, at) };
        if range.is_some() {
            return range;
        }
    }
}

/// ` tiff:Orientation="6"`, with the blanks before it.
fn attribute(packet: &[u8], at: usize) -> Option<(usize, usize)> {
    let value = packet[at + ORIENTATION.len()..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, rest) = value.split_first().filter(|(quote, _)| b"\"'".contains(quote))?;
    let end = packet.len() - rest.len() + rest.iter().position(|byte| byte == quote)? + 1;
    let blanks = packet[..at].iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count();
    (blanks > 0).then_some((at - blanks, end))
}

/// `<tiff:Orientation>6</tiff:Orientation>`, or `<tiff:Orientation/>`.
fn element(packet: &[u8], at: usize) -> Option<(usize, usize)> {
    let open = at + packet[at..].iter().position(|byte| *byte == b'>')? + 1;
    if packet[..open].ends_with(b"/>") {
        return Some((at, open));
    }
    let close = [b"</".as_slice(), ORIENTATION, b">"].concat();
    let end = open + find(&packet[open..], &close)? + close.len();
    Some((at, end))
}

fn find(packet: &[u8], wanted: &[u8]) -> Option<usize> {
    packet.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_property_goes_and_nothing_else() {
        for (packet, expected) in [
            ("<r tiff:Orientation=\"6\" a=\"1\"/>", "<r a=\"1\"/>"),
            ("<r a='1'\n tiff:Orientation = '6'>x</r>", "<r a='1'>x</r>"),
            ("<r><tiff:Orientation>6</tiff:Orientation><b/></r>", "<r><b/></r>"),
            ("<r><tiff:Orientation/></r>", "<r></r>"),
            ("<r tiff:Orientation=\"6\"/><tiff:Orientation>1</tiff:Orientation>", "<r/>"),
            ("<r tiff:OrientationX=\"6\"/>", "<r tiff:OrientationX=\"6\"/>"),
            ("<r>tiff:Orientation</r>", "<r>tiff:Orientation</r>"),
            ("<r tiff:Orientation=\"6", "<r tiff:Orientation=\"6"),
            ("", ""),
        ] {
            let edited = without_orientation(packet.as_bytes());
            assert_eq!(String::from_utf8_lossy(&edited), expected, "{packet}");
        }
    }

    proptest! {
        #[test]
        fn any_packet_is_edited(packet in "(<| |\n|=|\"|6|/|>|tiff:Orientation){0,30}") {
            let edited = without_orientation(packet.as_bytes());
            prop_assert!(edited.len() <= packet.len());
        }
    }
}

//! SVG: the size stated by the root element, and the rendering complexity.

use std::ops::Range;

use crate::size::Extent;

/// Largest offset and length of the root element, in bytes.
const ROOT_REACH: usize = 32 * 1024;

/// Bytes of the document that are scanned for elements; the rest is extrapolated.
const REACH: usize = 1024 * 1024;

/// Longest tag that is searched for attributes, in bytes.
const MAX_TAG: usize = 1024;

/// Pixels per inch at which libvips renders.
const PER_INCH: f64 = 72.0;

/// CSS units of length (CSS 2, 4.3.2) in pixels, with a font size of 12.
const UNITS: [(&[u8], f64); 8] = [
    (b"px", 1.0),
    (b"pt", PER_INCH / 72.0),
    (b"pc", PER_INCH / 6.0),
    (b"in", PER_INCH),
    (b"cm", PER_INCH / 2.54),
    (b"mm", PER_INCH / 25.4),
    (b"em", 12.0),
    (b"ex", 6.0),
];

/// Most octaves of turbulence that are rendered, and the largest radius of morphology that is counted.
const MAX_OCTAVES: f64 = 10.0;
const MAX_RADIUS: f64 = 1000.0;

/// Counts of expensive features of an SVG document.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SvgComplexity {
    /// Number of elements.
    pub elements: f64,
    /// Applications of filter primitives, at most, each over the whole image.
    pub primitives: f64,
    /// Octaves of turbulence, each over the whole image.
    pub octaves: f64,
    /// Areas around each pixel that morphology visits, in square pixels at the document's own size, summed over its
    /// uses.
    pub neighbours: f64,
    /// Number of embedded images.
    pub images: f64,
}

/// The size stated by the root element, which libvips rounds; `None` if it states none.
pub fn size(bytes: &[u8]) -> Option<Extent> {
    let root = root(bytes)?;
    let stated = |name: &[u8]| attribute(root, name).and_then(pixels).filter(|length| *length > 0.0);
    let view = attribute(root, b"viewBox").and_then(view);
    let (width, height) = match (stated(b"width"), stated(b"height"), view) {
        (Some(width), Some(height), _) => (width, height),
        (Some(width), None, Some((wide, high))) => (width, width * high / wide),
        (None, Some(height), Some((wide, high))) => (height * wide / high, height),
        (None, None, Some(view)) => view,
        _ => return None,
    };
    let bounded = |length: f64| length.min(f64::from(i32::MAX));
    Some(Extent { width: bounded(width), height: bounded(height) })
}

/// The tag of the root element.
fn root(bytes: &[u8]) -> Option<&[u8]> {
    bytes.get(root_place(bytes)?)
}

/// The range of the root element's tag, from its name up to its `>`.
pub(crate) fn root_place(bytes: &[u8]) -> Option<Range<usize>> {
    let bytes = &bytes[..bytes.len().min(ROOT_REACH)];
    let mut rest = bytes;
    loop {
        let at = rest.iter().position(|byte| *byte == b'<')?;
        rest = rest.get(at + 1..)?;
        if rest.starts_with(b"!--") {
            let end = rest.windows(3).position(|part| part == b"-->")?;
            rest = rest.get(end + 3..)?;
        } else if matches!(local(rest), b"svg") {
            let start = bytes.len() - rest.len();
            return Some(start..start + tag(rest, ROOT_REACH).len());
        }
    }
}

/// A tag up to its `>`, which may also occur in quoted attribute values.
fn tag(bytes: &[u8], most: usize) -> &[u8] {
    let mut quote = None;
    let end = bytes.iter().take(most).position(|byte| match (quote, *byte) {
        (None, b'>') => true,
        (None, open @ (b'"' | b'\'')) => {
            quote = Some(open);
            false
        }
        (Some(open), byte) if open == byte => {
            quote = None;
            false
        }
        _ => false,
    });
    &bytes[..end.unwrap_or(bytes.len().min(most))]
}

/// The local name of an element, without a prefix.
fn local(bytes: &[u8]) -> &[u8] {
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/');
    let end = bytes.iter().take(64).position(ends).unwrap_or(0);
    let name = &bytes[..end];
    name.rsplit(|byte| *byte == b':').next().unwrap_or_default()
}

/// The value of an attribute of a tag.
fn attribute<'a>(tag: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut rest = tag;
    loop {
        let at = rest.iter().position(|byte| *byte == b'=')?;
        let key = rest[..at].trim_ascii_end();
        let value = rest[at + 1..].trim_ascii_start();
        let (quote, value) = value.split_first()?;
        let end = value.iter().position(|byte| byte == quote)?;
        let named =
            key.strip_suffix(name).is_some_and(|before| before.last().is_none_or(u8::is_ascii_whitespace));
        if named && matches!(quote, b'"' | b'\'') {
            return Some(&value[..end]);
        }
        rest = &value[end + 1..];
    }
}

/// A length in pixels; `None` for a percentage.
fn pixels(value: &[u8]) -> Option<f64> {
    let value = value.trim_ascii();
    let split = value.iter().rposition(u8::is_ascii_digit)? + 1;
    let (number, unit) = value.split_at(split);
    let factor = match unit {
        [] | [b'.'] => 1.0,
        unit => UNITS.iter().find(|(name, _)| unit.eq_ignore_ascii_case(name))?.1,
    };
    Some(self::number(number)? * factor)
}

fn number(text: &[u8]) -> Option<f64> {
    let number: f64 = std::str::from_utf8(text).ok()?.trim().parse().ok()?;
    number.is_finite().then_some(number)
}

/// Width and height of a `viewBox`.
pub(crate) fn view(value: &[u8]) -> Option<(f64, f64)> {
    let parts = value.split(|byte| byte.is_ascii_whitespace() || *byte == b',');
    let mut numbers = parts.filter(|part| !part.is_empty()).map(number);
    let (_, _) = (numbers.next()??, numbers.next()??);
    let (width, height) = (numbers.next()??, numbers.next()??);
    (width > 0.0 && height > 0.0).then_some((width, height))
}

/// Counts features that are expensive to render.
pub fn complexity(bytes: &[u8]) -> SvgComplexity {
    let seen = &bytes[..bytes.len().min(REACH)];
    let mut count = Count::default();
    for start in seen.split(|byte| *byte == b'<').skip(1) {
        count.element(&start[..start.len().min(MAX_TAG)]);
    }
    let more = bytes.len() as f64 / seen.len().max(1) as f64;
    // each use of a filter applies all of its primitives
    let uses = more * (count.uses / count.filters.max(1.0)).max(1.0);
    SvgComplexity {
        elements: count.elements * more,
        primitives: count.primitives * uses,
        octaves: count.octaves * uses,
        neighbours: count.neighbours * uses,
        images: count.images * more,
    }
}

#[derive(Default)]
struct Count {
    elements: f64,
    filters: f64,
    uses: f64,
    primitives: f64,
    octaves: f64,
    neighbours: f64,
    images: f64,
}

impl Count {
    /// Counts an element and its attributes.
    fn element(&mut self, text: &[u8]) {
        let name = local(text);
        let of = |attribute_name: &[u8]| attribute(text, attribute_name).and_then(number);
        match name {
            b"filter" => self.filters += 1.0,
            b"image" | b"feImage" => self.images += 1.0,
            b"feTurbulence" => self.octaves += of(b"numOctaves").unwrap_or(1.0).clamp(1.0, MAX_OCTAVES),
            b"feMorphology" => {
                let radius = attribute(text, b"radius").and_then(largest).unwrap_or(0.0);
                self.neighbours += (2.0 * radius.clamp(0.0, MAX_RADIUS)).powi(2);
            }
            _ => {}
        }
        self.primitives += f64::from(u8::from(name.starts_with(b"fe")));
        let uses = attribute(text, b"filter").is_some()
            || attribute(text, b"style").is_some_and(|style| style.windows(7).any(|part| part == b"filter:"));
        self.uses += f64::from(u8::from(uses));
        self.elements += 1.0;
    }
}

/// The largest number in a list.
fn largest(value: &[u8]) -> Option<f64> {
    let parts = value.split(|byte| byte.is_ascii_whitespace() || *byte == b',');
    parts.filter_map(number).max_by(f64::total_cmp)
}

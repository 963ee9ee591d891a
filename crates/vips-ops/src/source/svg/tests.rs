//! Which documents are refused, which pass, and that the analysis terminates.

use std::f64::consts::TAU;

use super::*;

const STATED: Extent = Extent { width: 1000.0, height: 1000.0 };

/// The estimate for a document of 1000 × 1000, rendered at `scale`.
fn counted(body: &str, scale: f64) -> Result<Workload, Stop> {
    let head = "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' width='1000' height='1000'>";
    count(format!("{head}{body}</svg>").as_bytes(), Canvas::new(STATED, scale, None), &Limits::default())
}

fn filtered(primitive: &str) -> String {
    format!("<filter id='f'>{primitive}</filter><rect width='1000' height='1000' filter='url(#f)'/>")
}

/// A path that crosses the whole image many times.
fn scribble(points: usize) -> String {
    let point = |index: usize| {
        let far = index % 2 * 500;
        format!("L{} {}", (index * 7919 + far) % 1000, (index * 104_729 + far) % 997)
    };
    format!("<path d='M0 0{}'/>", (0..points).map(point).collect::<String>())
}

/// Nested `use`, each level with ten times the elements of the one before.
fn laughs(levels: usize) -> String {
    let level = |index: usize| {
        format!("<g id='l{}'>{}</g>", index + 1, format!("<use xlink:href='#l{index}'/>").repeat(10))
    };
    let groups: String = (0..levels).map(level).collect();
    format!("<defs><rect id='l0' width='9' height='9'/>{groups}</defs><use href='#l{levels}'/>")
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn hostile_documents_exceed_the_limit() {
    use weights::WorkKind::{Elements, Filters, Layers, Paths, Patterns, Pictures, Text};
    let tile = "width='10' height='10' patternUnits='userSpaceOnUse'";
    let far = "patternTransform='rotate(45) translate(-99999 -99999)'";
    let square = "<rect width='1000' height='1000'/>";
    for (body, scale, most) in [
        (filtered(&"<feTurbulence numOctaves='9'/>".repeat(20)), 2.0, Filters),
        (filtered(&"<feMorphology radius='50'/>".repeat(2)), 2.0, Filters),
        (filtered("<feConvolveMatrix order='40'/>"), 1.0, Filters),
        (filtered("<feGaussianBlur stdDeviation='9'/>"), 4.0, Filters),
        (format!("<style>rect{{filter:blur(9px)}}</style>{square}"), 4.0, Filters),
        (
            format!(
                "<style>.a, g rect:not(.b) {{ filter: url( '#f' ) }}</style>{}",
                filtered("<feGaussianBlur/>").repeat(9)
            ),
            2.0,
            Filters,
        ),
        (
            format!(
                "<pattern id='p' {tile} {far}>{square}</pattern><rect width='999' height='999' fill='url(#p)'/>"
            ),
            1.0,
            Patterns,
        ),
        (
            format!(
                "<pattern id='p' {tile} {far}>{square}</pattern><pattern id='q' href='#p'/><g style='fill:url(#q)'>{square}</g>"
            ),
            1.0,
            Patterns,
        ),
        (scribble(9000), 1.0, Paths),
        (
            format!("<g stroke='red' stroke-dasharray='.01' fill='none'>{}</g>", scribble(500).repeat(9)),
            2.0,
            Paths,
        ),
        (
            format!(
                "<marker id='m'>{}</marker><g marker-mid='url(#m)'>{}</g>",
                square.repeat(50),
                scribble(999)
            ),
            1.0,
            Paths,
        ),
        (laughs(9), 1.0, Elements),
        (
            format!("<g opacity='.5'>{}</g>", "<g opacity='.9'><rect width='9' height='9'/></g>".repeat(99)),
            4.0,
            Layers,
        ),
        (
            format!(
                "<mask id='m'>{square}</mask>{}",
                "<rect width='9' height='9' mask='url(#m)'/>".repeat(200)
            ),
            2.0,
            Layers,
        ),
        (format!("<text>{}</text>", "hello you ".repeat(3000)), 1.0, Text),
        (
            format!("<image width='9' height='9' href='data:;base64,{}'/>", png(30_000, 20_000)).repeat(9),
            1.0,
            Pictures,
        ),
    ] {
        let counted = counted(&body, scale).unwrap();
        let told = &body[..body.len().min(120)];
        assert!(counted.work > Limits::default().max_svg_work, "{told}: {counted:?}");
        assert_eq!(counted.most, most, "{told}: {counted:?}");
    }
}

/// The header of a PNG of this size, in base64.
fn png(width: u32, height: u32) -> String {
    use base64::Engine;
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[test]
fn ordinary_documents_are_within_the_limit() {
    let shadow = "<filter id='f'><feDropShadow dx='2' dy='2' stdDeviation='3'/></filter>";
    let icon =
        "<path d='M10 10h80v80h-80zM30 30a20 20 0 1 0 40 0' fill='none' stroke='red' stroke-width='3'/>";
    let coast = (0..1500).map(|at| (f64::from(at) * TAU / 1500.0, f64::from(at * 17 % 5 - 2)));
    let coast = coast.map(|(turn, jag)| format!("l{:.2} {:.2}", turn.cos() - jag, turn.sin() + jag));
    let coast = coast.collect::<Vec<_>>().concat();
    let country = format!("<path d='M500 500{coast}z' fill='#ccc' stroke='#333'/>");
    let hatch = "<pattern id='p' width='8' height='8' patternUnits='userSpaceOnUse'><path d='M0 8L8 0' stroke='red'/></pattern>";
    for (body, scale) in [
        (icon.repeat(300), 2.0),
        (format!("{shadow}<g filter='url(#f)'>{icon}</g>"), 2.0),
        (format!("{shadow}{}", format!("<g filter='url(#f)'>{icon}</g>").repeat(40)), 2.0),
        (country.repeat(100), 2.0),
        (format!("{hatch}<rect width='1000' height='1000' fill='url(#p)'/>"), 2.0),
        (
            "<linearGradient id='g'><stop/></linearGradient>".to_owned()
                + &"<circle r='500' fill='url(#g)'/>".repeat(50),
            2.0,
        ),
        (laughs(3), 2.0),
        (
            format!(
                "<style>.t{{font:12px serif}}</style>{}",
                "<text class='t'>Some words of a label</text>".repeat(300)
            ),
            2.0,
        ),
        (icon.to_owned(), 6.0),
    ] {
        let counted = counted(&body, scale).unwrap();
        assert!(
            counted.work <= Limits::default().max_svg_work,
            "{}: {counted:?}",
            &body[..body.len().min(120)]
        );
        assert!(counted.held <= Limits::default().max_pixels, "{counted:?}");
    }
}

#[test]
fn memory_held_at_once_is_counted() {
    let nested = |depth: usize| {
        format!("{}<rect width='9' height='9'/>{}", "<g opacity='.9'>".repeat(depth), "</g>".repeat(depth))
    };
    let pixels = |body: &str| counted(body, 2.0).unwrap().held;
    assert_eq!(pixels(&nested(3)), 3 * 4_000_000);
    assert_eq!(pixels(&nested(1).repeat(3)), 4_000_000);
    let results = (0..9).map(|index| format!("<feFlood result='r{index}'/>")).collect::<Vec<_>>().concat();
    assert_eq!(pixels(&filtered(&results)), 13 * 4_000_000);
    let refused =
        check(format!("<svg>{}</svg>", nested(40)).as_bytes(), STATED, 2.0, None, &Limits::default());
    let told = refused.unwrap_err().to_string();
    assert!(told.contains("limits.max_pixels allows 80000000"), "{told}");
}

#[test]
fn nested_documents_are_counted() {
    use base64::Engine;
    let encoded = |text: &[u8]| base64::engine::general_purpose::STANDARD.encode(text);
    let blurred = filtered(&"<feGaussianBlur/>".repeat(30));
    let inner = encoded(format!("<svg width='1000' height='1000'>{blurred}</svg>").as_bytes());
    let image =
        |data: &str| format!("<image width='1000' height='1000' href='data:image/svg+xml;base64,{data}'/>");
    assert!(counted(&image(&inner), 1.0).unwrap().work > Limits::default().max_svg_work);
    for uncountable in [
        image(&encoded(b"\x1f\x8b\x08 compressed")),
        "<style>@import url('data:text/css,rect{}');</style>".to_owned(),
        "<xi:include href='data:,x'/>".to_owned(),
        "<?xml-stylesheet href='data:text/css,x'?>".to_owned(),
    ] {
        assert_eq!(counted(&uncountable, 1.0), Err(Stop::Unsupported), "{uncountable}");
    }
}

#[test]
fn cyclic_references_terminate() {
    for body in [
        "<g id='a'><use href='#a'/></g>",
        "<use id='a' href='#b'/><use id='b' href='#a'/>",
        "<pattern id='p' width='1' height='1'><rect width='9' height='9' fill='url(#p)'/></pattern><rect width='9' height='9' fill='url(#p)'/>",
        "<pattern id='p' href='#q'/><pattern id='q' href='#p'/><rect width='9' height='9' fill='url(#p)'/>",
        "<mask id='m'><rect width='9' height='9' mask='url(#m)'/></mask><rect width='9' height='9' mask='url(#m)'/>",
        "<filter id='f'><feImage href='#r'/></filter><rect id='r' width='9' height='9' filter='url(#f)'/>",
    ] {
        assert!(counted(body, 1.0).unwrap().work < Limits::default().max_svg_work, "{body}");
    }
}

#[test]
fn only_the_requested_part_is_counted() {
    let blurred = filtered("<feGaussianBlur stdDeviation='9'/>");
    let text = format!("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1000 1000'>{blurred}</svg>");
    let work = |part| {
        let canvas = Canvas::new(STATED, 20.0, part);
        let limits = Limits { max_svg_work: u64::MAX, ..Limits::default() };
        count(text.as_bytes(), canvas, &limits).unwrap()
    };
    let part = Rect { left: 4100, top: 8100, width: 1000, height: 1000 };
    let (whole, part) = (work(None), work(Some(part)));
    assert_eq!((whole.held / 100, part.held), (part.held, part.held), "one tile of a hundred");
    assert!(part.work < whole.work / 1000, "{part:?} {whole:?}");
}

#[test]
fn long_documents_keep_to_the_limits_of_short_ones() {
    let deep = |levels: usize| format!("<svg>{}{}</svg>", "<g>".repeat(levels), "</g>".repeat(levels));
    assert!(keeps_parser_limits(deep(255).as_bytes()) && !keeps_parser_limits(deep(256).as_bytes()));
    assert!(!keeps_parser_limits(b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg/>"));
    assert!(!keeps_parser_limits(b"<svg>"));
}

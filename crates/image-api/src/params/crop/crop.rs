//! `crop`: which part of the picture is kept when it does not fit the box, or at all.

use crate::params::{
    spec::{Example, Expected, Grammar, Param, Reading, Spec},
    value::number,
};

/// A way to cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Crop {
    /// Covers the box and cuts, centred.
    Fit,
    /// Covers the box and cuts from the bottom.
    Top,
    /// Covers the box and cuts from the top.
    Bottom,
    /// Fits inside the box and fills the rest.
    Pad,
    /// Takes the box's shape, whatever the picture's was.
    Stretch,
    /// After a turn: enlarges until no blank corner is left.
    Zoom,
    /// Around the faces.
    Face,
    /// The most interesting part.
    Entropy,
    /// A region of the scaled picture.
    Region(Region),
}

/// A rectangle as it is asked for: it may hang over the picture's edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// Left edge.
    pub x: Place,
    /// Top edge.
    pub y: Place,
    /// Width in pixels, at least 1.
    pub width: u32,
    /// Height in pixels, at least 1.
    pub height: u32,
}

/// Where a region begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the middle of the picture.
    Center,
    /// This many pixels from the edge; may be negative.
    At(i32),
}

const MODES: [(&str, Crop); 8] = [
    ("fit", Crop::Fit),
    ("top", Crop::Top),
    ("bottom", Crop::Bottom),
    ("pad", Crop::Pad),
    ("stretch", Crop::Stretch),
    ("zoom", Crop::Zoom),
    ("face", Crop::Face),
    ("entropy", Crop::Entropy),
];

const EXPECTED: &str = "fit, top, bottom, pad, stretch, zoom, face, entropy or x,y,width,height";

/// Numbers of a region are brought into this range; no picture is larger.
const REACH: f64 = 1e6;

impl Param for Crop {
    const SPEC: Spec = Spec {
        name: "crop",
        aliases: &[],
        summary: "Cuts the picture to the box of `width` and `height`, or to a region.",
        help: "`fit`, `top` and `bottom` cover the box and cut; `pad` fits inside and fills with `pad_color`; `stretch` \
               ignores the aspect ratio: these need both dimensions. `zoom` needs `rotate` and enlarges until no blank \
               corner is left. `entropy` keeps the part that matters; without both dimensions, dull edges are cut \
               away. `face` keeps the faces, their eyes at two fifths of the height; without both dimensions, the faces \
               with some room around them; without faces it is `entropy`. Four numbers are a region of the scaled picture; `center` may stand for the first two.",
        grammar: Grammar::Text(EXPECTED),
        default: "nothing is cut",
        needs: &[],
        examples: &[
            Example { source: "china.jpg", query: "width=160&height=160&crop=fit", shows: "the middle" },
            Example {
                source: "astronaut.png",
                query: "width=200&height=100&crop=top",
                shows: "the upper part",
            },
            Example {
                source: "astronaut.png",
                query: "width=200&height=100&crop=bottom",
                shows: "the lower part",
            },
            Example {
                source: "china.jpg",
                query: "width=160&height=160&crop=pad&pad_color=ddd",
                shows: "all of it on grey",
            },
            Example { source: "china.jpg", query: "width=160&height=160&crop=stretch", shows: "squeezed" },
            Example {
                source: "china.jpg",
                query: "width=240&rotate=12&crop=zoom",
                shows: "turned, without blank corners",
            },
            Example {
                source: "rocket.jpg",
                query: "width=120&height=160&crop=entropy",
                shows: "where the most happens",
            },
            Example {
                source: "coffee.png",
                query: "width=300&crop=center,center,150,150",
                shows: "a square of 150 pixels",
            },
            Example { source: "astronaut.png", query: "width=120&height=160&crop=face", shows: "a portrait" },
            Example { source: "astronaut.png", query: "crop=face&width=120", shows: "the face alone" },
        ],
    };

    fn parse(raw: &str) -> Result<Reading<Self>, Expected> {
        let word = raw.trim().to_ascii_lowercase();
        if let Some((_, mode)) = MODES.iter().find(|(name, _)| *name == word) {
            return Ok(Reading::exact(*mode));
        }
        region(&word).map(|region| Reading::exact(Self::Region(region))).ok_or_else(|| EXPECTED.into())
    }

    fn canonical(&self, out: &mut String) {
        if let Self::Region(region) = self {
            place(region.x, out);
            out.push(',');
            place(region.y, out);
            out.push(',');
            number::canonical(region.width, out);
            out.push(',');
            number::canonical(region.height, out);
        } else if let Some((name, _)) = MODES.iter().find(|(_, mode)| mode == self) {
            out.push_str(name);
        }
    }
}

fn region(text: &str) -> Option<Region> {
    let mut parts = text.split(',').map(str::trim);
    let mut next = || parts.next();
    let (x, y, width, height) = (next()?, next()?, next()?, next()?);
    let side = |part| whole(part).and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0);
    let start = |part| if part == "center" { Some(Place::Center) } else { whole(part).map(Place::At) };
    let region = Region { x: start(x)?, y: start(y)?, width: side(width)?, height: side(height)? };
    parts.next().is_none().then_some(region)
}

fn whole(part: &str) -> Option<i32> {
    number::finite(part).map(|number| number::round_half_up(number.clamp(-REACH, REACH)) as i32)
}

fn place(place: Place, out: &mut String) {
    match place {
        Place::Center => out.push_str("center"),
        Place::At(at) => number::canonical(at, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[test]
    fn values() {
        let region = |x, y, width, height| Crop::Region(Region { x, y, width, height });
        check::accepts(&[
            ("fit", Crop::Fit),
            ("FACE", Crop::Face),
            ("160,435,300,300", region(Place::At(160), Place::At(435), 300, 300)),
            ("-5, 2.5,10,10", region(Place::At(-5), Place::At(3), 10, 10)),
            ("center,0,50,20", region(Place::Center, Place::At(0), 50, 20)),
        ]);
        for (_, mode) in &MODES {
            check::round_trips(mode);
        }
        check::rejects::<Crop>(&[
            "",
            "sideways",
            "1,2,3",
            "1,2,3,4,5",
            "1,2,0,4",
            "1,2,3,-4",
            "1,2,center,4",
            "a,b,c,d",
        ]);
    }
}

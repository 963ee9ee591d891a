//! `crop`: which part of the image is kept, for a bounding box of another aspect ratio or as a region.

use crate::params::{
    spec::{Example, Expected, Grammar, Param, Reading, Spec},
    value::number,
};

/// A crop mode.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Crop {
    /// Covers the bounding box and crops, centred.
    Fit,
    /// Covers the bounding box and crops from the bottom.
    Top,
    /// Covers the bounding box and crops from the top.
    Bottom,
    /// Fits inside the bounding box and pads.
    Pad,
    /// Stretches to the bounding box, ignoring the aspect ratio.
    Stretch,
    /// After a rotation: upscales until no blank corner is visible.
    Zoom,
    /// Keeps the faces.
    Face,
    /// Keeps the most interesting part.
    Entropy,
    /// A region of the scaled image.
    Region(Region),
}

/// A rectangle as requested: it may extend beyond the image.
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

/// The start of a region along one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Centred.
    Center,
    /// Pixels from the left or top edge; may be negative.
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

/// Values of a region are clamped to this range; no image is larger.
const REACH: f64 = 1e6;

impl Param for Crop {
    const SPEC: Spec = Spec {
        name: "crop",
        aliases: &[],
        summary: "Crops the image to the bounding box of `width` and `height`, or to a region.",
        help: "`fit`, `top` and `bottom` cover the box and crop; `pad` fits inside and fills with `pad_color`; `stretch` \
               ignores the aspect ratio: these need both dimensions. `zoom` needs `rotate` and upscales until no blank \
               corner is visible. `entropy` keeps the most interesting part; without both dimensions, edges of low entropy are \
               removed. `face` keeps the faces, with the eyes at two fifths of the height; without both dimensions, the faces \
               with a margin; without faces it is the same as `entropy`. Four numbers are a region of the scaled image; `center` may replace the first two.",
        grammar: Grammar::Text(EXPECTED),
        default: "no crop",
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
                shows: "the whole image on grey",
            },
            Example { source: "china.jpg", query: "width=160&height=160&crop=stretch", shows: "squeezed" },
            Example {
                source: "china.jpg",
                query: "width=240&rotate=12&crop=zoom",
                shows: "rotated, without blank corners",
            },
            Example {
                source: "rocket.jpg",
                query: "width=120&height=160&crop=entropy",
                shows: "the most interesting part",
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

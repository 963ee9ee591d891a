//! What each thing that a drawing can ask for costs, in nanoseconds of one core.
//!
//! Measured with librsvg as it is built into libvips 8.18.7, on pictures of 1000 × 1000 to 4000 × 4000 pixels, as CPU time
//! of one thread (`loadtests/svg_weights.py`). What every filter and layer costs by itself is counted once, and large surfaces,
//! which miss the caches, cost up to a third more than small ones: numbers are between the two, on the upper side.

/// What work is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkKind {
    /// Elements, their references and their styles.
    Elements,
    /// Points of paths, and what lies inside them.
    Paths,
    /// Filters.
    Filters,
    /// Pattern tiles.
    Patterns,
    /// Layers: opacity, masks, blending.
    Layers,
    /// Embedded images.
    Pictures,
    /// Text.
    Text,
}

impl WorkKind {
    /// How many there are.
    pub const COUNT: usize = 7;
    /// All of them.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Elements,
        Self::Paths,
        Self::Filters,
        Self::Patterns,
        Self::Layers,
        Self::Pictures,
        Self::Text,
    ];

    /// What is measured, when most of it is this.
    pub fn limit_text(self) -> &'static str {
        match self {
            Self::Elements => {
                "the work of drawing the SVG, counted up to the limit, most of it for elements and references"
            }
            Self::Paths => "the work of drawing the SVG, counted up to the limit, most of it for paths",
            Self::Filters => "the work of drawing the SVG, counted up to the limit, most of it for filters",
            Self::Patterns => "the work of drawing the SVG, counted up to the limit, most of it for patterns",
            Self::Layers => {
                "the work of drawing the SVG, counted up to the limit, most of it for layers and masks"
            }
            Self::Pictures => {
                "the work of drawing the SVG, counted up to the limit, most of it for embedded pictures"
            }
            Self::Text => "the work of drawing the SVG, counted up to the limit, most of it for text",
        }
    }
}

/// libvips draws in tiles of this side, and each tile draws the whole document anew.
pub const TILE: f64 = 2000.0;

/// An element that is read, and one that is drawn.
pub const READ: f64 = 5_000.0;
pub const ELEMENT: f64 = 6_000.0;
/// A marker that is drawn at a point, beside what is in it.
pub const MARKER: f64 = 100_000.0;
/// A byte of a style sheet's selectors, for each element.
pub const SELECTOR: f64 = 3.0;
/// A declaration of a style sheet that may hold for an element: this is what counting itself takes.
pub const DECLARATION: f64 = 2_000.0;

/// A point of an outline that is filled or stroked.
pub const FILL_POINT: f64 = 3_000.0;
pub const STROKE_POINT: f64 = 5_000.0;
/// A crossing of an outline with itself, filled or stroked.
pub const FILL_CROSSING: f64 = 1_500.0;
pub const STROKE_CROSSING: f64 = 600.0;
/// A pixel of an outline's length.
pub const EDGE: f64 = 15.0;
/// A dash.
pub const DASH: f64 = 1_200.0;
/// A pixel that is painted with one colour, and with a gradient.
pub const SOLID: f64 = 0.5;
pub const GRADIENT: f64 = 12.0;

/// A pixel that is painted with a pattern.
pub const TILED: f64 = 10.0;
/// Stepping from one tile to the next, for each pixel: pixman looks for the tile that a pixel lies in by going through all
/// of them from the pattern's origin, unless tiles are whole pixels and upright.
pub const TILE_STEP: f64 = 5.5;

/// A pixel of the whole picture, for a layer with little in it, for one with layers in it, for a mask and for a filter.
pub const LAYER: f64 = 1.5;
pub const FULL_LAYER: f64 = 9.0;
pub const MASK: f64 = 8.0;
pub const BLEND: f64 = 10.0;
pub const FILTER: f64 = 9.0;

/// A pixel of an embedded picture that is decoded, one that is scaled, and one that is painted.
pub const DECODED: f64 = 15.0;
pub const SCALED: f64 = 8.0;
pub const PAINTED: f64 = 15.0;

/// A character, and the cube of how many stand in one piece (of white space between tags, a line is broken nowhere).
pub const CHARACTER: f64 = 30_000.0;
pub const CHARACTERS_CUBED: f64 = 1.8e-3;

/// Filter primitives, for a pixel of the filter's region.
pub const FLOOD: f64 = 6.0;
pub const TURBULENCE: f64 = 70.0;
pub const OCTAVE: f64 = 65.0;
/// Octaves beyond which noise is finer than its numbers are.
pub const MOST_OCTAVES: f64 = 10.0;
pub const BLUR: f64 = 200.0;
/// Blurs whose sigma is below [`NARROW`] pixels are convolved, the others are averaged three times.
pub const NARROW_BLUR: f64 = 280.0;
pub const NARROW: f64 = 2.0;
pub const COLOUR: f64 = 50.0;
pub const COMPOSITE: f64 = 60.0;
pub const LIGHTING: f64 = 150.0;
pub const DISPLACEMENT: f64 = 800.0;
pub const COPY: f64 = 20.0;
/// For each of the pixels around it that a convolution and a thickening look at, beside [`COPY`].
pub const CONVOLVED: f64 = 12.0;
pub const COMPARED: f64 = 9.0;
/// librsvg looks no farther than this, in pixels, when it thickens.
pub const MOST_RADIUS: f64 = 10.0;

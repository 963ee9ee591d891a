//! Weights of the parts of an SVG document, in nanoseconds of one core.
//!
//! Measured with librsvg as built into libvips 8.18.7, on images of 1000 × 1000 to 4000 × 4000 pixels, as CPU time of
//! one thread (`loadtests/svg_weights.py`). Fixed costs of filters and layers are counted once. Large surfaces, which
//! miss the CPU caches, cost up to a third more than small ones: weights are between the two, on the high side.

/// Kinds of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkKind {
    /// Elements, references and styles.
    Elements,
    /// Outlines of paths, and their areas.
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
    /// The number of kinds.
    pub const COUNT: usize = 7;
    /// All kinds.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Elements,
        Self::Paths,
        Self::Filters,
        Self::Patterns,
        Self::Layers,
        Self::Pictures,
        Self::Text,
    ];

    /// Error text for a limit exceeded mostly by this kind of work.
    pub fn limit_text(self) -> &'static str {
        match self {
            Self::Elements => {
                "the work of rendering the SVG, counted up to the limit, mostly for elements and references"
            }
            Self::Paths => "the work of rendering the SVG, counted up to the limit, mostly for paths",
            Self::Filters => "the work of rendering the SVG, counted up to the limit, mostly for filters",
            Self::Patterns => "the work of rendering the SVG, counted up to the limit, mostly for patterns",
            Self::Layers => {
                "the work of rendering the SVG, counted up to the limit, mostly for layers and masks"
            }
            Self::Pictures => {
                "the work of rendering the SVG, counted up to the limit, mostly for embedded images"
            }
            Self::Text => "the work of rendering the SVG, counted up to the limit, mostly for text",
        }
    }
}

/// Side in pixels of the tiles in which libvips renders; each tile renders the whole document.
pub const TILE: f64 = 2000.0;

/// An element that is parsed, and one that is rendered.
pub const READ: f64 = 5_000.0;
pub const ELEMENT: f64 = 6_000.0;
/// A marker rendered at a vertex, beside its content.
pub const MARKER: f64 = 100_000.0;
/// A byte of a style sheet's selectors, per element.
pub const SELECTOR: f64 = 3.0;
/// A style sheet declaration that may apply to an element: the cost of this analysis itself.
pub const DECLARATION: f64 = 2_000.0;

/// A point of an outline that is filled, or stroked.
pub const FILL_POINT: f64 = 3_000.0;
pub const STROKE_POINT: f64 = 5_000.0;
/// A self-intersection of an outline that is filled, or stroked.
pub const FILL_CROSSING: f64 = 1_500.0;
pub const STROKE_CROSSING: f64 = 600.0;
/// A pixel of an outline's length.
pub const EDGE: f64 = 15.0;
/// A dash.
pub const DASH: f64 = 1_200.0;
/// A pixel painted with one colour, and with a gradient.
pub const SOLID: f64 = 0.5;
pub const GRADIENT: f64 = 12.0;

/// A pixel painted with a pattern.
pub const TILED: f64 = 10.0;
/// A step from one pattern tile to the next, per pixel: pixman iterates over all tiles from the pattern's origin to a
/// pixel, unless tiles are axis-aligned and of whole pixels.
pub const TILE_STEP: f64 = 5.5;

/// A pixel of the image, for a layer with little content, a layer that contains layers, a mask, a blend mode, and a
/// filter.
pub const LAYER: f64 = 1.5;
pub const FULL_LAYER: f64 = 9.0;
pub const MASK: f64 = 8.0;
pub const BLEND: f64 = 10.0;
pub const FILTER: f64 = 9.0;

/// A pixel of an embedded image that is decoded, scaled, and painted.
pub const DECODED: f64 = 15.0;
pub const SCALED: f64 = 8.0;
pub const PAINTED: f64 = 15.0;

/// A character, and the cube of the number of characters in a chunk (no line breaks are made between tags).
pub const CHARACTER: f64 = 30_000.0;
pub const CHARACTERS_CUBED: f64 = 1.8e-3;

/// Filter primitives, per pixel of the filter region.
pub const FLOOD: f64 = 6.0;
pub const TURBULENCE: f64 = 70.0;
pub const OCTAVE: f64 = 65.0;
/// Octaves above which noise is finer than its number format.
pub const MOST_OCTAVES: f64 = 10.0;
pub const BLUR: f64 = 200.0;
/// Blurs whose sigma is below [`NARROW`] pixels are convolved; others are approximated by three box blurs.
pub const NARROW_BLUR: f64 = 280.0;
pub const NARROW: f64 = 2.0;
pub const COLOUR: f64 = 50.0;
pub const COMPOSITE: f64 = 60.0;
pub const LIGHTING: f64 = 150.0;
pub const DISPLACEMENT: f64 = 800.0;
pub const COPY: f64 = 20.0;
/// Per neighbouring pixel of a convolution and of morphology, in addition to [`COPY`].
pub const CONVOLVED: f64 = 12.0;
pub const COMPARED: f64 = 9.0;
/// Largest morphology radius in librsvg, in pixels.
pub const MOST_RADIUS: f64 = 10.0;

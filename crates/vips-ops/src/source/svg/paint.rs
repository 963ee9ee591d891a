//! The work of filling and stroking outlines.

use std::f64::consts::PI;

use roxmltree::Node;

use super::{
    css::{Style, references},
    matrix::{Bounds, Matrix},
    numbers::{Numbers, length_of},
    path::Outline,
    tally::Stop,
    traversal::{Context, Painted, Traversal, href},
    weights::{
        DASH, EDGE, FILL_CROSSING, FILL_POINT, GRADIENT, SOLID, STROKE_CROSSING, STROKE_POINT, TILE_STEP,
        TILED, WorkKind,
    },
};

/// The paint of an outline.
#[derive(Debug, Clone, Copy)]
pub enum Paint<'d> {
    None,
    /// Only the outline, as used by clip paths.
    Outline,
    Solid,
    Gradient,
    Pattern(Node<'d, 'd>),
}

/// Most references followed from pattern to pattern.
const MOST_TEMPLATES: usize = 16;

/// Length that a corner adds to the outline of a stroke, in stroke widths: an average over all angles.
const CORNER: f64 = 0.8;

/// Shortest dash that is rendered as such, in pixels.
const SHORTEST_DASH: f64 = 0.25;

impl<'d> Traversal<'d, '_> {
    /// The most expensive paint that a property may have; `None` if it is not set.
    pub(super) fn paint(&self, style: &Style<'_>, property: &str) -> Option<Paint<'d>> {
        let mut found = None;
        for value in style.values(property).filter(|value| *value != "inherit") {
            let servers = references(value).into_iter().filter_map(|id| self.ids.get(id.as_str()).copied());
            for server in servers {
                match server.tag_name().name() {
                    "pattern" => return Some(Paint::Pattern(server)),
                    _ => found = Some(Paint::Gradient),
                }
            }
            let plain = if value == "none" { Paint::None } else { Paint::Solid };
            found = Some(match found {
                None | Some(Paint::None) => plain,
                Some(dearer) => dearer,
            });
        }
        found
    }

    /// Counts filling and stroking an outline, and markers on its vertices.
    pub(super) fn outline(&mut self, outline: &Outline, context: &Context<'d>) -> Result<Painted, Stop> {
        if !matches!(context.fill, Paint::None) {
            self.drawn(outline, FILL_POINT, FILL_CROSSING, context)?;
            let area = outline.bounds.within(&context.visible).area();
            self.server(&context.fill, area, outline.bounds, context)?;
        }
        if !matches!(context.stroke, Paint::None) {
            self.stroke(outline, context)?;
        }
        self.markers(outline, context)?;
        Ok(Painted { bounds: Some(outline.bounds), has_layers: false })
    }

    fn stroke(&mut self, outline: &Outline, context: &Context<'d>) -> Result<(), Stop> {
        let width = context.stroke_width * context.matrix.growth();
        let reach = self.reach(outline);
        let both = Outline {
            length: 2.0 * outline.length + CORNER * width * outline.points,
            bounds: outline.bounds.grown(width / 2.0),
            ..*outline
        };
        self.drawn(&both, STROKE_POINT, STROKE_CROSSING, context)?;
        if context.dash > 0.0 {
            let dash = (context.dash * context.matrix.growth()).max(SHORTEST_DASH);
            self.charge(WorkKind::Paths, DASH * reach / dash * self.canvas.tiles)?;
        }
        let area = (reach * width.max(1.0)).min(both.bounds.within(&context.visible).area());
        self.server(&context.stroke, area, outline.bounds, context)
    }

    /// Length of the outline that can be inside the image.
    fn reach(&self, outline: &Outline) -> f64 {
        outline.length.min((outline.points + 4.0) * (self.canvas.width + self.canvas.height))
    }

    /// Counts rasterising an outline. Random lines in a box of area A cross each other about L² / πA times.
    fn drawn(
        &mut self,
        outline: &Outline,
        point: f64,
        crossing: f64,
        context: &Context<'d>,
    ) -> Result<(), Stop> {
        let area = outline.bounds.width().max(1.0) * outline.bounds.height().max(1.0);
        let crossings = (outline.length.powi(2) / (PI * area)).min((outline.points + 1.0).powi(2) / 2.0);
        let work = outline.points * point + crossings * crossing + self.reach(outline) * EDGE + context.clip;
        self.charge(WorkKind::Paths, work * self.canvas.tiles)
    }

    /// Counts filling an area in pixels, of an element with these bounds.
    pub(super) fn server(
        &mut self,
        paint: &Paint<'d>,
        area: f64,
        bounds: Bounds,
        context: &Context<'d>,
    ) -> Result<(), Stop> {
        match paint {
            Paint::None | Paint::Outline => Ok(()),
            Paint::Solid => self.charge(WorkKind::Paths, area * SOLID),
            Paint::Gradient => self.charge(WorkKind::Paths, area * GRADIENT),
            Paint::Pattern(node) => {
                let node = *node;
                self.guarded(node, |walk| walk.pattern(node, area, bounds, context))
            }
        }
    }

    /// An attribute of an element, or of the templates that it references.
    pub(super) fn inherited(&self, node: Node<'d, 'd>, name: &str) -> Option<&'d str> {
        self.templates(node).find_map(|node| node.attribute(name))
    }

    /// An element, and the templates that it references, transitively.
    fn templates(&self, node: Node<'d, 'd>) -> impl Iterator<Item = Node<'d, 'd>> {
        let next = |node: &Node<'d, 'd>| self.ids.get(href(*node)?.strip_prefix('#')?).copied();
        std::iter::successors(Some(node), next).take(MOST_TEMPLATES)
    }

    fn pattern(
        &mut self,
        node: Node<'d, 'd>,
        area: f64,
        bounds: Bounds,
        context: &Context<'d>,
    ) -> Result<(), Stop> {
        let Some(cell) = self.cell(node, bounds, context) else { return Ok(()) };
        let shown = bounds.within(&context.visible);
        let steps = cell.steps(&shown);
        self.charge(WorkKind::Patterns, area * (TILED + TILE_STEP * steps))?;
        let first = cell.tile.mapped(&cell.matrix);
        self.charge(WorkKind::Patterns, first.area().min(self.canvas.pixels()) * SOLID)?;
        let Some(tile) = self.templates(node).find(Node::has_children) else { return Ok(()) };
        let user = context.matrix.inverse().map(|inverse| bounds.mapped(&inverse));
        let inner = match (self.inherited(node, "viewBox"), self.inherited(node, "patternContentUnits"), user)
        {
            (Some(view_box), ..) => cell.matrix.after(&cell.view_box(view_box)),
            (None, Some("objectBoundingBox"), Some(user)) => {
                cell.matrix.after(&Matrix::scale(user.width(), user.height()))
            }
            _ => cell.matrix,
        };
        let depth = context.depth + 1;
        let context = Context { matrix: inner, visible: first, clip: 0.0, depth, ..context.fresh() };
        self.children(tile, &context).map(drop)
    }

    /// The cell of a pattern; `None` if it is empty.
    fn cell(&self, node: Node<'d, 'd>, bounds: Bounds, context: &Context<'d>) -> Option<Cell> {
        let user = bounds.mapped(&context.matrix.inverse()?);
        let is_relative = self.inherited(node, "patternUnits") != Some("userSpaceOnUse");
        let measures = &context.measures;
        let length = |name: &str, (start, whole): (f64, f64), base: f64| {
            let text = self.inherited(node, name).unwrap_or("0");
            if is_relative {
                start + whole * length_of(text, 1.0, 1.0).unwrap_or_default()
            } else {
                length_of(text, base, measures.font_size).unwrap_or_default()
            }
        };
        let x = length("x", (user.left, user.width()), measures.width);
        let y = length("y", (user.top, user.height()), measures.height);
        let width = length("width", (0.0, user.width()), measures.width);
        let height = length("height", (0.0, user.height()), measures.height);
        let transform = self.inherited(node, "patternTransform").map_or(Matrix::IDENTITY, Matrix::parse);
        let tile = Bounds::new(x, y, width, height);
        (width > 0.0 && height > 0.0).then(|| Cell { tile, matrix: context.matrix.after(&transform) })
    }

    fn markers(&mut self, outline: &Outline, context: &Context<'d>) -> Result<(), Stop> {
        for (marker, count) in [(context.marker_mid, outline.vertices), (context.marker_end, 2.0)] {
            if let Some(marker) = marker {
                self.guarded(marker, |walk| walk.marker(marker, count, context))?;
            }
        }
        Ok(())
    }
}

/// A pattern cell in pattern units, and the transform to pixels.
struct Cell {
    tile: Bounds,
    matrix: Matrix,
}

impl Cell {
    /// The mean number of cells between the pattern's origin and a pixel of an area.
    fn steps(&self, area: &Bounds) -> f64 {
        let Some(inverse) = self.matrix.inverse() else { return 0.0 };
        let across = self.tile.width() * self.matrix.a.hypot(self.matrix.b);
        let down = self.tile.height() * self.matrix.c.hypot(self.matrix.d);
        let is_whole = |side: f64| side >= 1.0 && (side - side.round()).abs() < 1e-6;
        if self.matrix.is_upright() && is_whole(across) && is_whole(down) {
            return 0.0;
        }
        let far = area.corners().map(|(x, y)| {
            let (x, y) = inverse.apply(x, y);
            ((x - self.tile.left) / self.tile.width()).abs()
                + ((y - self.tile.top) / self.tile.height()).abs()
        });
        far.iter().sum::<f64>() / far.len() as f64
    }

    /// The transform from a `viewBox` to the cell.
    fn view_box(&self, text: &str) -> Matrix {
        let numbers: Vec<f64> = Numbers::new(text).collect();
        match numbers[..] {
            [x, y, width, height] if width > 0.0 && height > 0.0 => {
                let scale = (self.tile.width() / width).max(self.tile.height() / height);
                Matrix::translate(self.tile.left, self.tile.top)
                    .after(&Matrix::scale(scale, scale))
                    .after(&Matrix::translate(-x, -y))
            }
            _ => Matrix::IDENTITY,
        }
    }
}

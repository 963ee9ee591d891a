//! Traverses the elements of a document in the way librsvg renders them.

use std::collections::HashMap;

use roxmltree::{Document, Node, NodeId};

use super::{
    canvas::Canvas,
    css::{Sheets, Style},
    embedded_image::{EmbeddedImage, embedded},
    matrix::{Bounds, Matrix},
    numbers::{Numbers, length_of},
    paint::Paint,
    shape::{self, LengthBases},
    tally::{Stop, Tally},
    weights::{DECLARATION, DECODED, ELEMENT, MARKER, PAINTED, READ, SCALED, SELECTOR, WorkKind},
    xml,
};

/// Most nesting levels that are followed, references included. libxml2 allows at most 256.
const MOST_DEPTH: usize = 96;

/// Most nesting levels of documents.
const MOST_DOCUMENTS: usize = 4;

/// Default font size in user units.
const FONT_SIZE: f64 = 12.0;

/// The rendered content of an element.
#[derive(Debug, Clone, Copy, Default)]
pub struct Painted {
    /// Its bounds in pixels.
    pub bounds: Option<Bounds>,
    /// Whether it contains layers.
    pub has_layers: bool,
}

impl Painted {
    pub fn add(&mut self, bounds: Bounds) {
        self.bounds = Some(self.bounds.map_or(bounds, |own| own.union(bounds)));
    }

    fn join(&mut self, other: Self) {
        other.bounds.into_iter().for_each(|bounds| self.add(bounds));
        self.has_layers |= other.has_layers;
    }
}

/// The state that elements inherit.
#[derive(Debug, Clone, Copy)]
pub struct Context<'d> {
    /// Transform from user units to pixels.
    pub matrix: Matrix,
    /// The base of relative lengths.
    pub measures: LengthBases,
    /// The visible pixels.
    pub visible: Bounds,
    pub fill: Paint<'d>,
    pub stroke: Paint<'d>,
    pub stroke_width: f64,
    /// Mean length of a dash in user units; 0 without dashes.
    pub dash: f64,
    pub marker_mid: Option<Node<'d, 'd>>,
    pub marker_end: Option<Node<'d, 'd>>,
    /// Work that clipping adds to everything painted.
    pub clip: f64,
    /// Nesting level of the element, references included.
    pub depth: usize,
}

impl Context<'_> {
    /// The same position, with default properties.
    pub fn fresh(&self) -> Self {
        Self {
            fill: Paint::Solid,
            stroke: Paint::None,
            stroke_width: 1.0,
            dash: 0.0,
            marker_mid: None,
            marker_end: None,
            ..*self
        }
    }
}

/// The traversal of one document.
pub struct Traversal<'d, 't> {
    pub ids: HashMap<&'d str, Node<'d, 'd>>,
    pub sheets: &'d Sheets,
    pub canvas: Canvas,
    tally: &'t mut Tally,
    /// Referenced elements that are being traversed.
    open: Vec<NodeId>,
    /// Images embedded by URLs; librsvg decodes each once.
    pictures: HashMap<&'d str, EmbeddedImage>,
    /// Nesting level of this document.
    documents: usize,
}

/// The URL that an element references.
pub fn href<'d>(node: Node<'d, 'd>) -> Option<&'d str> {
    node.attributes().find(|attribute| attribute.name() == "href").map(|attribute| attribute.value().trim())
}

impl<'d, 't> Traversal<'d, 't> {
    /// Counts the work of a document rendered on a canvas.
    pub fn count(
        document: &'d Document<'d>,
        canvas: Canvas,
        documents: usize,
        tally: &'t mut Tally,
    ) -> Result<(), Stop> {
        let sheets = Sheets::read(document)?;
        let elements = document.descendants().filter(Node::is_element).count() as f64;
        let read = elements * (READ + SELECTOR * sheets.selector_bytes as f64);
        tally.charge(WorkKind::Elements, read)?;
        if document.descendants().any(|node| node.tag_name().name() == "include" && href(node).is_some()) {
            return Err(Stop::Unsupported);
        }
        let named = document.descendants().filter_map(|node| Some((node.attribute("id")?, node)));
        let ids = named.collect();
        // the sheets must outlive the traversal
        let mut walk = Traversal {
            ids,
            sheets: &sheets,
            canvas,
            tally,
            open: Vec::new(),
            pictures: HashMap::new(),
            documents,
        };
        walk.root(document.root_element())
    }

    fn root(&mut self, root: Node<'d, 'd>) -> Result<(), Stop> {
        let Canvas { stated, width, height, requested, .. } = self.canvas;
        let whole = Bounds::new(0.0, 0.0, width, height);
        let (matrix, view) = view_box(root, whole).unwrap_or_else(|| {
            (Matrix::scale(width / stated.0.max(1e-9), height / stated.1.max(1e-9)), stated)
        });
        let context = Context {
            matrix,
            measures: LengthBases { width: view.0, height: view.1, font_size: FONT_SIZE },
            visible: requested,
            fill: Paint::Solid,
            stroke: Paint::None,
            stroke_width: 1.0,
            dash: 0.0,
            marker_mid: None,
            marker_end: None,
            clip: 0.0,
            depth: 0,
        };
        self.styled(root, &context, |walk, node, _, context| walk.children(node, context)).map(drop)
    }

    pub(super) fn charge(&mut self, kind: WorkKind, work: f64) -> Result<(), Stop> {
        self.tally.charge(kind, work)
    }

    /// The work counted so far.
    pub(super) fn spent(&self) -> f64 {
        self.tally.total
    }

    /// Traverses a referenced element unless it is being traversed already: cyclic references are not rendered.
    pub(super) fn guarded(
        &mut self,
        node: Node<'d, 'd>,
        walk: impl FnOnce(&mut Self) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        if self.open.contains(&node.id()) {
            return Ok(());
        }
        if self.open.len() > MOST_DEPTH {
            return Err(Stop::Unsupported);
        }
        self.open.push(node.id());
        let result = walk(self);
        self.open.pop();
        result
    }

    /// Traverses the children of an element.
    pub(super) fn children(&mut self, node: Node<'d, 'd>, context: &Context<'d>) -> Result<Painted, Stop> {
        let mut seen = Painted::default();
        for child in node.children().filter(Node::is_element) {
            seen.join(self.element(child, context)?);
        }
        Ok(seen)
    }

    /// Traverses an element with its content and effects.
    pub(super) fn element(&mut self, node: Node<'d, 'd>, context: &Context<'d>) -> Result<Painted, Stop> {
        self.styled(node, context, Self::content)
    }

    fn styled(
        &mut self,
        node: Node<'d, 'd>,
        outer: &Context<'d>,
        draw: impl FnOnce(&mut Self, Node<'d, 'd>, &Style<'d>, &Context<'d>) -> Result<Painted, Stop>,
    ) -> Result<Painted, Stop> {
        if outer.depth > MOST_DEPTH {
            return Err(Stop::Unsupported);
        }
        let style = self.sheets.style(node);
        if style.is_hidden() {
            return Ok(Painted::default());
        }
        self.charge(WorkKind::Elements, ELEMENT * self.canvas.tiles + DECLARATION * style.declared() as f64)?;
        let mut context = self.entered(node, &style, outer)?;
        context.clip += self.clips(&style, &context)?;
        let surfaces = self.surfaces(&style) * self.canvas.pixels();
        self.tally.hold(surfaces);
        let mut seen = draw(self, node, &style, &context)?;
        self.effects(&style, &mut seen, &context)?;
        self.tally.hold(-surfaces);
        Ok(seen)
    }

    /// The context inside an element.
    pub(super) fn entered(
        &mut self,
        node: Node<'d, 'd>,
        style: &Style<'_>,
        outer: &Context<'d>,
    ) -> Result<Context<'d>, Stop> {
        let mut context = Context { depth: outer.depth + 1, ..*outer };
        if let Some(transform) = style.values("transform").next() {
            context.matrix = outer.matrix.after(&Matrix::parse(transform));
        }
        let font_size = outer.measures.font_size;
        let font = |text: &str| length_of(text, font_size, font_size);
        if let Some(size) = style.largest("font-size", font).or_else(|| style.largest("font", font)) {
            context.measures.font_size = size;
        }
        let measures = context.measures;
        context.fill = self.paint(style, "fill").unwrap_or(outer.fill);
        context.stroke = self.paint(style, "stroke").unwrap_or(outer.stroke);
        context.stroke_width = measures.length(style, "stroke-width").unwrap_or(outer.stroke_width);
        if let Some(dashes) = style.values("stroke-dasharray").next() {
            let lengths: Vec<f64> = Numbers::new(dashes).collect();
            context.dash = lengths.iter().sum::<f64>() / lengths.len().max(1) as f64;
        }
        let marker = |names: [&str; 3]| {
            let mut ids = names.into_iter().flat_map(|name| style.references(name));
            ids.find_map(|id| self.ids.get(id.as_str()).copied())
        };
        context.marker_mid = marker(["marker-mid", "marker", "marker"]).or(outer.marker_mid);
        context.marker_end = marker(["marker-end", "marker-start", "marker"]).or(outer.marker_end);
        self.charge(WorkKind::Elements, node.attributes().len() as f64)?;
        Ok(context)
    }

    fn content(
        &mut self,
        node: Node<'d, 'd>,
        style: &Style<'d>,
        context: &Context<'d>,
    ) -> Result<Painted, Stop> {
        match node.tag_name().name() {
            "g" | "a" | "switch" => self.children(node, context),
            "svg" => self.viewport(node, style, context),
            "use" => self.referenced(node, style, context),
            "text" => self.text(node, context),
            "image" => self.image(node, style, context),
            _ => match shape::outline(node, style, &context.measures, &context.matrix) {
                Some(outline) => self.outline(&outline, context),
                None => Ok(Painted::default()),
            },
        }
    }

    /// Traverses a nested `svg` or a `symbol`.
    fn viewport(
        &mut self,
        node: Node<'d, 'd>,
        style: &Style<'_>,
        context: &Context<'d>,
    ) -> Result<Painted, Stop> {
        let outer = &context.measures;
        let length = |name, default| outer.length(style, name).unwrap_or(default);
        let (x, y) = (length("x", 0.0), length("y", 0.0));
        let area = Bounds::new(x, y, length("width", outer.width), length("height", outer.height));
        let (inner, view) =
            view_box(node, area).unwrap_or_else(|| (Matrix::translate(x, y), (area.width(), area.height())));
        let measures = LengthBases { width: view.0, height: view.1, ..*outer };
        self.children(node, &Context { matrix: context.matrix.after(&inner), measures, ..*context })
    }

    fn referenced(
        &mut self,
        node: Node<'d, 'd>,
        style: &Style<'_>,
        context: &Context<'d>,
    ) -> Result<Painted, Stop> {
        let Some(target) = href(node).and_then(|url| self.ids.get(url.strip_prefix('#')?).copied()) else {
            return Ok(Painted::default());
        };
        let length = |name| context.measures.length(style, name).unwrap_or_default();
        let moved = Matrix::translate(length("x"), length("y"));
        let context = Context { matrix: context.matrix.after(&moved), ..*context };
        let mut seen = Painted::default();
        self.guarded(target, |walk| {
            seen = match target.tag_name().name() {
                "symbol" | "svg" => {
                    // the size is that of the reference, if it states one
                    walk.styled(target, &context, |walk, target, own, context| {
                        let sized = if node.has_attribute("width") { style } else { own };
                        walk.viewport(target, sized, context)
                    })?
                }
                _ => walk.element(target, &context)?,
            };
            Ok(())
        })?;
        Ok(seen)
    }

    fn image(
        &mut self,
        node: Node<'d, 'd>,
        style: &Style<'_>,
        context: &Context<'d>,
    ) -> Result<Painted, Stop> {
        let Some(url) = href(node) else { return Ok(Painted::default()) };
        let length = |name, default| context.measures.length(style, name).unwrap_or(default);
        let (width, height) = (context.measures.width, context.measures.height);
        let area =
            Bounds::new(length("x", 0.0), length("y", 0.0), length("width", width), length("height", height));
        let bounds = area.mapped(&context.matrix);
        self.embedded(url, bounds, context)?;
        Ok(Painted { bounds: Some(bounds), has_layers: false })
    }

    /// Counts an embedded image rendered into `bounds`.
    pub(super) fn embedded(
        &mut self,
        url: &'d str,
        bounds: Bounds,
        context: &Context<'d>,
    ) -> Result<(), Stop> {
        let is_new = !self.pictures.contains_key(url);
        if is_new {
            self.charge(WorkKind::Pictures, url.len() as f64)?;
            self.pictures.insert(url, embedded(url)?);
        }
        let shown = bounds.within(&context.visible).area();
        match self.pictures[url].clone() {
            EmbeddedImage::Nothing => Ok(()),
            EmbeddedImage::Pixels(size) => {
                let pixels = size.pixels() as f64;
                if is_new {
                    self.charge(WorkKind::Pictures, pixels * DECODED)?;
                    self.tally.hold(pixels); // until the document is rendered
                }
                self.charge(
                    WorkKind::Pictures,
                    (pixels * SCALED + context.clip) * self.canvas.tiles + shown * PAINTED,
                )
            }
            EmbeddedImage::Svg(text) => {
                if self.documents >= MOST_DOCUMENTS {
                    return Err(Stop::Unsupported);
                }
                let (width, height) = (bounds.width(), bounds.height());
                let requested = Bounds::new(0.0, 0.0, width, height);
                let canvas =
                    Canvas { stated: (width, height), width, height, requested, tiles: self.canvas.tiles };
                let text = xml::decode(&text)?;
                let (documents, tally) = (self.documents + 1, &mut *self.tally);
                xml::with_document(&text, |document| Traversal::count(document, canvas, documents, tally))
            }
        }
    }

    pub(super) fn marker(
        &mut self,
        marker: Node<'d, 'd>,
        count: f64,
        context: &Context<'d>,
    ) -> Result<(), Stop> {
        let before = self.spent();
        // the position of a marker on its line is ignored: it may be anywhere, and scales with the stroke width
        let scale = context.stroke_width.max(1.0);
        let visible = context.visible;
        let whole = Bounds::new(0.0, 0.0, visible.width(), visible.height());
        let matrix = Matrix { e: 0.0, f: 0.0, ..context.matrix.after(&Matrix::scale(scale, scale)) };
        let inner =
            Context { matrix, visible: whole.grown(whole.width().max(whole.height())), ..context.fresh() };
        self.children(marker, &Context { depth: context.depth + 1, ..inner })?;
        let each = self.spent() - before + MARKER * self.canvas.tiles;
        self.charge(WorkKind::Paths, each * count)
    }
}

/// The transform from an element's `viewBox` to the units around it, and the size of the `viewBox`.
fn view_box(node: Node<'_, '_>, area: Bounds) -> Option<(Matrix, (f64, f64))> {
    let numbers: Vec<f64> = Numbers::new(node.attribute("viewBox")?).collect();
    let [x, y, width, height] = numbers[..] else { return None };
    if width <= 0.0 || height <= 0.0 {
        return None;
    }
    let (across, down) = (area.width() / width, area.height() / height);
    let ratio = node.attribute("preserveAspectRatio").unwrap_or_default();
    let (across, down) = match ratio {
        _ if ratio.contains("none") => (across, down),
        _ if ratio.contains("slice") => (across.max(down), across.max(down)),
        _ => (across.min(down), across.min(down)),
    };
    // centred whatever the alignment: the work is the same
    let spare = (area.width() - across * width, area.height() - down * height);
    let moved = Matrix::translate(area.left + spare.0 / 2.0, area.top + spare.1 / 2.0);
    let scaled = moved.after(&Matrix::scale(across, down));
    Some((scaled.after(&Matrix::translate(-x, -y)), (width, height)))
}

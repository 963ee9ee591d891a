//! The work of filters: their regions, and what their primitives do per pixel.

use roxmltree::Node;

use super::{
    css::references,
    matrix::Bounds,
    numbers::{Numbers, length_of},
    tally::Stop,
    traversal::{Context, Painted, Traversal, href},
    weights::{
        BLUR, COLOUR, COMPARED, COMPOSITE, CONVOLVED, COPY, DISPLACEMENT, FILTER, FLOOD, LIGHTING,
        MOST_OCTAVES, MOST_RADIUS, NARROW, NARROW_BLUR, OCTAVE, TURBULENCE, WorkKind,
    },
};

/// Default filter region: a tenth more than the element on every side.
const REGION: [(&str, f64); 4] = [("x", -0.1), ("y", -0.1), ("width", 1.2), ("height", 1.2)];

/// Surfaces that a filter holds beside its named results: the background, its source, and two results.
const FILTER_SURFACES: f64 = 4.0;

impl<'d> Traversal<'d, '_> {
    /// The filters in a value: references, and the number of functions.
    pub(super) fn filters(&self, value: &str) -> (Vec<Node<'d, 'd>>, f64) {
        let nodes = references(value).iter().filter_map(|id| self.ids.get(id.as_str()).copied()).collect();
        let functions =
            value.matches('(').count() - value.matches("url(").count().min(value.matches('(').count());
        (nodes, functions as f64)
    }

    /// The number of surfaces that a filter holds at once.
    pub(super) fn filter_surfaces(filter: Node<'d, 'd>) -> f64 {
        FILTER_SURFACES + filter.children().filter(|child| child.has_attribute("result")).count() as f64
    }

    /// Counts a filter applied to rendered content.
    pub(super) fn filter(
        &mut self,
        filter: Node<'d, 'd>,
        seen: &Painted,
        context: &Context<'d>,
    ) -> Result<(), Stop> {
        self.charge(WorkKind::Filters, FILTER * self.canvas.pixels() * self.canvas.tiles)?;
        let Some(region) = self.region(filter, seen, context) else { return Ok(()) };
        let area = region.within(&context.visible).area();
        for primitive in filter.children().filter(Node::is_element) {
            let weight = weight(primitive, context);
            self.charge(WorkKind::Filters, weight * area * self.canvas.tiles)?;
            if primitive.tag_name().name() == "feImage" {
                self.filter_image(primitive, region, context)?;
            }
        }
        Ok(())
    }

    /// Counts a filter function, for example `blur(5px)`.
    pub(super) fn filter_function(&mut self, seen: &Painted, context: &Context<'d>) -> Result<(), Stop> {
        let canvas = FILTER * self.canvas.pixels();
        // filter functions are bounded by the image only
        let area = seen.bounds.map_or(0.0, |_| context.visible.area());
        self.charge(WorkKind::Filters, (canvas + (BLUR + COMPOSITE) * area) * self.canvas.tiles)
    }

    /// The filter region in pixels; `None` if it is relative to an element without bounds.
    fn region(&self, filter: Node<'d, 'd>, seen: &Painted, context: &Context<'d>) -> Option<Bounds> {
        let own = |name: &str| self.inherited(filter, name);
        if own("filterUnits") == Some("userSpaceOnUse") {
            let measures = &context.measures;
            let whole = [measures.width, measures.height, measures.width, measures.height];
            let [x, y, width, height] = std::array::from_fn(|index| {
                let (name, default) = REGION[index];
                let stated = own(name).and_then(|text| length_of(text, whole[index], measures.font_size));
                stated.unwrap_or(default * whole[index])
            });
            return Some(Bounds::new(x, y, width, height).mapped(&context.matrix));
        }
        let bounds = seen.bounds?;
        let [x, y, width, height] = REGION
            .map(|(name, default)| own(name).and_then(|text| length_of(text, 1.0, 1.0)).unwrap_or(default));
        let (wide, high) = (bounds.width(), bounds.height());
        let left_top = (bounds.left + x * wide, bounds.top + y * high);
        let stated = Bounds::new(left_top.0, left_top.1, width * wide, height * high);
        // the element may be rotated or mirrored, and its region with it
        Some(if context.matrix.is_upright() && context.matrix.a > 0.0 && context.matrix.d > 0.0 {
            stated
        } else {
            let reach = [x, y, width, height].into_iter().map(f64::abs).fold(1.0, f64::max);
            bounds.grown(2.0 * reach * wide.max(high))
        })
    }

    /// Counts the content of an `feImage`: an element, or an embedded image.
    fn filter_image(
        &mut self,
        node: Node<'d, 'd>,
        region: Bounds,
        context: &Context<'d>,
    ) -> Result<(), Stop> {
        match href(node) {
            Some(url) if !url.starts_with('#') => self.embedded(url, region, context),
            Some(url) => match self.ids.get(&url[1..]).copied() {
                Some(target) => self.guarded(target, |walk| walk.element(target, context).map(drop)),
                None => Ok(()),
            },
            None => Ok(()),
        }
    }
}

/// Work of a blur per pixel.
fn blur(primitive: Node<'_, '_>, context: &Context<'_>) -> f64 {
    let sigmas = primitive.attribute("stdDeviation").map(|text| Numbers::new(text).collect::<Vec<_>>());
    let least = sigmas.unwrap_or_default().into_iter().reduce(f64::min).unwrap_or_default();
    if least * context.matrix.growth() < NARROW { NARROW_BLUR } else { BLUR }
}

/// Work of a primitive per pixel.
fn weight(primitive: Node<'_, '_>, context: &Context<'_>) -> f64 {
    let numbers = |name| primitive.attribute(name).map(|text| Numbers::new(text).collect::<Vec<_>>());
    match primitive.tag_name().name() {
        "feFlood" | "feImage" => FLOOD,
        "feTurbulence" => {
            let octaves = numbers("numOctaves").and_then(|all| all.first().copied()).unwrap_or(1.0);
            TURBULENCE + OCTAVE * octaves.clamp(0.0, MOST_OCTAVES)
        }
        "feGaussianBlur" => blur(primitive, context),
        "feDropShadow" => blur(primitive, context) + COMPOSITE,
        "feColorMatrix" | "feComponentTransfer" => COLOUR,
        "feBlend" | "feComposite" => COMPOSITE,
        "feDiffuseLighting" | "feSpecularLighting" => LIGHTING,
        "feDisplacementMap" => DISPLACEMENT,
        "feMerge" => COPY * (1.0 + primitive.children().filter(Node::is_element).count() as f64),
        "feMorphology" => {
            let radii = numbers("radius").unwrap_or_default();
            let pixels =
                |radius: f64| (radius.abs() * context.matrix.growth()).ceil().clamp(0.0, MOST_RADIUS);
            let relative = primitive.parent().and_then(|filter| filter.attribute("primitiveUnits"));
            let is_relative = relative == Some("objectBoundingBox");
            let side = |radius: f64| 2.0 * if is_relative { MOST_RADIUS } else { pixels(radius) } + 1.0;
            let first = radii.first().copied().unwrap_or_default();
            COPY + COMPARED * side(first) * side(radii.get(1).copied().unwrap_or(first))
        }
        "feConvolveMatrix" => {
            let orders = numbers("order").unwrap_or_default();
            let first = orders.first().copied().unwrap_or(3.0).abs();
            COPY + CONVOLVED * first * orders.get(1).copied().unwrap_or(first).abs()
        }
        _ => COPY,
    }
}

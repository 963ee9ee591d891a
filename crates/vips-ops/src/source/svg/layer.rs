//! The work of layers: clipping, filters, masks, opacity and blending.

use roxmltree::Node;

use super::{
    css::Style,
    matrix::Matrix,
    numbers::length_of,
    paint::Paint,
    tally::Stop,
    traversal::{Context, Painted, Traversal},
    weights::{BLEND, FULL_LAYER, LAYER, MASK, WorkKind},
};

impl<'d> Traversal<'d, '_> {
    /// The work that the clip paths of an element add to everything painted in it.
    pub(super) fn clips(&mut self, style: &Style<'_>, context: &Context<'d>) -> Result<f64, Stop> {
        let before = self.spent();
        for id in style.references("clip-path") {
            if let Some(clip) = self.ids.get(id.as_str()).copied() {
                let inner = Context { clip: 0.0, fill: Paint::Outline, ..context.fresh() };
                self.guarded(clip, |walk| walk.children(clip, &inner).map(drop))?;
            }
        }
        Ok((self.spent() - before) / self.canvas.tiles)
    }

    /// The number of surfaces of the image's size that an element holds while it is rendered.
    pub(super) fn surfaces(&self, style: &Style<'_>) -> f64 {
        let masks = style.references("mask").len() as f64;
        let layers = if is_translucent(style) || is_blended(style) { 1.0 } else { 0.0 };
        let filters =
            style.values("filter").flat_map(|value| self.filters(value).0).map(Self::filter_surfaces);
        2.0 * masks + layers + filters.fold(0.0, f64::max)
    }

    /// Counts the effects applied to a rendered element.
    pub(super) fn effects(
        &mut self,
        style: &Style<'_>,
        seen: &mut Painted,
        context: &Context<'d>,
    ) -> Result<(), Stop> {
        let whole = self.canvas.pixels() * self.canvas.tiles;
        for value in style.values("filter").filter(|value| *value != "none") {
            let (filters, functions) = self.filters(value);
            for filter in filters {
                self.guarded(filter, |walk| walk.filter(filter, seen, context))?;
                seen.has_layers = true;
            }
            for _ in 0..functions as usize {
                self.filter_function(seen, context)?;
            }
        }
        for id in style.references("mask") {
            if let Some(mask) = self.ids.get(id.as_str()).copied() {
                self.charge(WorkKind::Layers, MASK * whole)?;
                let inner = masked(mask, seen, context);
                self.guarded(mask, |walk| walk.children(mask, &inner).map(drop))?;
                seen.has_layers = true;
            }
        }
        if is_translucent(style) || is_blended(style) {
            let layer = if seen.has_layers { FULL_LAYER } else { LAYER };
            self.charge(WorkKind::Layers, whole * if is_blended(style) { BLEND } else { layer })?;
            seen.has_layers = true;
        }
        Ok(())
    }
}

/// The context inside a mask.
fn masked<'d>(mask: Node<'d, 'd>, seen: &Painted, context: &Context<'d>) -> Context<'d> {
    let inner = Context { clip: 0.0, depth: context.depth + 1, ..context.fresh() };
    let relative = mask.attribute("maskContentUnits") == Some("objectBoundingBox");
    let user = seen.bounds.zip(context.matrix.inverse()).map(|(bounds, inverse)| bounds.mapped(&inverse));
    match user.filter(|_| relative) {
        Some(user) => {
            let unit =
                Matrix::translate(user.left, user.top).after(&Matrix::scale(user.width(), user.height()));
            Context { matrix: context.matrix.after(&unit), ..inner }
        }
        None => inner,
    }
}

fn is_translucent(style: &Style<'_>) -> bool {
    let opaque = |text: &str| length_of(text, 1.0, 1.0).is_none_or(|opacity| opacity >= 1.0);
    style.values("opacity").any(|text| !opaque(text))
        || style.values("isolation").any(|text| text == "isolate")
}

fn is_blended(style: &Style<'_>) -> bool {
    style.values("mix-blend-mode").any(|mode| mode != "normal")
}

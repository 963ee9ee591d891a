//! The work of text: number of characters, and the approximate area.

use roxmltree::Node;

use super::{
    matrix::Bounds,
    numbers::Numbers,
    paint::Paint,
    tally::Stop,
    traversal::{Context, Painted, Traversal},
    weights::{CHARACTER, CHARACTERS_CUBED, STROKE_POINT, WorkKind},
};

/// Upper bound of the mean width of a character, relative to the font size.
const WIDTH: f64 = 0.9;

/// Points in the outline of a glyph.
const LETTER_POINTS: f64 = 30.0;

impl<'d> Traversal<'d, '_> {
    /// Counts a text with its spans.
    pub(super) fn text(&mut self, node: Node<'d, 'd>, context: &Context<'d>) -> Result<Painted, Stop> {
        let start =
            |name| node.attribute(name).and_then(|text| Numbers::new(text).next()).unwrap_or_default();
        let at = (start("x"), start("y"));
        let mut seen = Painted::default();
        self.spans(node, context, at, &mut seen)?;
        Ok(seen)
    }

    fn spans(
        &mut self,
        node: Node<'d, 'd>,
        context: &Context<'d>,
        at: (f64, f64),
        seen: &mut Painted,
    ) -> Result<(), Stop> {
        for child in node.children() {
            if let Some(text) = child.text().filter(|_| child.is_text()) {
                let bounds = self.letters(text.chars().count() as f64, context, at)?;
                seen.add(bounds);
            } else if child.is_element() {
                let style = self.sheets.style(child);
                let inner = self.entered(child, &style, context)?;
                self.spans(child, &inner, at, seen)?;
            }
        }
        Ok(())
    }

    /// Counts a text chunk. Its start depends on the anchor, so it is assumed to extend to both sides.
    fn letters(&mut self, count: f64, context: &Context<'d>, (x, y): (f64, f64)) -> Result<Bounds, Stop> {
        let size = context.measures.font_size;
        let length = count * size * WIDTH;
        let bounds = Bounds::new(x - length, y - size, 2.0 * length, 2.0 * size).mapped(&context.matrix);
        let pixels = size * context.matrix.growth();
        let area = (count * pixels * pixels).min(bounds.within(&context.visible).area());
        let shaped = count * CHARACTER + count.powi(3) * CHARACTERS_CUBED + context.clip;
        self.charge(WorkKind::Text, shaped * self.canvas.tiles)?;
        self.server(&context.fill, area, bounds, context)?;
        if !matches!(context.stroke, Paint::None) {
            self.charge(WorkKind::Text, count * LETTER_POINTS * STROKE_POINT * self.canvas.tiles)?;
            self.server(&context.stroke, area, bounds, context)?;
        }
        Ok(bounds)
    }
}

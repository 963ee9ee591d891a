//! The outlines of basic shapes.

use std::f64::consts::PI;

use roxmltree::Node;

use super::{
    css::Style,
    matrix::Matrix,
    numbers::length_of,
    path::{self, Outline, OutlineBuilder},
};

/// What relative lengths of an element refer to, in user units.
#[derive(Debug, Clone, Copy)]
pub struct LengthBases {
    pub width: f64,
    pub height: f64,
    pub font_size: f64,
}

impl LengthBases {
    /// The base of percentages that refer neither to width nor to height (SVG 2, 8.9).
    pub fn other(&self) -> f64 {
        (self.width.hypot(self.height)) / std::f64::consts::SQRT_2
    }

    /// The length of a property.
    pub fn length(&self, style: &Style<'_>, name: &str) -> Option<f64> {
        let whole = match name {
            "x" | "width" | "cx" | "x1" | "x2" | "rx" => self.width,
            "y" | "height" | "cy" | "y1" | "y2" | "ry" => self.height,
            _ => self.other(),
        };
        style.largest(name, |text| length_of(text, whole, self.font_size))
    }
}

/// The outline in pixels of a basic shape or path; `None` for other elements and for empty shapes.
pub fn outline(
    node: Node<'_, '_>,
    style: &Style<'_>,
    measures: &LengthBases,
    matrix: &Matrix,
) -> Option<Outline> {
    let length = |name| measures.length(style, name).unwrap_or_default();
    match node.tag_name().name() {
        "path" => path::path(node.attribute("d")?, matrix),
        "polyline" | "polygon" => path::polygon(node.attribute("points")?, matrix),
        "rect" => rectangle(length("x"), length("y"), length("width"), length("height"), matrix),
        "line" => {
            let mut pen = OutlineBuilder::new(matrix);
            pen.move_to(length("x1"), length("y1"));
            pen.line_to(length("x2"), length("y2"), 1.0);
            pen.finish()
        }
        "circle" => ellipse(length("cx"), length("cy"), length("r"), length("r"), matrix),
        "ellipse" => {
            let (rx, ry) = (length("rx"), length("ry"));
            ellipse(
                length("cx"),
                length("cy"),
                if rx > 0.0 { rx } else { ry },
                if ry > 0.0 { ry } else { rx },
                matrix,
            )
        }
        _ => None,
    }
}

/// The outline of an axis-aligned rectangle.
pub fn rectangle(x: f64, y: f64, width: f64, height: f64, matrix: &Matrix) -> Option<Outline> {
    if width <= 0.0 || height <= 0.0 {
        return None;
    }
    let mut pen = OutlineBuilder::new(matrix);
    pen.move_to(x, y);
    // cairo fills rectangles without processing their points
    for (x, y) in [(x + width, y), (x + width, y + height), (x, y + height), (x, y)] {
        pen.line_to(x, y, 0.0);
    }
    pen.finish()
}

fn ellipse(x: f64, y: f64, across: f64, down: f64, matrix: &Matrix) -> Option<Outline> {
    let mut outline = rectangle(x - across, y - down, 2.0 * across, 2.0 * down, matrix)?;
    outline.points *= 16.0;
    outline.length *= PI / 4.0;
    Some(outline)
}

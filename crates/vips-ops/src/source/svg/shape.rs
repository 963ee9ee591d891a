//! The outlines of basic shapes.

use std::f64::consts::PI;

use roxmltree::Node;

use super::{
    css::Style,
    matrix::Matrix,
    numbers::length_of,
    path::{self, Outline, OutlineBuilder},
};

/// What lengths of an element are relative to.
#[derive(Debug, Clone, Copy)]
pub struct LengthBases {
    pub width: f64,
    pub height: f64,
    pub font_size: f64,
}

impl LengthBases {
    /// What percentages are of that are neither of the width nor of the height.
    pub fn other(&self) -> f64 {
        (self.width.hypot(self.height)) / std::f64::consts::SQRT_2
    }

    /// A length by its property's name.
    pub fn length(&self, style: &Style<'_>, name: &str) -> Option<f64> {
        let whole = match name {
            "x" | "width" | "cx" | "x1" | "x2" | "rx" => self.width,
            "y" | "height" | "cy" | "y1" | "y2" | "ry" => self.height,
            _ => self.other(),
        };
        style.largest(name, |text| length_of(text, whole, self.font_size))
    }
}

/// The outline of a basic shape or path in pixels; nothing for other elements and for shapes without size.
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
            pen.jump(length("x1"), length("y1"));
            pen.line(length("x2"), length("y2"), 1.0);
            pen.done()
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

/// The outline of an upright rectangle.
pub fn rectangle(x: f64, y: f64, width: f64, height: f64, matrix: &Matrix) -> Option<Outline> {
    if width <= 0.0 || height <= 0.0 {
        return None;
    }
    let mut pen = OutlineBuilder::new(matrix);
    pen.jump(x, y);
    // cairo paints rectangles without looking at their points one by one
    for (x, y) in [(x + width, y), (x + width, y + height), (x, y + height), (x, y)] {
        pen.line(x, y, 0.0);
    }
    pen.done()
}

fn ellipse(x: f64, y: f64, across: f64, down: f64, matrix: &Matrix) -> Option<Outline> {
    let mut outline = rectangle(x - across, y - down, 2.0 * across, 2.0 * down, matrix)?;
    outline.points *= 16.0;
    outline.length *= PI / 4.0;
    Some(outline)
}

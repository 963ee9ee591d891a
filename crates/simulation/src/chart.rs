//! Line charts as SVG.

use std::fmt::Write;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;
/// Left, top, right, bottom.
const MARGINS: [f64; 4] = [70.0, 40.0, 150.0, 50.0];
/// Colours that people with any colour vision distinguish (Okabe and Ito, 2008).
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

/// A chart over the number of nodes, on a logarithmic axis.
#[derive(Debug)]
pub struct Chart {
    /// The heading.
    pub title: String,
    /// The vertical axis, with its unit.
    pub unit: String,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// A line of a chart.
#[derive(Debug)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// Number of nodes, and value.
    pub points: Vec<(u32, f64)>,
}

/// The places of values.
struct Scales {
    most: f64,
    highest: f64,
}

impl Scales {
    fn x(&self, nodes: u32) -> f64 {
        let [left, _, right, _] = MARGINS;
        left + (WIDTH - left - right) * f64::from(nodes).ln() / self.most.ln()
    }

    fn y(&self, value: f64) -> f64 {
        let [_, top, _, bottom] = MARGINS;
        HEIGHT - bottom - (HEIGHT - top - bottom) * value / self.highest
    }
}

impl Chart {
    /// The chart. It has a white background, so that it can be read on any page.
    pub fn svg(&self) -> String {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let scales = Scales {
            highest: step_above(points().map(|point| point.1).fold(0.0, f64::max)),
            most: f64::from(points().map(|point| point.0).max().unwrap_or(1)).max(2.0),
        };
        let [left, top, ..] = MARGINS;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
             <text x=\"{left}\" y=\"20\" font-size=\"14\" font-weight=\"bold\">{}</text>\n\
             <text x=\"8\" y=\"{}\">{}</text>\n",
            self.title,
            top - 10.0,
            self.unit
        );
        for element in self.axes(&scales).into_iter().chain(self.curves(&scales)) {
            writeln!(svg, "{element}").expect("invariant: a string can be written");
        }
        svg + "</svg>\n"
    }

    fn axes(&self, scales: &Scales) -> Vec<String> {
        let [left, _, right, bottom] = MARGINS;
        let mut elements = Vec::new();
        for step in 0..=4 {
            let value = scales.highest * f64::from(step) / 4.0;
            let (at, end) = (scales.y(value), WIDTH - right);
            elements.push(format!("<path d=\"M{left} {at:.1}H{end}\" stroke=\"#ddd\"/>"));
            let (x, y, value) = (left - 6.0, at + 4.0, short(value));
            elements.push(format!("<text x=\"{x}\" y=\"{y:.1}\" text-anchor=\"end\">{value}</text>"));
        }
        let mut nodes: Vec<u32> =
            self.lines.iter().flat_map(|line| &line.points).map(|point| point.0).collect();
        nodes.sort_unstable();
        nodes.dedup();
        for nodes in nodes {
            let (at, below) = (scales.x(nodes), HEIGHT - bottom + 18.0);
            elements.push(format!("<text x=\"{at:.1}\" y=\"{below}\" text-anchor=\"middle\">{nodes}</text>"));
        }
        let (middle, below) = ((left + WIDTH - right) / 2.0, HEIGHT - 12.0);
        elements.push(format!("<text x=\"{middle}\" y=\"{below}\" text-anchor=\"middle\">nodes</text>"));
        elements
    }

    fn curves(&self, scales: &Scales) -> Vec<String> {
        let [_, top, right, _] = MARGINS;
        let mut elements = Vec::new();
        for ((line, colour), number) in self.lines.iter().zip(COLOURS).zip(0..) {
            let point =
                |(nodes, value): &(u32, f64)| format!("{:.1},{:.1}", scales.x(*nodes), scales.y(*value));
            let points = line.points.iter().map(point).collect::<Vec<_>>().join(" ");
            elements.push(format!(
                "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"
            ));
            let (at, row) = (WIDTH - right + 12.0, top + 16.0 + 18.0 * f64::from(number));
            elements.push(format!("<text x=\"{at}\" y=\"{row}\" fill=\"{colour}\">{}</text>", line.name));
        }
        elements
    }
}

/// The next of 1, 2, 4, 6, 8 and 10 times a power of ten.
fn step_above(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let factor = [1.0, 2.0, 4.0, 6.0, 8.0].into_iter().find(|factor| factor * power >= value);
    factor.unwrap_or(10.0) * power
}

/// A number with at most a few digits.
fn short(value: f64) -> String {
    match value {
        _ if value >= 1e6 => format!("{}M", value / 1e6),
        _ if value >= 1e3 => format!("{}k", value / 1e3),
        _ => format!("{}", (value * 1000.0).round() / 1000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        for (value, expected) in
            [(0.93, 1.0), (1.0, 1.0), (1.1, 2.0), (37.0, 40.0), (0.0, 1.0), (950.0, 1000.0)]
        {
            assert!((step_above(value) - expected).abs() < 1e-9, "{value}: {}", step_above(value));
        }
        assert_eq!([0.25, 750.0, 1500.0, 2e6].map(short), ["0.25", "750", "1.5k", "2M"]);
    }
}

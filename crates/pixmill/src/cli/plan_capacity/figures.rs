//! The cost of a mean miss, from the figures of `pixmill bench`.

use super::share::Share;
use crate::cli::bench::{BenchRender, BenchReport};

/// The mean over all misses, by the shares of formats and widths.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MeanMiss {
    /// CPU time of the render, in milliseconds.
    pub cpu_ms: f64,
    /// Bytes of the result.
    pub bytes: f64,
}

/// The mean miss. Fails if a format or a width was not measured, or a figure is impossible.
pub fn mean(
    report: &BenchReport,
    formats: &[Share<String>],
    widths: &[Share<u32>],
) -> Result<MeanMiss, String> {
    if let Some(BenchRender { format, width, cpu_ms, .. }) =
        report.renders.iter().find(|render| !is_possible(render))
    {
        return Err(format!(
            "the figures have {cpu_ms} ms of CPU for {format} of {width} px, expected more than 0"
        ));
    }
    let mut mean = MeanMiss::default();
    for format in formats.iter().filter(|format| format.share > 0.0) {
        for width in widths.iter().filter(|width| width.share > 0.0) {
            let MeanMiss { cpu_ms, bytes } = at(report, &format.of, width.of)?;
            let share = format.share * width.share;
            mean.cpu_ms += share * cpu_ms;
            mean.bytes += share * bytes;
        }
    }
    Ok(mean)
}

fn is_possible(render: &BenchRender) -> bool {
    render.cpu_ms.is_finite() && render.cpu_ms > 0.0 && render.bytes > 0
}

/// The figures of one format at a width, interpolated by the number of pixels between the measured widths next to it.
fn at(report: &BenchReport, format: &str, width: u32) -> Result<MeanMiss, String> {
    let measured = || report.renders.iter().filter(|render| render.format == format);
    let below = measured().filter(|render| render.width <= width).max_by_key(|render| render.width);
    let above = measured().filter(|render| render.width >= width).min_by_key(|render| render.width);
    let (Some(below), Some(above)) = (below, above) else {
        let widths: Vec<_> = measured().map(|render| render.width.to_string()).collect();
        return Err(if widths.is_empty() {
            format!("the figures have no {format}: measure it, `pixmill bench --formats {format}`")
        } else {
            let widths = widths.join(", ");
            format!("the figures of {format} have the widths {widths}, and {width} is not between them")
        });
    };
    let pixels = |width: u32| f64::from(width).powi(2);
    let span = pixels(above.width) - pixels(below.width);
    let position = if span > 0.0 { (pixels(width) - pixels(below.width)) / span } else { 0.0 };
    let between = |from: f64, to: f64| from + position * (to - from);
    Ok(MeanMiss {
        cpu_ms: between(below.cpu_ms, above.cpu_ms),
        bytes: between(below.bytes as f64, above.bytes as f64),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::BenchOriginal;

    fn report(renders: &[(&str, u32, f64, u64)]) -> BenchReport {
        let render = |(format, width, cpu_ms, bytes): &(&str, u32, f64, u64)| BenchRender {
            format: (*format).to_owned(),
            width: *width,
            renders_per_second: 1.0,
            cpu_ms: *cpu_ms,
            bytes: *bytes,
            renders: 1,
        };
        BenchReport {
            version: String::new(),
            libvips: String::new(),
            optimized: true,
            threads: 1,
            original: BenchOriginal { name: String::new(), width: 2040, height: 1360, bytes: 1 },
            renders: renders.iter().map(render).collect(),
        }
    }

    fn shares<T: std::str::FromStr>(text: &str) -> Vec<Share<T>> {
        text.split(',').map(|share| share.parse().unwrap()).collect()
    }

    #[test]
    fn the_mean_is_weighted_by_both_shares() {
        let report = report(&[
            ("jpeg", 100, 10.0, 1000),
            ("jpeg", 200, 20.0, 2000),
            ("avif", 100, 50.0, 500),
            ("avif", 200, 90.0, 900),
        ]);
        let mean = mean(&report, &shares("jpeg=25%,avif=75%"), &shares("100=50%,200=50%")).unwrap();
        assert!((mean.cpu_ms - (0.25 * 15.0 + 0.75 * 70.0)).abs() < 1e-9, "{mean:?}");
        assert!((mean.bytes - (0.25 * 1500.0 + 0.75 * 700.0)).abs() < 1e-9, "{mean:?}");
    }

    #[test]
    fn widths_between_are_interpolated_by_pixels() {
        let report = report(&[("jpeg", 100, 10.0, 1000), ("jpeg", 300, 90.0, 9000)]);
        // 200² is at three eighths between 100² and 300²
        let MeanMiss { cpu_ms, bytes } = at(&report, "jpeg", 200).unwrap();
        assert!((cpu_ms - 40.0).abs() < 1e-9 && (bytes - 4000.0).abs() < 1e-9, "{cpu_ms} {bytes}");
    }

    #[test]
    fn what_was_not_measured_is_refused() {
        let report = report(&[("jpeg", 100, 10.0, 1000), ("webp", 100, 0.0, 1000)]);
        let refused = |formats, widths| mean(&report, &shares(formats), &shares(widths)).unwrap_err();
        assert!(refused("jpeg=100%", "100=100%").contains("0 ms of CPU for webp of 100 px"));
        assert!(at(&report, "avif", 100).unwrap_err().contains("have no avif"));
        assert!(at(&report, "jpeg", 101).unwrap_err().contains("101 is not between them"));
    }
}

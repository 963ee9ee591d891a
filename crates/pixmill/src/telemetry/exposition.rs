//! Metrics as text, in the format that Prometheus reads.
//!
//! A hundred lines; the crates for it bring registries, locks and types for what is a list of numbers here.

use std::fmt::{Display, Write};

use super::{
    histogram::{BOUNDS, Histogram},
    metrics::Metric,
    ratios::{self, Ratios},
};

/// The type of the text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The text of all metrics.
#[derive(Debug, Default)]
pub struct Exposition {
    text: String,
    /// The metric told last: its description is told once.
    last: &'static str,
}

impl Exposition {
    /// Tells one value; `labels` are the values of the metric's labels.
    pub fn tell(&mut self, metric: &Metric, labels: &[&str], value: impl Display) {
        self.begin(metric);
        self.line(metric, "", labels, None, value);
    }

    /// Tells a histogram of durations.
    pub fn tell_histogram(&mut self, metric: &Metric, labels: &[&str], histogram: &Histogram) {
        let reading = histogram.read();
        let buckets = BOUNDS.into_iter().map(seconds).zip(reading.up_to);
        self.tell_buckets(metric, labels, buckets, reading.count, seconds(reading.sum_micros));
    }

    /// Tells a histogram of ratios.
    pub fn tell_ratios(&mut self, metric: &Metric, labels: &[&str], ratios: &Ratios) {
        let reading = ratios.read();
        let buckets = ratios::BOUNDS.into_iter().map(|bound| bound.to_string()).zip(reading.up_to);
        self.tell_buckets(metric, labels, buckets, reading.count, reading.sum);
    }

    fn tell_buckets(
        &mut self,
        metric: &Metric,
        labels: &[&str],
        buckets: impl Iterator<Item = (String, u64)>,
        count: u64,
        sum: impl Display,
    ) {
        self.begin(metric);
        for (bound, count) in buckets {
            self.line(metric, "_bucket", labels, Some(&bound), count);
        }
        self.line(metric, "_bucket", labels, Some("+Inf"), count);
        self.line(metric, "_sum", labels, None, sum);
        self.line(metric, "_count", labels, None, count);
    }

    /// The text.
    pub fn text(self) -> String {
        self.text
    }

    fn begin(&mut self, metric: &Metric) {
        if self.last == metric.name {
            return;
        }
        self.last = metric.name;
        // writing to a string cannot fail
        let _ = writeln!(self.text, "# HELP {} {}", metric.name, metric.help);
        let _ = writeln!(self.text, "# TYPE {} {}", metric.name, metric.kind.name());
    }

    fn line(
        &mut self,
        metric: &Metric,
        part: &str,
        labels: &[&str],
        up_to: Option<&str>,
        value: impl Display,
    ) {
        debug_assert_eq!(metric.labels.len(), labels.len(), "{}", metric.name);
        let named = metric.labels.iter().copied().zip(labels.iter().copied());
        let pairs: Vec<_> = named
            .chain(up_to.map(|bound| ("le", bound)))
            .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
            .collect();
        let labels = if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) };
        let _ = writeln!(self.text, "{}{part}{labels} {value}", metric.name);
    }
}

fn seconds(micros: u64) -> String {
    (micros as f64 / 1e6).to_string()
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::telemetry::metrics::{FLIGHTS, PHASE_SECONDS, POOL_COST, UPTIME};

    #[test]
    fn the_text_is_what_prometheus_reads() {
        let mut page = Exposition::default();
        page.tell(&UPTIME, &[], 1.5);
        page.tell(&FLIGHTS, &["a\"b\\c\n"], 1);
        page.tell(&FLIGHTS, &["b"], 2);
        let expected = "# HELP pixmill_uptime_seconds Seconds since the start.\n\
                        # TYPE pixmill_uptime_seconds gauge\n\
                        pixmill_uptime_seconds 1.5\n\
                        # HELP pixmill_flights Work under way that others may join.\n\
                        # TYPE pixmill_flights gauge\n\
                        pixmill_flights{kind=\"a\\\"b\\\\c\\n\"} 1\n\
                        pixmill_flights{kind=\"b\"} 2\n";
        assert_eq!(page.text(), expected);
    }

    #[test]
    fn a_histogram_adds_up() {
        let histogram = Histogram::default();
        histogram.observe(Duration::from_micros(60));
        histogram.observe(Duration::from_secs(100));
        let mut page = Exposition::default();
        page.tell_histogram(&PHASE_SECONDS, &["encode"], &histogram);
        let text = page.text();
        for line in [
            "# TYPE pixmill_phase_duration_seconds histogram",
            "pixmill_phase_duration_seconds_bucket{phase=\"encode\",le=\"0.00005\"} 0",
            "pixmill_phase_duration_seconds_bucket{phase=\"encode\",le=\"0.0001\"} 1",
            "pixmill_phase_duration_seconds_bucket{phase=\"encode\",le=\"10\"} 1",
            "pixmill_phase_duration_seconds_bucket{phase=\"encode\",le=\"+Inf\"} 2",
            "pixmill_phase_duration_seconds_sum{phase=\"encode\"} 100.00006",
            "pixmill_phase_duration_seconds_count{phase=\"encode\"} 2",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }

    #[test]
    fn ratios_are_told_like_durations() {
        let ratios = Ratios::default();
        ratios.observe(Duration::from_secs(3), Duration::from_secs(2));
        let mut page = Exposition::default();
        page.tell_ratios(&POOL_COST, &["picture"], &ratios);
        let text = page.text();
        for line in [
            "pixmill_pool_cost_ratio_bucket{class=\"picture\",le=\"0.1\"} 0",
            "pixmill_pool_cost_ratio_bucket{class=\"picture\",le=\"1.6\"} 1",
            "pixmill_pool_cost_ratio_bucket{class=\"picture\",le=\"+Inf\"} 1",
            "pixmill_pool_cost_ratio_sum{class=\"picture\"} 1.5",
            "pixmill_pool_cost_ratio_count{class=\"picture\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}

//! One scrape of `/metrics`: the values of all metrics, written in Prometheus' text format by `prometheus-client`.

use std::fmt::{self, Debug, Formatter};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, prometheus_text},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge, histogram::Histogram},
    registry::Registry,
};

use super::metrics::{Kind, Metric};

pub use prometheus_text::CONTENT_TYPE;

/// What the encoder appends to the name of a counter by itself.
const COUNTER_SUFFIX: &str = "_total";

/// A value of a gauge or counter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// A count, or bytes.
    Whole(u64),
    /// Seconds, or a factor.
    Decimal(f64),
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Whole(value)
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Whole(value as u64)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Decimal(value)
    }
}

/// Writes metrics one after another. Each metric is written once, with all of its series; nothing if it has none.
pub struct Scrape<'a> {
    encoder: DescriptorEncoder<'a>,
    result: fmt::Result,
}

impl Scrape<'_> {
    /// Writes a gauge or counter without labels.
    pub fn value(&mut self, metric: &Metric, value: impl Into<Value>) {
        self.values(metric, [([], value)]);
    }

    /// Writes a gauge or counter: the values of its labels, and the value, of each series.
    pub fn values<'l, const N: usize, V: Into<Value>>(
        &mut self,
        metric: &Metric,
        series: impl IntoIterator<Item = ([&'l str; N], V)>,
    ) {
        let series = series.into_iter().map(|(labels, value)| (labels, value.into()));
        self.encode(metric, series, |value, encoder| match (metric.kind, *value) {
            (Kind::Counter, Value::Whole(value)) => ConstCounter::new(value).encode(encoder),
            (Kind::Counter, Value::Decimal(value)) => ConstCounter::new(value).encode(encoder),
            (_, Value::Whole(value)) => ConstGauge::new(value).encode(encoder),
            (_, Value::Decimal(value)) => ConstGauge::new(value).encode(encoder),
        });
    }

    /// Writes a histogram.
    pub fn histograms<'l, const N: usize>(
        &mut self,
        metric: &Metric,
        series: impl IntoIterator<Item = ([&'l str; N], &'l Histogram)>,
    ) {
        self.encode(metric, series, |histogram, encoder| histogram.encode(encoder));
    }

    fn encode<'l, const N: usize, V>(
        &mut self,
        metric: &Metric,
        series: impl IntoIterator<Item = ([&'l str; N], V)>,
        encode: impl Fn(&V, MetricEncoder<'_>) -> fmt::Result,
    ) {
        debug_assert_eq!(metric.labels.len(), N, "{}", metric.name);
        let mut series = series.into_iter().peekable();
        if series.peek().is_none() {
            return;
        }
        let write = || {
            let name = metric.name.strip_suffix(COUNTER_SUFFIX).unwrap_or(metric.name);
            let mut encoder = self.encoder.encode_descriptor(name, metric.help, None, kind(metric.kind))?;
            for (values, value) in series {
                let labels: Vec<_> = metric.labels.iter().copied().zip(values).collect();
                encode(&value, encoder.encode_family(&labels)?)?;
            }
            Ok(())
        };
        self.result = self.result.and_then(|()| write());
    }
}

fn kind(kind: Kind) -> MetricType {
    match kind {
        Kind::Counter => MetricType::Counter,
        Kind::Gauge => MetricType::Gauge,
        Kind::Histogram => MetricType::Histogram,
    }
}

/// Adapts a function that writes all metrics to the collectors of `prometheus-client`.
struct Page<F>(F);

impl<F> Debug for Page<F> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Page")
    }
}

impl<F: Fn(&mut Scrape<'_>) + Send + Sync + 'static> Collector for Page<F> {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut scrape = Scrape { encoder, result: Ok(()) };
        (self.0)(&mut scrape);
        scrape.result
    }
}

/// The text of a scrape in which `write` writes every metric.
pub fn text(write: impl Fn(&mut Scrape<'_>) + Send + Sync + 'static) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Page(write)));
    let mut text = String::new();
    prometheus_text::encode(&mut text, &registry).expect("invariant: writing to a string cannot fail");
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::telemetry::{
        histogram::{CostRatios, Durations},
        metrics::{COALESCING, ERRORS, PHASE_SECONDS, RENDER_COST_RATIO, UPTIME},
    };

    #[test]
    fn the_text_is_what_prometheus_reads() {
        let text = text(|page| {
            page.value(&UPTIME, 1.5);
            page.values(&COALESCING, [(["a\"b\\c\n"], 1u64), (["b"], 2)]);
            page.values(&ERRORS, [(["overloaded"], 3u64)]);
        });
        let expected = "# HELP pixmill_uptime_seconds Seconds since the start.\n\
                        # TYPE pixmill_uptime_seconds gauge\n\
                        pixmill_uptime_seconds 1.5\n\
                        # HELP pixmill_coalescing_in_flight Coalesced operations in flight: those that further requests can join.\n\
                        # TYPE pixmill_coalescing_in_flight gauge\n\
                        pixmill_coalescing_in_flight{kind=\"a\\\"b\\\\c\\n\"} 1\n\
                        pixmill_coalescing_in_flight{kind=\"b\"} 2\n";
        assert!(text.starts_with(expected), "{text}");
        assert!(
            text.ends_with(
                "# TYPE pixmill_errors_total counter\npixmill_errors_total{code=\"overloaded\"} 3\n"
            ),
            "{text}"
        );
    }

    #[test]
    fn histograms_add_up() {
        let text = text(|page| {
            let durations = Durations::default();
            durations.observe(Duration::from_micros(60));
            durations.observe(Duration::from_secs(1000));
            page.histograms(&PHASE_SECONDS, [(["encode"], durations.inner())]);
            let ratios = CostRatios::default();
            ratios.observe(Duration::from_secs(3), Duration::from_secs(2));
            ratios.observe(Duration::from_secs(3), Duration::ZERO);
            page.histograms(&RENDER_COST_RATIO, [(["picture"], ratios.inner())]);
        });
        for line in [
            "# TYPE pixmill_phase_duration_seconds histogram",
            "pixmill_phase_duration_seconds_bucket{phase=\"encode\",le=\"5e-05\"} 0",
            "pixmill_phase_duration_seconds_bucket{phase=\"encode\",le=\"0.0001\"} 1",
            "pixmill_phase_duration_seconds_bucket{phase=\"encode\",le=\"100\"} 1",
            "pixmill_phase_duration_seconds_bucket{phase=\"encode\",le=\"+Inf\"} 2",
            "pixmill_phase_duration_seconds_sum{phase=\"encode\"} 1000.00006",
            "pixmill_phase_duration_seconds_count{phase=\"encode\"} 2",
            "pixmill_render_cost_ratio_bucket{class=\"picture\",le=\"0.1\"} 0",
            "pixmill_render_cost_ratio_bucket{class=\"picture\",le=\"1.6\"} 1",
            "pixmill_render_cost_ratio_bucket{class=\"picture\",le=\"+Inf\"} 1",
            "pixmill_render_cost_ratio_sum{class=\"picture\"} 1.5",
            "pixmill_render_cost_ratio_count{class=\"picture\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}

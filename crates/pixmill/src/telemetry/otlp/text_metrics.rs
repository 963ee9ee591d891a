//! Metrics in Prometheus' text format, as our own page has them, as messages of OTLP. Names and labels stay the same.

use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, KeyValue, any_value},
    metrics::v1::{
        AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, Sum,
        metric::Data, number_data_point,
    },
};

use crate::telemetry::metrics::{self, Kind, METRICS};

/// A line of the page: the name of its series, its labels in their order, and its value.
struct Sample<'a> {
    name: &'a str,
    labels: Vec<(&'a str, String)>,
    value: f64,
}

/// The metrics of a page. `times` are the start of the process and now, in nanoseconds since the Unix epoch.
pub fn parse(text: &str, times: [u64; 2]) -> Vec<Metric> {
    let mut metrics: Vec<Metric> = Vec::new();
    for sample in text.lines().filter(|line| !line.starts_with('#')).filter_map(sample) {
        let Some((definition, part)) = definition(sample.name) else { continue };
        if metrics.last().is_none_or(|last| last.name != definition.name) {
            metrics.push(empty(definition));
        }
        let Some(data) = metrics.last_mut().and_then(|metric| metric.data.as_mut()) else { continue };
        match data {
            Data::Gauge(Gauge { data_points }) | Data::Sum(Sum { data_points, .. }) => {
                data_points.push(number(&sample, times));
            }
            Data::Histogram(Histogram { data_points, .. }) => add_part(data_points, sample, part, times),
            _ => {}
        }
    }
    metrics
}

/// The metric of a series, and which part of it the series is: `bucket`, `sum` or `count` of histograms.
fn definition(name: &str) -> Option<(&'static metrics::Metric, &str)> {
    let find = |name: &str| METRICS.iter().find(|metric| metric.name == name);
    if let Some(found) = find(name) {
        return Some((found, ""));
    }
    let (base, part) = name.rsplit_once('_')?;
    find(base).filter(|found| found.kind == Kind::Histogram).map(|found| (found, part))
}

fn empty(definition: &metrics::Metric) -> Metric {
    let temporality = AggregationTemporality::Cumulative as i32;
    let data = match definition.kind {
        Kind::Counter => Data::Sum(Sum {
            data_points: Vec::new(),
            aggregation_temporality: temporality,
            is_monotonic: true,
        }),
        Kind::Gauge => Data::Gauge(Gauge::default()),
        Kind::Histogram => {
            Data::Histogram(Histogram { data_points: Vec::new(), aggregation_temporality: temporality })
        }
    };
    Metric {
        name: definition.name.to_owned(),
        description: definition.help.to_owned(),
        data: Some(data),
        ..Metric::default()
    }
}

fn number(sample: &Sample<'_>, [start, now]: [u64; 2]) -> NumberDataPoint {
    NumberDataPoint {
        attributes: sample.labels.iter().map(|(name, value)| attribute(name, value)).collect(),
        start_time_unix_nano: start,
        time_unix_nano: now,
        value: Some(number_data_point::Value::AsDouble(sample.value)),
        ..NumberDataPoint::default()
    }
}

/// Adds a series of a histogram to the point of its labels. Counts of buckets include those of smaller ones in the text, but
/// not in OTLP.
fn add_part(points: &mut Vec<HistogramDataPoint>, sample: Sample<'_>, part: &str, [start, now]: [u64; 2]) {
    let (bound, labels): (Vec<_>, Vec<_>) = sample.labels.into_iter().partition(|(name, _)| *name == "le");
    let attributes: Vec<_> = labels.iter().map(|(name, value)| attribute(name, value)).collect();
    let at = points.iter().position(|point| point.attributes == attributes).unwrap_or_else(|| {
        points.push(HistogramDataPoint {
            attributes,
            start_time_unix_nano: start,
            time_unix_nano: now,
            ..HistogramDataPoint::default()
        });
        points.len() - 1
    });
    let point = &mut points[at];
    match (part, bound.first()) {
        ("sum", _) => point.sum = Some(sample.value),
        ("count", _) => point.count = sample.value as u64,
        (_, Some((_, bound))) => {
            let smaller: u64 = point.bucket_counts.iter().sum();
            point.bucket_counts.push((sample.value as u64).saturating_sub(smaller));
            if bound != "+Inf" {
                point.explicit_bounds.extend(bound.parse::<f64>());
            }
        }
        _ => {}
    }
}

/// An attribute that is a text.
pub fn attribute(name: &str, value: impl Into<String>) -> KeyValue {
    let value = AnyValue { value: Some(any_value::Value::StringValue(value.into())) };
    KeyValue { key: name.to_owned(), value: Some(value), ..KeyValue::default() }
}

/// A line such as `name{a="b",c="d"} 1`.
fn sample(line: &str) -> Option<Sample<'_>> {
    let (series, value) = line.rsplit_once(' ')?;
    let value = value.parse().ok()?;
    let Some((name, labels)) = series.split_once('{') else {
        return Some(Sample { name: series, labels: Vec::new(), value });
    };
    let mut rest = labels.strip_suffix('}')?;
    let mut labels = Vec::new();
    while !rest.is_empty() {
        let (label, quoted) = rest.split_once("=\"")?;
        let (text, after) = unquoted(quoted)?;
        labels.push((label, text));
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    Some(Sample { name, labels, value })
}

/// The text before the closing quote without escapes, and what follows the quote.
fn unquoted(quoted: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((text, &quoted[at + 1..])),
            '\\' => match letters.next()?.1 {
                'n' => text.push('\n'),
                escaped => text.push(escaped),
            },
            _ => text.push(letter),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::telemetry::{
        histogram::Durations,
        metrics::{COALESCING, ERRORS, PHASE_SECONDS, UPTIME},
        scrape,
    };

    #[test]
    fn a_page_is_what_was_measured() {
        let text = scrape::text(|page| {
            page.value(&UPTIME, 1.5);
            page.values(&COALESCING, [(["a\"b\\c\n,}"], 1u64), (["b"], 2)]);
            page.values(&ERRORS, [(["overloaded"], 3u64)]);
            let durations = Durations::default();
            durations.observe(Duration::from_micros(60));
            durations.observe(Duration::from_micros(70));
            durations.observe(Duration::from_secs(1000));
            page.histograms(
                &PHASE_SECONDS,
                [(["encode"], durations.inner()), (["decode"], durations.inner())],
            );
        });
        let metrics = parse(&text, [1, 2]);
        let names: Vec<_> = metrics.iter().map(|metric| &*metric.name).collect();
        assert_eq!(names, [UPTIME.name, COALESCING.name, ERRORS.name, PHASE_SECONDS.name]);
        let Some(Data::Gauge(coalescing)) = &metrics[1].data else { panic!("{metrics:?}") };
        let first = &coalescing.data_points[0];
        assert_eq!(first.attributes, [attribute("kind", "a\"b\\c\n,}")]);
        assert_eq!(first.value, Some(number_data_point::Value::AsDouble(1.0)));
        assert_eq!(
            (coalescing.data_points.len(), first.start_time_unix_nano, first.time_unix_nano),
            (2, 1, 2)
        );
        let Some(Data::Sum(errors)) = &metrics[2].data else { panic!("{metrics:?}") };
        assert!(errors.is_monotonic && errors.data_points.len() == 1);
        let Some(Data::Histogram(phases)) = &metrics[3].data else { panic!("{metrics:?}") };
        assert_eq!(phases.data_points.len(), 2);
        let point = &phases.data_points[1];
        assert_eq!((point.count, point.bucket_counts.iter().sum::<u64>()), (3, 3));
        assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
        assert_eq!((point.bucket_counts[1], point.explicit_bounds[1]), (2, 0.0001));
        assert_eq!(point.bucket_counts.last(), Some(&1), "above all bounds");
        assert!((point.sum.unwrap() - 1000.00013).abs() < 1e-6);
    }
}

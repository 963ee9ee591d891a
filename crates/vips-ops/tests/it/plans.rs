//! Snapshots of the plan of every example, as text: they cover most behaviour without computing pixels.

use std::fmt::Write;

use image_api::{Accept, Params, Plan, Settings, params::SPECS};
use testkit::sample;
use vips_ops::{Source, vips::Deadline};

fn explain(name: &str, query: &str, accept: Accept) -> String {
    let original = &sample(name);
    let settings = Settings::default();
    let source = Source::open(original, &settings.limits).unwrap();
    let params = Params::parse(query).unwrap().params;
    let facts =
        vips_ops::analysis::measure(&params, &source, &crate::faces::of(name), &Deadline::never()).unwrap();
    match Plan::resolve(&params, &source.info, &facts, accept, &settings) {
        Ok(plan) => plan.to_string(),
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn of_every_example() {
    crate::start();
    for spec in SPECS {
        let mut plans = String::new();
        for example in spec.examples {
            let plan = explain(example.source, example.query, Accept::default());
            writeln!(plans, "{} {}\n{plan}\n", example.source, example.query).unwrap();
        }
        insta::assert_snapshot!(spec.name, plans);
    }
}

#[test]
fn of_requests_that_combine() {
    crate::start();
    let all = Accept { avif: true, webp: true };
    let webp = Accept { avif: false, webp: true };
    let mut plans = String::new();
    for (source, query, accept) in [
        ("china.jpg", "format=auto", Accept::default()),
        ("china.jpg", "format=auto", webp),
        ("china.jpg", "format=auto", all),
        ("pixmill-logo.png", "format=auto", Accept::default()),
        ("pixmill-logo.png", "format=auto&flatten", Accept::default()),
        ("mill.gif", "format=auto", all),
        ("mill.gif", "format=auto", Accept::default()),
        ("mill.gif", "format=jpeg&width=50", all),
        ("pixmill-logo.svg", "width=300", all),
        ("astronaut-gps-orient6.jpg", "rotate=90&flip=true&width=100&crop=fit&height=40", all),
        ("coffee-bordered.png", "trim=color&width=100", all),
        ("coffee-bordered.png", "trim=color&rotate=45&pad=3&pad_color=0000", all),
        ("china.jpg", "width=100&height=100&crop=stretch&rotate=30", all),
        ("china.jpg", "width=100&height=100&crop=pad&rotate=30&pad_color=red", all),
        ("china.jpg", "crop=0,0,10,10&dpr=2&width=300", all),
        ("china.jpg", "crop=1000,0,10,10", all),
        ("china.jpg", "width=20000", all),
        ("flower.jpg", "width=100&quality=50&format=avif", all),
    ] {
        writeln!(plans, "{source} {query} {accept:?}\n{}\n", explain(source, query, accept)).unwrap();
    }
    insta::assert_snapshot!(plans);
}

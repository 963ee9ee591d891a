//! The table of all parameters: those of images, of the source, of control and of signatures, each with its scope.
//!
//! Parsing, signing, the access log, OpenAPI, the documentation and the fuzz dictionary are derived from it, so that
//! every parameter is known to all of them.

use std::{collections::HashMap, sync::LazyLock};

use crate::params::{SPECS, control, preset::PRESET, signature, source, spec::Spec};

/// The scope of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The image: part of the canonical form; its index in [`SPECS`].
    Picture(usize),
    /// `preset`: replaced by the parameters of the preset.
    Preset,
    /// The location of the original; its index in [`source::SPECS`].
    Source(usize),
    /// Actions besides processing the image.
    Control,
    /// Signature and expiry of the URL.
    Signature,
}

/// A parameter and its scope.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The specification of the parameter.
    pub spec: &'static Spec,
    /// Its scope.
    pub scope: Scope,
}

impl Row {
    /// Whether this row is the parameter with this specification.
    pub fn is(&self, spec: &Spec) -> bool {
        self.spec.name == spec.name
    }
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let picture = SPECS.iter().enumerate().map(|(index, spec)| Row { spec, scope: Scope::Picture(index) });
    let of_source =
        source::SPECS.iter().enumerate().map(|(index, spec)| Row { spec, scope: Scope::Source(index) });
    let one = |spec, scope| Row { spec, scope };
    let others = [
        one(&PRESET, Scope::Preset),
        one(&control::ASYNC, Scope::Control),
        one(&control::CACHE_PROCESSED, Scope::Control),
        one(&control::CACHE_QUERIES, Scope::Control),
        one(&signature::SIGNATURE, Scope::Signature),
        one(&signature::EXPIRES, Scope::Signature),
    ];
    picture.chain(of_source).chain(others).collect()
});

static BY_NAME: LazyLock<HashMap<&'static str, &'static Row>> =
    LazyLock::new(|| ROWS.iter().flat_map(|row| row.spec.names().map(move |name| (name, row))).collect());

/// Every parameter; those of images come first, in the order of the canonical form.
pub fn rows() -> &'static [Row] {
    &ROWS
}

/// The parameter with this name or alias.
pub fn find(name: &str) -> Option<&'static Row> {
    let found = BY_NAME.get(name).copied();
    found.or_else(|| control::is_repeated_queries(name).then(|| BY_NAME[control::CACHE_QUERIES.name]))
}

/// The parameter of a name in a query string, and whether its value is in base64, which the suffix `64` of the name
/// means.
pub fn find_sent(name: &str) -> Option<(&'static Row, bool)> {
    let exact = find(name).map(|row| (row, false));
    exact.or_else(|| Some((find(name.strip_suffix("64")?)?, true)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_aliases_are_unique() {
        assert_eq!(BY_NAME.len(), ROWS.iter().map(|row| row.spec.names().count()).sum::<usize>());
    }

    #[test]
    fn a_name_means_one_parameter() {
        for (name, expected) in [
            ("width", Some(("width", false))),
            ("w", Some(("width", false))),
            ("w64", Some(("width", true))),
            ("hostname64", Some(("origin", true))),
            ("s", Some(("signature", false))),
            ("cache_queries[]", Some(("cache_queries", false))),
            ("cache_queries[12]", Some(("cache_queries", false))),
            ("cache_queries[x]", None),
            ("Width", None),
            ("64", None),
            ("", None),
        ] {
            let found = find_sent(name).map(|(row, base64)| (row.spec.name, base64));
            assert_eq!(found, expected, "{name}");
        }
    }
}

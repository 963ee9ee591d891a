//! `preset`: a set of parameters that the operator has named.

use super::spec::{Grammar, Spec};

/// The parameter that names presets. It is not part of the canonical form; the parameters of the preset are.
pub static PRESET: Spec = Spec {
    name: "preset",
    aliases: &[],
    summary: "Applies parameters that the operator has defined under a name.",
    help: "Names in `params.presets`, joined by comma; if two set the same parameter, the later one takes \
           precedence. The request's own parameters override presets, and presets override `params.defaults`. An extension of \
           Pixmill's own.",
    grammar: Grammar::Text("names of presets, joined by comma"),
    default: "no preset",
    needs: &[],
    examples: &[],
};

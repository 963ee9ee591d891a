//! `preset`: what the operator has put under a name.

use super::spec::{Grammar, Spec};

/// The parameter that names presets. It is no part of the canonical form; what it stands for is.
pub static PRESET: Spec = Spec {
    name: "preset",
    aliases: &[],
    summary: "Asks for what the operator has put under a name.",
    help: "Names of `params.presets`, joined by comma; where two say something about the same parameter, the later one \
           wins. The request's own parameters win over presets, and presets over `params.defaults`. An extension of \
           Pixmill's own.",
    grammar: Grammar::Text("names of presets, joined by comma"),
    default: "no preset",
    needs: &[],
    examples: &[],
};

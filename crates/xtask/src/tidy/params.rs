//! Every parameter file is in the table: a parameter that is not registered would be ignored silently.

use super::code::has_word;
use super::problem::Problem;
use super::tree::{File, Tree};

const PARAMS: &str = "crates/image-api/src/params";

/// The folders with one file per parameter; `value/` beside them contains grammars.
const GROUPS: [&str; 7] = ["size", "crop", "rotation", "tone", "effect", "overlay", "output"];

/// The table follows this text in `params/mod.rs`.
const TABLE: &str = "param_table!";

pub fn check(tree: &Tree) -> Vec<Problem> {
    let register = format!("{PARAMS}/mod.rs");
    let code = tree.files.iter().find(|file| file.path == register).map_or("", |file| file.code.as_str());
    let table = code.split_once(TABLE).map_or("", |(_, table)| table);
    let forgotten = tree.rust().filter(|file| is_parameter(file) && !has_word(table, file.stem()));
    let rule = |file: &File| format!("'{}' is not in the `{TABLE}` of {register}", file.stem());
    forgotten.map(|file| Problem::of_file(&file.path, rule(file))).collect()
}

fn is_parameter(file: &File) -> bool {
    let Some((folder, name)) = file.path.rsplit_once('/') else { return false };
    let group = folder.strip_prefix(PARAMS).and_then(|rest| rest.strip_prefix('/'));
    group.is_some_and(|group| GROUPS.contains(&group)) && name != "mod.rs"
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: (&str, &str) = ("crates/image-api/src/params/size/width.rs", "//! x\n");

    fn forgotten(register: &str) -> usize {
        let grammar = ("crates/image-api/src/params/value/number.rs", "//! x\n");
        let group = ("crates/image-api/src/params/size/mod.rs", "//! x\n");
        check(&Tree::of(&[WIDTH, grammar, group, ("crates/image-api/src/params/mod.rs", register)])).len()
    }

    #[test]
    fn a_registered_parameter_passes() {
        assert_eq!(forgotten("mod size;\nparam_table! {\n    width: size::width::Width,\n}\n"), 0);
    }

    #[test]
    fn a_forgotten_parameter_is_named() {
        assert_eq!(forgotten("use size::width;\nparam_table! {\n    // width\n    max_width: A,\n}\n"), 1);
        assert_eq!(forgotten("use size::width;\n"), 1);
        let found = check(&Tree::of(&[WIDTH]));
        assert_eq!(found[0].path, WIDTH.0);
    }
}

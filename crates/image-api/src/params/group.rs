//! Groups of parameters: the folders of their files, with a heading for those who read of them.

use super::{GROUPS, SPECS, policy::PRESET, source, spec::Spec};

/// A group of parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// Name of the folder.
    pub name: &'static str,
    /// What its parameters decide.
    pub title: &'static str,
}

/// Every group, in the order in which one reads of them.
pub const ALL: &[Group] = &[
    Group { name: "size", title: "How large the answer is" },
    Group { name: "crop", title: "Which part of the picture is kept" },
    Group { name: "rotation", title: "Which way up the picture is" },
    Group { name: "tone", title: "Light and colour" },
    Group { name: "effect", title: "Blur and sharpness" },
    Group { name: "overlay", title: "What is laid over the picture" },
    Group { name: "output", title: "How the answer is encoded" },
    SOURCE,
    RULES,
];

/// Parameters that change no picture, and are no part of the canonical form either.
const SOURCE: Group = Group { name: "source", title: "Where the original comes from" };

/// Parameters that are read before the others, and are no part of the canonical form.
const RULES: Group = Group { name: "rules", title: "What the operator has prepared" };

/// Every group that has parameters, with them, in the order of reading.
pub fn groups() -> impl Iterator<Item = (Group, Vec<&'static Spec>)> {
    ALL.iter().map(|group| (*group, members(*group))).filter(|(_, members)| !members.is_empty())
}

fn members(group: Group) -> Vec<&'static Spec> {
    if group == RULES {
        return vec![&PRESET];
    }
    if group == SOURCE {
        return source::SPECS.iter().collect();
    }
    SPECS.iter().zip(GROUPS).filter(|(_, name)| **name == group.name).map(|(spec, _)| spec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_is_in_one_group() {
        let mut grouped: Vec<_> = groups().flat_map(|(_, members)| members).map(|spec| spec.name).collect();
        let mut all: Vec<_> =
            SPECS.iter().chain([&PRESET]).chain(&source::SPECS).map(|spec| spec.name).collect();
        grouped.sort_unstable();
        all.sort_unstable();
        assert_eq!(grouped, all);
    }
}

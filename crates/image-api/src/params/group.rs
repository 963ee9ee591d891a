//! Groups of parameters: the folders of their files, with a heading for those who read of them.

use super::{GROUPS, spec::Spec};
use crate::table::{self, Row, Scope};

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
    Group { name: "source", title: "Where the original comes from" },
    Group { name: "rules", title: "What the operator has prepared" },
    Group { name: "control", title: "What else is done with the picture" },
    Group { name: "signature", title: "Signed URLs" },
];

/// Every group that has parameters, with them, in the order of reading.
pub fn groups() -> impl Iterator<Item = (Group, Vec<&'static Spec>)> {
    ALL.iter().map(|group| (*group, members(*group))).filter(|(_, members)| !members.is_empty())
}

fn members(group: Group) -> Vec<&'static Spec> {
    table::rows().iter().filter(|row| group_of(row) == group.name).map(|row| row.spec).collect()
}

/// The name of the group of a parameter: for those of pictures, the folder of its file.
fn group_of(row: &Row) -> &'static str {
    match row.scope {
        Scope::Picture(index) => GROUPS[index],
        Scope::Source(_) => "source",
        Scope::Preset => "rules",
        Scope::Control => "control",
        Scope::Signature => "signature",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_is_in_one_group() {
        let mut grouped: Vec<_> = groups().flat_map(|(_, members)| members).map(|spec| spec.name).collect();
        let mut all: Vec<_> = table::rows().iter().map(|row| row.spec.name).collect();
        grouped.sort_unstable();
        all.sort_unstable();
        assert_eq!(grouped, all);
    }
}

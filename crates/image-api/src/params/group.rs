//! Groups of parameters: the folders of their files, with headings for the documentation.

use super::{GROUPS, spec::Spec};
use crate::table::{self, Row, Scope};

/// A group of parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// Name of the folder.
    pub name: &'static str,
    /// The heading.
    pub title: &'static str,
}

/// Every group, in the order of the documentation.
pub const ALL: &[Group] = &[
    Group { name: "size", title: "Size" },
    Group { name: "crop", title: "Crop" },
    Group { name: "rotation", title: "Rotation and mirroring" },
    Group { name: "tone", title: "Light and colour" },
    Group { name: "effect", title: "Blur and sharpness" },
    Group { name: "overlay", title: "Overlays and watermarks" },
    Group { name: "output", title: "Output format and quality" },
    Group { name: "source", title: "Source of the original" },
    Group { name: "rules", title: "Presets of the operator" },
    Group { name: "control", title: "Caching, uploads and asynchronous requests" },
    Group { name: "signature", title: "Signed URLs" },
];

/// Every group that has parameters, with them, in the order of the documentation.
pub fn groups() -> impl Iterator<Item = (Group, Vec<&'static Spec>)> {
    ALL.iter().map(|group| (*group, members(*group))).filter(|(_, members)| !members.is_empty())
}

fn members(group: Group) -> Vec<&'static Spec> {
    table::rows().iter().filter(|row| group_of(row) == group.name).map(|row| row.spec).collect()
}

/// The name of a parameter's group: for parameters of images, the folder of its file.
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

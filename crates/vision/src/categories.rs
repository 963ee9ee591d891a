//! Categories of classes: the category is often certain where the class is not.

use std::ops::RangeInclusive;

/// A category, and the ImageNet-1k classes that belong to it.
pub struct Category {
    /// Its name.
    pub name: &'static str,
    /// Class indices.
    pub classes: &'static [RangeInclusive<usize>],
}

/// Shorthand for the table.
const fn category(name: &'static str, classes: &'static [RangeInclusive<usize>]) -> Category {
    Category { name, classes }
}

/// All categories. A snapshot test lists them with the names of their classes.
#[rustfmt::skip]
pub const CATEGORIES: &[Category] = &[
    category("Animal", &[0..=397]),
    category("Fish", &[0..=6, 389..=397]),
    category("Bird", &[7..=24, 80..=100, 127..=146]),
    category("Amphibian", &[25..=32]),
    category("Reptile", &[33..=68]),
    category("Arachnid", &[70..=78]),
    category("Insect", &[300..=326]),
    category("Butterfly", &[321..=326]),
    category("Mammal", &[101..=106, 147..=299, 330..=388]),
    category("Dog", &[151..=268]),
    category("Wild Canine", &[269..=280]),
    category("Cat", &[281..=285]),
    category("Big Cat", &[286..=293]),
    category("Bear", &[294..=297]),
    category("Rabbit", &[330..=332]),
    category("Food", &[924..=957, 959..=967, 969..=969]),
    category("Fruit", &[948..=957]),
    category("Vegetable", &[936..=946]),
    category("Drink", &[966..=967, 969..=969]),
    category("Dessert", &[927..=929]),
    category("Plant", &[984..=998]),
    category("Flower", &[985..=986]),
    category("Fungus", &[991..=997]),
    category("Nature", &[970..=970, 972..=980]),
    category("Mountain", &[970..=970, 979..=980]),
    category("Coast", &[972..=972, 975..=978]),
    category("Beach", &[978..=978]),
    category("Water", &[973..=975, 977..=977]),
    category("Vehicle", &[
        404..=405, 407..=407, 436..=436, 444..=444, 466..=466, 468..=468, 472..=472, 484..=484, 510..=511, 547..=547,
        554..=555, 569..=569, 576..=576, 609..=609, 625..=625, 627..=628, 654..=654, 656..=656, 661..=661, 665..=665,
        670..=671, 675..=675, 705..=705, 717..=717, 724..=724, 734..=734, 751..=751, 779..=780, 814..=814, 817..=817,
        820..=820, 829..=829, 833..=833, 864..=864, 867..=867, 871..=871, 874..=874, 895..=895, 914..=914,
    ]),
    category("Car", &[
        436..=436, 468..=468, 511..=511, 609..=609, 627..=627, 656..=656, 661..=661, 751..=751, 817..=817,
    ]),
    category("Truck", &[
        407..=407, 555..=555, 569..=569, 675..=675, 717..=717, 734..=734, 864..=864, 867..=867,
    ]),
    category("Bus", &[654..=654, 779..=779, 874..=874]),
    category("Train", &[466..=466, 547..=547, 705..=705, 820..=820, 829..=829]),
    category("Bicycle", &[444..=444, 671..=671]),
    category("Motorcycle", &[665..=665, 670..=670]),
    category("Aircraft", &[404..=405, 895..=895, 908..=908]),
    category("Boat", &[
        472..=472, 484..=484, 510..=510, 554..=554, 576..=576, 625..=625, 628..=628, 724..=724, 780..=780, 814..=814,
        833..=833, 871..=871, 914..=914,
    ]),
    category("Building", &[
        425..=425, 449..=449, 483..=483, 497..=497, 538..=538, 580..=580, 663..=663, 668..=668, 698..=698, 727..=727,
        832..=832,
    ]),
    category("Bridge", &[821..=821, 839..=839, 888..=888]),
    category("Tower", &[437..=437, 442..=442, 900..=900]),
    category("Shop", &[
        415..=415, 424..=424, 454..=454, 467..=467, 509..=509, 582..=582, 788..=788, 860..=860, 865..=865,
    ]),
    category("Restaurant", &[762..=762]),
    category("Library", &[454..=454, 624..=624]),
    category("Cinema", &[498..=498]),
    category("Furniture", &[
        423..=423, 493..=493, 495..=495, 516..=516, 520..=520, 526..=526, 532..=532, 548..=548, 553..=553, 559..=559,
        564..=564, 703..=703, 765..=765, 831..=831, 894..=894,
    ]),
    category("Electronics", &[
        487..=487, 508..=508, 527..=528, 590..=590, 620..=620, 664..=664, 673..=673, 681..=681, 761..=761, 782..=782,
        851..=851,
    ]),
    category("Clothing", &[
        399..=399, 411..=411, 445..=445, 457..=457, 459..=459, 474..=474, 501..=501, 515..=515, 568..=568, 578..=578,
        601..=601, 608..=608, 610..=610, 614..=614, 617..=617, 652..=652, 655..=655, 735..=735, 775..=775, 834..=834,
        841..=842, 869..=869, 906..=906,
    ]),
];

impl Category {
    /// The sum of the probabilities of its classes.
    pub fn likelihood(&self, likely: &[f32]) -> f32 {
        self.classes.iter().flat_map(|range| &likely[range.clone()]).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_ordered_and_disjoint() {
        for Category { name, classes } in CATEGORIES {
            assert!(
                classes.iter().all(|range| range.start() <= range.end() && *range.end() < 1000),
                "{name}"
            );
            assert!(classes.windows(2).all(|pair| pair[0].end() < pair[1].start()), "{name}");
        }
    }

    #[test]
    fn vehicles_are_the_union_of_their_kinds() {
        let classes = |wanted: &str| {
            let category = CATEGORIES.iter().find(|category| category.name == wanted);
            category
                .into_iter()
                .flat_map(|category| category.classes.iter().cloned().flatten())
                .collect::<Vec<_>>()
        };
        let kinds = ["Car", "Truck", "Bus", "Train", "Bicycle", "Motorcycle", "Aircraft", "Boat"];
        let mut all: Vec<_> = kinds.iter().flat_map(|kind| classes(kind)).collect();
        all.sort_unstable();
        // a wing is not a vehicle
        all.retain(|class| *class != 908);
        assert_eq!(classes("Vehicle"), all);
    }
}

//! `filter`: one of twenty colour presets (looks).

use crate::params::{
    spec::{Example, Expected, Grammar, Param, Reading, Spec},
    value::number,
};

/// Names in the order of their numbers, from 1.
pub const NAMES: [&str; 20] = [
    "grayscale",
    "sepia",
    "noir",
    "silver",
    "selenium",
    "cyanotype",
    "vintage",
    "instant",
    "chrome",
    "vivid",
    "matte",
    "golden",
    "frost",
    "cross",
    "bleach",
    "lomo",
    "cinema",
    "moonlight",
    "poster",
    "negative",
];

/// The number of a preset, 1 to 20, in the order of [`NAMES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filter(pub u8);

/// The number that clients of the original API send for the black-and-white preset.
const ALSO_GRAYSCALE: f64 = 21.0;

impl Filter {
    /// Its name.
    pub fn name(self) -> &'static str {
        NAMES[usize::from(self.0 - 1)]
    }
}

impl Param for Filter {
    const SPEC: Spec = Spec {
        name: "filter",
        aliases: &[],
        summary: "Applies one of twenty colour presets (looks).",
        help: "By number or by name; 21 is accepted for `grayscale`.",
        grammar: Grammar::Text(
            "1 to 20, or grayscale, sepia, noir, silver, selenium, cyanotype, vintage, instant, chrome, vivid, matte, \
             golden, frost, cross, bleach, lomo, cinema, moonlight, poster, negative",
        ),
        default: "no preset",
        needs: &[],
        examples: &[
            Example {
                source: "astronaut.png",
                query: "width=160&filter=1&format=jpeg&quality=85",
                shows: "1, grayscale",
            },
            Example {
                source: "astronaut.png",
                query: "width=160&filter=2&format=jpeg&quality=85",
                shows: "2, sepia",
            },
            Example {
                source: "astronaut.png",
                query: "width=160&filter=3&format=jpeg&quality=85",
                shows: "3, noir",
            },
            Example {
                source: "astronaut.png",
                query: "width=160&filter=4&format=jpeg&quality=85",
                shows: "4, silver",
            },
            Example {
                source: "astronaut.png",
                query: "width=160&filter=5&format=jpeg&quality=85",
                shows: "5, selenium",
            },
            Example {
                source: "astronaut.png",
                query: "width=160&filter=6&format=jpeg&quality=85",
                shows: "6, cyanotype",
            },
            Example {
                source: "astronaut.png",
                query: "width=160&filter=7&format=jpeg&quality=85",
                shows: "7, vintage",
            },
            Example {
                source: "astronaut.png",
                query: "width=160&filter=8&format=jpeg&quality=85",
                shows: "8, instant",
            },
            Example {
                source: "astronaut.png",
                query: "width=160&filter=9&format=jpeg&quality=85",
                shows: "9, chrome",
            },
            Example {
                source: "astronaut.png",
                query: "width=160&filter=10&format=jpeg&quality=85",
                shows: "10, vivid",
            },
            Example {
                source: "astronaut.png",
                query: "width=160&filter=11&format=jpeg&quality=85",
                shows: "11, matte",
            },
            Example {
                source: "astronaut.png",
                query: "width=160&filter=12&format=jpeg&quality=85",
                shows: "12, golden",
            },
            Example {
                source: "astronaut.png",
                query: "width=160&filter=13&format=jpeg&quality=85",
                shows: "13, frost",
            },
            Example {
                source: "astronaut.png",
                query: "width=160&filter=14&format=jpeg&quality=85",
                shows: "14, cross",
            },
            Example {
                source: "astronaut.png",
                query: "width=160&filter=15&format=jpeg&quality=85",
                shows: "15, bleach",
            },
            Example {
                source: "astronaut.png",
                query: "width=160&filter=16&format=jpeg&quality=85",
                shows: "16, lomo",
            },
            Example {
                source: "astronaut.png",
                query: "width=160&filter=17&format=jpeg&quality=85",
                shows: "17, cinema",
            },
            Example {
                source: "astronaut.png",
                query: "width=160&filter=18&format=jpeg&quality=85",
                shows: "18, moonlight",
            },
            Example {
                source: "astronaut.png",
                query: "width=160&filter=19&format=jpeg&quality=85",
                shows: "19, poster",
            },
            Example {
                source: "astronaut.png",
                query: "width=160&filter=20&format=jpeg&quality=85",
                shows: "20, negative",
            },
        ],
    };

    fn parse(raw: &str) -> Result<Reading<Self>, Expected> {
        let word = raw.trim().to_ascii_lowercase();
        if let Some(index) = NAMES.iter().position(|name| *name == word) {
            return Ok(Reading::exact(Self(index as u8 + 1)));
        }
        match number::finite(&word) {
            Some(number) if number == ALSO_GRAYSCALE => Ok(Reading::exact(Self(1))),
            Some(number) if number.fract() == 0.0 && (1.0..=20.0).contains(&number) => {
                Ok(Reading::exact(Self(number as u8)))
            }
            _ => Err("a whole number from 1 to 20, or the name of a look".into()),
        }
    }

    fn canonical(&self, out: &mut String) {
        number::canonical(self.0, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[test]
    fn values() {
        check::accepts(&[
            ("1", Filter(1)),
            ("20", Filter(20)),
            ("21", Filter(1)),
            ("sepia", Filter(2)),
            ("NOIR", Filter(3)),
        ]);
        check::rejects::<Filter>(&["", "0", "22", "1.5", "blur", "-1"]);
    }
}

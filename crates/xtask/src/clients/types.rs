//! The parameters as a module of JavaScript, and their types in TypeScript.

use std::fmt::Write as _;

use anyhow::{Result, ensure};
use image_api::Params;
use image_api::params::spec::Spec;

use super::table::{Kind, parameters};

/// The first line of both files.
const HEAD: &str = "// Generated from the table of parameters by `make docs`.\n";

/// Values of parameters whose grammar is in words: the name, the type, and values which the type contains and the server
/// must accept.
const WORDED: &[(&str, &str, &[&str])] = &[
    (
        "crop",
        "\"fit\" | \"top\" | \"bottom\" | \"pad\" | \"stretch\" | \"zoom\" | \"face\" | \"entropy\" | \
         `${string},${string},${number},${number}` | readonly [x: number | \"center\", y: number | \"center\", width: \
         number, height: number]",
        &[
            "fit",
            "top",
            "bottom",
            "pad",
            "stretch",
            "zoom",
            "face",
            "entropy",
            "center,center,3,4",
            "1,-2,3,4",
        ],
    ),
    ("filter", "number | FilterName", &["1", "20"]),
    ("quality", "number | \"auto\"", &["1", "100", "auto"]),
    ("layers", "readonly Layer[] | string", &[LAYER]),
    ("mark_pos", "Position | readonly Edge[]", &["center", "top,left", "bottom"]),
    (
        "recognition",
        "\"nsfw\" | \"labels\" | readonly (\"nsfw\" | \"labels\")[]",
        &["nsfw", "labels", "nsfw,labels"],
    ),
];

/// Each of the keys that the type of a layer has.
const LAYER: &str = r#"[{"url":"/a.png","pos":"top,left","scale":50,"upscale":true,"x":1,"y":-2,"alpha":50,"offset":3,"required":true,"angle":90},{"text":"a","font":"Sans 20","color":"red"}]"#;

const LAYER_TYPES: &str = r#"
/** An edge or the center of an image. */
export type Edge = "left" | "right" | "top" | "bottom" | "center";

/** A position, such as `bottom,right`. */
export type Position = Edge | `${Edge},${Edge}`;

/** What the layers of images and those of texts have in common. */
export interface LayerPlace {
  /** Where the layer is anchored; in the center by default. */
  pos?: Position;
  /** The size of its bounding box in percent of the image, up to 200; 100 by default. */
  scale?: number;
  /** Whether it may be upscaled; true by default. */
  upscale?: boolean;
  /** The position of its left edge in pixels; overrides `pos`. */
  x?: number;
  /** The position of its top edge in pixels; overrides `pos`. */
  y?: number;
  /** Its opacity in percent; 100 by default. */
  alpha?: number;
  /** Moves it inwards from the edges of `pos`, in pixels. */
  offset?: number;
  /** Whether the request fails if the layer cannot be drawn. */
  required?: boolean;
  /** Rotates it clockwise, in degrees. */
  angle?: number;
}

/** An image that is drawn over the image. */
export interface ImageLayer extends LayerPlace {
  /** A path on the same origin, which may have parameters, or a URL. */
  url: string;
  text?: never;
}

/** A text that is drawn over the image. */
export interface TextLayer extends LayerPlace {
  /** At most 1000 characters. */
  text: string;
  /** Family, styles and size, such as `Sans Bold 20`. */
  font?: string;
  /** Its colour; black by default. */
  color?: string;
  url?: never;
}

/** A layer. */
export type Layer = ImageLayer | TextLayer;
"#;

/// The module: names, kinds, bounds, words and aliases.
pub fn module() -> String {
    let mut text = HEAD.to_owned();
    text += "\n/** Every parameter by its name: the kind of its values, their bounds or words, and other names. */\n";
    text += "export const PARAMETERS = {\n";
    for (spec, kind) in parameters() {
        let mut fields = vec![format!("kind: \"{}\"", kind.name())];
        match kind {
            Kind::Whole(..) | Kind::Decimal(..) => {
                fields.extend(
                    ["min", "max"].iter().zip(kind.details()).map(|(name, bound)| format!("{name}: {bound}")),
                );
            }
            Kind::Keyword(words) => fields.push(format!("words: {}", strings(words))),
            _ => {}
        }
        fields.extend((!spec.aliases.is_empty()).then(|| format!("aliases: {}", strings(spec.aliases))));
        text.extend(["  ", spec.name, ": { ", &fields.join(", "), " },\n"]);
    }
    text + "};\n"
}

/// The types of the module, and of the parameters of a request.
pub fn declarations() -> Result<String> {
    check_words()?;
    let mut text = HEAD.to_owned();
    text += LAYER_TYPES;
    let names: Vec<_> = filter_names().collect();
    write!(text, "\n/** A look of `filter`. */\nexport type FilterName = {};\n", union(&names))?;
    text += "\n/** The parameters of a picture. Absent, null and undefined mean the same. */\nexport interface Parameters {\n";
    for (spec, kind) in parameters() {
        let value = value_type(spec, kind);
        write!(text, "{}", comment(spec, kind))?;
        writeln!(text, "  {}?: {value} | null;", spec.name)?;
        for alias in spec.aliases {
            writeln!(text, "  /** The same as `{}`. */\n  {alias}?: {value} | null;", spec.name)?;
        }
    }
    text += "}\n\n/** What is known of a parameter. */\nexport interface Parameter {\n  kind: \"whole\" | \"decimal\" | \"number\" | \
             \"boolean\" | \"keyword\" | \"json\" | \"source\" | \"text\";\n  /** The lowest value. */\n  min?: number;\n  /** The highest \
             value. */\n  max?: number;\n  /** All values. */\n  words?: readonly string[];\n  /** Other names. */\n  aliases?: \
             readonly string[];\n}\n\n/** Every parameter by its name. */\nexport declare const PARAMETERS: {\n";
    for (spec, kind) in parameters() {
        write!(text, "  readonly {}: {{ readonly kind: \"{}\"", spec.name, kind.name())?;
        match kind {
            Kind::Whole(..) | Kind::Decimal(..) => {
                let bounds = kind.details();
                write!(text, "; readonly min: {}; readonly max: {}", bounds[0], bounds[1])?;
            }
            Kind::Keyword(words) => write!(text, "; readonly words: readonly {}", strings(words))?,
            _ => {}
        }
        if !spec.aliases.is_empty() {
            write!(text, "; readonly aliases: readonly {}", strings(spec.aliases))?;
        }
        text += " };\n";
    }
    Ok(text + "};\n")
}

/// Summary, bounds and default.
fn comment(spec: &Spec, kind: Kind) -> String {
    let range = match kind {
        Kind::Whole(..) | Kind::Decimal(..) | Kind::Text => format!(" Values: {}.", spec.grammar),
        _ => String::new(),
    };
    format!("  /** {}{range} Default: {}. */\n", spec.summary, spec.default)
}

fn value_type(spec: &Spec, kind: Kind) -> String {
    if let Some((_, worded, _)) = WORDED.iter().find(|(name, ..)| *name == spec.name) {
        return (*worded).to_owned();
    }
    match kind {
        Kind::Whole(..) | Kind::Decimal(..) | Kind::Number => "number | `${number}`".to_owned(),
        Kind::Boolean => "boolean | \"true\" | \"false\"".to_owned(),
        Kind::Keyword(words) => union(words),
        Kind::Json => "readonly string[] | string".to_owned(),
        Kind::Text if spec.name == "expires" => "number | `${number}`".to_owned(),
        Kind::Text if spec.name == "preset" => "string | readonly string[]".to_owned(),
        Kind::Source | Kind::Text => "string".to_owned(),
    }
}

/// The names of looks, from the grammar of `filter`.
fn filter_names() -> impl Iterator<Item = &'static str> {
    image_api::params::tone::filter::NAMES.iter().copied()
}

fn union(words: &[&str]) -> String {
    words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(" | ")
}

fn strings(words: &[&str]) -> String {
    format!("[{}]", words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", "))
}

/// Checks that the server accepts what the types of worded parameters say.
fn check_words() -> Result<()> {
    let filters: Vec<_> = filter_names().collect();
    let worded =
        WORDED.iter().map(|(name, _, values)| (*name, *values)).chain([("filter", filters.as_slice())]);
    for (name, values) in worded {
        for value in values {
            let parsed = Params::parse(&format!("{name}={value}"))?;
            ensure!(parsed.clamped.is_empty(), "{name}={value} is out of range");
        }
    }
    Ok(())
}

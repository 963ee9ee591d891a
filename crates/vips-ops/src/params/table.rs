//! The project's one `macro_rules`: from a list of parameters to `Params` and everything that follows from the list.
//!
//! ```text
//! param_table! {
//!     settings { width: size::width::Width, }
//!     effects { blur: effect::blur::Blur, }
//! }
//! ```
//!
//! expands to (shortened):
//!
//! ```text
//! pub static SPECS: &[Spec] = &[Width::SPEC, Blur::SPEC];
//! static GROUPS: &[&str] = &["size", "effect"];                   // the folder of each
//!
//! pub struct Params { pub width: Option<Width>, pub blur: Option<Blur> }
//!
//! impl Params {
//!     fn set(&mut self, name: &str, raw: &str) -> Result<bool, Expected>;     // reads one value; whether clamped
//!     fn visit(&self, see: &mut impl FnMut(&'static str, Written));           // present ones, in this order
//!     fn clear(&mut self, name: &str);
//!     pub fn effects(&self) -> Vec<AnyEffect>;                                // present effects, by stage
//! }
//!
//! pub enum AnyEffect { Blur(Blur) }                                          // stage, apply, Display
//! ```

/// See the module's documentation.
macro_rules! param_table {
    (
        settings { $($setting:ident: $s_group:ident::$s_file:ident::$s_type:ident,)* }
        effects { $($effect:ident: $e_group:ident::$e_file:ident::$e_type:ident,)* }
    ) => {
        /// What every parameter states about itself, in the order of the canonical form.
        pub static SPECS: &[Spec] = &[
            $(<$s_group::$s_file::$s_type as Param>::SPEC,)*
            $(<$e_group::$e_file::$e_type as Param>::SPEC,)*
        ];

        /// The group of each of them: the folder of its file.
        static GROUPS: &[&str] = &[$(stringify!($s_group),)* $(stringify!($e_group),)*];

        /// The parameters of a request. Absent is not the same as given the default: defaults belong to the plan.
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct Params {
            $(
                #[doc = concat!("`", stringify!($setting), "`")]
                pub $setting: Option<$s_group::$s_file::$s_type>,
            )*
            $(
                #[doc = concat!("`", stringify!($effect), "`")]
                pub $effect: Option<$e_group::$e_file::$e_type>,
            )*
        }

        impl Params {
            /// Reads the value of a parameter by its own name; tells whether it was brought into range.
            fn set(&mut self, name: &str, raw: &str) -> Result<bool, Expected> {
                match name {
                    $(stringify!($setting) => read(raw, &mut self.$setting),)*
                    $(stringify!($effect) => read(raw, &mut self.$effect),)*
                    _ => Err("a parameter".into()),
                }
            }

            /// Shows each parameter that is there.
            fn visit(&self, see: &mut impl FnMut(&'static str, Written)) {
                $(if let Some(value) = &self.$setting { see(stringify!($setting), Written::of(value)); })*
                $(if let Some(value) = &self.$effect { see(stringify!($effect), Written::of(value)); })*
            }

            /// Makes a parameter absent.
            fn clear(&mut self, name: &str) {
                match name {
                    $(stringify!($setting) => self.$setting = None,)*
                    $(stringify!($effect) => self.$effect = None,)*
                    _ => {}
                }
            }

            /// The effects asked for, in the order of their stages.
            pub fn effects(&self) -> Vec<AnyEffect> {
                let mut effects = Vec::new();
                $(effects.extend(self.$effect.clone().map(AnyEffect::$e_type));)*
                effects.sort_by_key(AnyEffect::stage);
                effects
            }
        }

        /// Any one effect.
        #[derive(Debug, Clone, PartialEq)]
        pub enum AnyEffect {
            $(
                #[doc = concat!("`", stringify!($effect), "`")]
                $e_type($e_group::$e_file::$e_type),
            )*
        }

        impl AnyEffect {
            /// Where in the pipeline it acts.
            pub fn stage(&self) -> Stage {
                match self { $(Self::$e_type(_) => <$e_group::$e_file::$e_type as Effect>::STAGE,)* }
            }

            /// Applies it.
            pub fn apply(&self, image: &Image) -> vips::Result<Image> {
                match self { $(Self::$e_type(effect) => effect.apply(image),)* }
            }
        }

        impl Display for AnyEffect {
            fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$e_type(effect) => write!(f, "{} {}", stringify!($effect), Written::of(effect).canonical),)*
                }
            }
        }
    };
}

pub(super) use param_table;

//! The macro that generates `Params`, and everything derived from it, from a list of parameters.
//!
//! ```text
//! param_table! { width: size::width::Width, blur: effect::blur::Blur, }
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
//!     fn set(&mut self, name: &str, raw: &str) -> Result<bool, Expected>;     // parses one value; whether it was clamped
//!     fn visit(&self, see: &mut impl FnMut(&'static str, Written));           // present ones, in this order
//!     fn clear(&mut self, name: &str);
//! }
//! ```

/// See the documentation of the module.
macro_rules! param_table {
    ($($name:ident: $group:ident::$file:ident::$type:ident,)*) => {
        /// The specification of every parameter, in the order of the canonical form.
        pub static SPECS: &[Spec] = &[$(<$group::$file::$type as Param>::SPEC,)*];

        /// The group of each of them: the folder of its file.
        static GROUPS: &[&str] = &[$(stringify!($group),)*];

        /// The parameters of a request. An absent parameter differs from one with its default value: defaults are
        /// applied by the plan.
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct Params {
            $(
                #[doc = concat!("`", stringify!($name), "`")]
                pub $name: Option<$group::$file::$type>,
            )*
        }

        impl Params {
            /// Parses the value of a parameter by its own name; returns whether it was clamped.
            fn set(&mut self, name: &str, raw: &str) -> Result<bool, Expected> {
                match name {
                    $(stringify!($name) => read(raw, &mut self.$name),)*
                    _ => Err("a parameter".into()),
                }
            }

            /// Visits each parameter that is present.
            fn visit(&self, see: &mut impl FnMut(&'static str, Written)) {
                $(if let Some(value) = &self.$name { see(stringify!($name), Written::of(value)); })*
            }

            /// Removes a parameter.
            fn clear(&mut self, name: &str) {
                match name {
                    $(stringify!($name) => self.$name = None,)*
                    _ => {}
                }
            }
        }
    };
}

pub(super) use param_table;

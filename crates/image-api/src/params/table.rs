//! The project's one `macro_rules`: from a list of parameters to `Params` and everything that follows from the list.
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

/// See the module's documentation.
macro_rules! param_table {
    ($($name:ident: $group:ident::$file:ident::$type:ident,)*) => {
        /// What every parameter states about itself, in the order of the canonical form.
        pub static SPECS: &[Spec] = &[$(<$group::$file::$type as Param>::SPEC,)*];

        /// The group of each of them: the folder of its file.
        static GROUPS: &[&str] = &[$(stringify!($group),)*];

        /// The parameters of a request. Absent is not the same as given the default: defaults belong to the plan.
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct Params {
            $(
                #[doc = concat!("`", stringify!($name), "`")]
                pub $name: Option<$group::$file::$type>,
            )*
        }

        impl Params {
            /// Parses the value of a parameter by its own name; tells whether it was brought into range.
            fn set(&mut self, name: &str, raw: &str) -> Result<bool, Expected> {
                match name {
                    $(stringify!($name) => read(raw, &mut self.$name),)*
                    _ => Err("a parameter".into()),
                }
            }

            /// Shows each parameter that is there.
            fn visit(&self, see: &mut impl FnMut(&'static str, Written)) {
                $(if let Some(value) = &self.$name { see(stringify!($name), Written::of(value)); })*
            }

            /// Makes a parameter absent.
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

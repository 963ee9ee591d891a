//! Typed property values of operations.

use std::ffi::CStr;

use libvips_rs::bindings as ffi;

use crate::{image::Image, interpolate::Interpolate, source::Source};

/// A value of an operation's property. Enumerations and flags are passed as `Int`.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    /// An integer, an enumeration value, or flags.
    Int(i32),
    /// A floating-point number.
    Double(f64),
    /// A boolean.
    Bool(bool),
    /// Text.
    Text(&'a CStr),
    /// An image; the operation takes its own reference.
    Image(&'a Image),
    /// Floating-point numbers, usually one per band.
    Doubles(&'a [f64]),
    /// Integers.
    Ints(&'a [i32]),
    /// Images, each referenced by the operation.
    Images(&'a [&'a Image]),
    /// A source of encoded bytes.
    Source(&'a Source),
    /// An interpolator.
    Interpolate(&'a Interpolate),
}

/// An owned, initialised `GValue`.
pub(crate) struct GValue(ffi::GValue);

impl GValue {
    /// An empty value of a type.
    pub(crate) fn of(type_: ffi::GType) -> Self {
        // SAFETY: a zeroed GValue is the documented start for g_value_init.
        unsafe {
            let mut value: ffi::GValue = std::mem::zeroed();
            ffi::g_value_init(&raw mut value, type_);
            Self(value)
        }
    }

    pub(crate) fn as_ptr(&self) -> *const ffi::GValue {
        &raw const self.0
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut ffi::GValue {
        &raw mut self.0
    }

    /// Converts `value` to the property's type.
    pub(crate) fn from_value(value: Value<'_>, property: ffi::GType) -> Self {
        let mut held = Self::of(property);
        let at = held.as_mut_ptr();
        // SAFETY: `at` is initialised; setters match what the caller's table of operations asks for, and GObject
        // checks the type of each again (it warns and leaves the value unset, never misreads memory). Arrays are
        // copied, objects and blobs referenced by the setters.
        unsafe {
            match value {
                Value::Int(number) => set_whole(at, property, number),
                Value::Double(number) => ffi::g_value_set_double(at, number),
                Value::Bool(on) => ffi::g_value_set_boolean(at, on.into()),
                Value::Text(text) => ffi::g_value_set_string(at, text.as_ptr()),
                Value::Image(image) => ffi::g_value_set_object(at, image.as_ptr().cast()),
                Value::Source(source) => ffi::g_value_set_object(at, source.as_ptr().cast()),
                Value::Interpolate(how) => ffi::g_value_set_object(at, how.as_ptr().cast()),
                Value::Doubles(list) => {
                    ffi::vips_value_set_array_double(at, list.as_ptr(), list.len() as i32);
                }
                Value::Ints(list) => ffi::vips_value_set_array_int(at, list.as_ptr(), list.len() as i32),
                Value::Images(list) => set_images(at, list),
            }
        }
        held
    }
}

/// Sets an integer as the integer, enumeration, flags or double type of the property.
unsafe fn set_whole(at: *mut ffi::GValue, property: ffi::GType, number: i32) {
    // fundamental types of GObject, from its documentation: G_TYPE_MAKE_FUNDAMENTAL(n) is n << 2
    const ENUM: ffi::GType = 12 << 2;
    const FLAGS: ffi::GType = 13 << 2;
    const DOUBLE: ffi::GType = 15 << 2;
    // SAFETY: `at` was initialised with `property`, and each setter is chosen by its fundamental type.
    unsafe {
        match ffi::g_type_fundamental(property) {
            ENUM => ffi::g_value_set_enum(at, number),
            FLAGS => ffi::g_value_set_flags(at, number as u32),
            DOUBLE => ffi::g_value_set_double(at, number.into()),
            _ => ffi::g_value_set_int(at, number),
        }
    }
}

unsafe fn set_images(at: *mut ffi::GValue, images: &[&Image]) {
    // SAFETY: the array has room for `len` pointers, each of which takes over one reference.
    unsafe {
        ffi::vips_value_set_array_image(at, images.len() as i32);
        let slots = ffi::vips_value_get_array_image(at, std::ptr::null_mut());
        for (index, image) in images.iter().enumerate() {
            *slots.add(index) = ffi::g_object_ref(image.as_ptr().cast()).cast();
        }
    }
}

impl Drop for GValue {
    fn drop(&mut self) {
        // SAFETY: initialised in `of`, unset once.
        unsafe { ffi::g_value_unset(&raw mut self.0) }
    }
}

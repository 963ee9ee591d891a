//! A libvips operation: created by name, configured by properties, built, and read by its outputs.

use std::{
    ffi::{CStr, CString},
    ptr,
};

use bytes::Bytes;
use libvips_rs::bindings as ffi;

use crate::{
    blob::Blob,
    error::{Error, Result, failed},
    image::Image,
    value::{GValue, Value},
};

/// An operation that is being configured. Properties are set in any order; the first error is kept and returned by
/// [`Operation::build`].
pub struct Operation {
    name: &'static CStr,
    raw: *mut ffi::VipsOperation,
    error: Option<Error>,
}

impl Operation {
    /// A new operation by its libvips nickname, for example `resize`.
    pub fn new(name: &'static CStr) -> Self {
        // SAFETY: a static C string; the result is null (unknown or blocked) or a reference that we own.
        let raw = unsafe { ffi::vips_operation_new(name.as_ptr()) };
        let error = raw.is_null().then(|| failed(name));
        Self { name, raw, error }
    }

    /// Sets a property.
    pub fn with(mut self, property: &'static CStr, value: Value<'_>) -> Self {
        if self.error.is_some() {
            return self;
        }
        match self.property_type(property) {
            Ok(type_) => {
                let value = GValue::from_value(value, type_);
                // SAFETY: the object is alive and has the property; GObject copies the value.
                unsafe { ffi::g_object_set_property(self.raw.cast(), property.as_ptr(), value.as_ptr()) }
            }
            Err(error) => self.error = Some(error),
        }
        self
    }

    /// Sets an integer, an enumeration value or flags.
    pub fn int(self, property: &'static CStr, value: i32) -> Self {
        self.with(property, Value::Int(value))
    }

    /// Sets a floating-point number.
    pub fn double(self, property: &'static CStr, value: f64) -> Self {
        self.with(property, Value::Double(value))
    }

    /// Sets a boolean.
    pub fn bool(self, property: &'static CStr, value: bool) -> Self {
        self.with(property, Value::Bool(value))
    }

    /// Sets an image.
    pub fn image(self, property: &'static CStr, value: &Image) -> Self {
        self.with(property, Value::Image(value))
    }

    /// Sets a list of floating-point numbers.
    pub fn doubles(self, property: &'static CStr, value: &[f64]) -> Self {
        self.with(property, Value::Doubles(value))
    }

    /// Builds the operation: libvips checks it and computes everything but the pixels.
    ///
    /// # Errors
    ///
    /// The first error of setting properties, or of building.
    pub fn build(mut self) -> Result<Built> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        // SAFETY: `raw` is a reference we own; buildp replaces it by a reference to the built operation, or leaves it.
        let failure = unsafe { ffi::vips_cache_operation_buildp(&raw mut self.raw) };
        if failure != 0 {
            let error = failed(self.name);
            // SAFETY: documented clean-up after a failed build; `raw` is still ours.
            unsafe { ffi::vips_object_unref_outputs(self.raw.cast()) };
            return Err(error);
        }
        Ok(Built(self))
    }

    /// Builds the operation and returns its output image `out`.
    ///
    /// # Errors
    ///
    /// As [`Operation::build`].
    pub fn out(self) -> Result<Image> {
        self.build()?.image(c"out")
    }

    fn property_type(&self, property: &'static CStr) -> Result<ffi::GType> {
        let mut spec: *mut ffi::GParamSpec = ptr::null_mut();
        let mut class: *mut ffi::VipsArgumentClass = ptr::null_mut();
        let mut instance: *mut ffi::VipsArgumentInstance = ptr::null_mut();
        // SAFETY: the object is alive; the three outputs are borrowed from its class.
        unsafe {
            let missing = ffi::vips_object_get_argument(
                self.raw.cast(),
                property.as_ptr(),
                &raw mut spec,
                &raw mut class,
                &raw mut instance,
            );
            if missing != 0 { Err(failed(self.name)) } else { Ok((*spec).value_type) }
        }
    }

    fn output(&self, property: &'static CStr) -> Result<GValue> {
        let mut value = GValue::of(self.property_type(property)?);
        // SAFETY: the object is alive, the value has the property's type.
        unsafe { ffi::g_object_get_property(self.raw.cast(), property.as_ptr(), value.as_mut_ptr()) };
        Ok(value)
    }

    fn no_output(&self, property: &CStr) -> Error {
        Error::Operation {
            operation: self.name.to_string_lossy().into_owned(),
            detail: format!("no output {}", CString::from(property).to_string_lossy()),
        }
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        if !self.raw.is_null() {
            // SAFETY: one reference is ours.
            unsafe { ffi::g_object_unref(self.raw.cast()) }
        }
    }
}

/// A built operation. Dropping it releases the outputs that were not taken.
pub struct Built(Operation);

impl Built {
    /// An image output.
    pub fn image(&self, property: &'static CStr) -> Result<Image> {
        let value = self.0.output(property)?;
        // SAFETY: the value holds an object of the property's type, an image; dup gives us our own reference.
        let raw = unsafe { ffi::g_value_dup_object(value.as_ptr()) }.cast::<ffi::VipsImage>();
        if raw.is_null() { Err(self.0.no_output(property)) } else { Ok(Image::from_raw(raw)) }
    }

    /// An integer output.
    pub fn int(&self, property: &'static CStr) -> Result<i32> {
        let value = self.0.output(property)?;
        // SAFETY: reads an int from a value of the property's type; GObject checks.
        Ok(unsafe { ffi::g_value_get_int(value.as_ptr()) })
    }

    /// A floating-point output.
    pub fn double(&self, property: &'static CStr) -> Result<f64> {
        let value = self.0.output(property)?;
        // SAFETY: reads a double from a value of the property's type; GObject checks.
        Ok(unsafe { ffi::g_value_get_double(value.as_ptr()) })
    }

    /// A binary output, without a copy.
    pub fn bytes(&self, property: &'static CStr) -> Result<Bytes> {
        let value = self.0.output(property)?;
        // SAFETY: dup takes a reference to the blob; null when there is no output.
        let raw = unsafe { ffi::g_value_dup_boxed(value.as_ptr()) }.cast::<ffi::VipsBlob>();
        if raw.is_null() {
            return Err(self.0.no_output(property));
        }
        // SAFETY: the reference just taken is given away.
        Ok(unsafe { Blob::from_raw(raw) }.into_bytes())
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        // SAFETY: documented end of a built operation; it is still alive.
        unsafe { ffi::vips_object_unref_outputs(self.0.raw.cast()) }
    }
}

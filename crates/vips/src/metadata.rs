//! Metadata items of an image.

use std::{
    ffi::{CStr, CString, c_void},
    ptr, slice,
};

use libvips_rs::bindings as ffi;

use crate::{error::Result, image::Image, operation::Operation};

impl Image {
    /// Whether there is an item of this name.
    pub fn has(&self, name: &CStr) -> bool {
        // SAFETY: the image and the string are alive; 0 is "no such item".
        unsafe { ffi::vips_image_get_typeof(self.as_ptr(), name.as_ptr()) != 0 }
    }

    /// An integer item; `None` if absent or of another type.
    pub fn int(&self, name: &CStr) -> Option<i32> {
        let mut value = 0;
        // SAFETY: asked only when the item is there; a wrong type is reported, not misread.
        let found = self.has(name)
            && unsafe { ffi::vips_image_get_int(self.as_ptr(), name.as_ptr(), &raw mut value) } == 0;
        found.then_some(value)
    }

    /// A text item; `None` if absent or of another type.
    pub fn text(&self, name: &CStr) -> Option<String> {
        let mut value = ptr::null();
        // SAFETY: as `int`; the text is borrowed from the image and copied at once.
        unsafe {
            if !self.has(name)
                || ffi::vips_image_get_string(self.as_ptr(), name.as_ptr(), &raw mut value) != 0
            {
                return None;
            }
            Some(CStr::from_ptr(value).to_string_lossy().into_owned())
        }
    }

    /// A binary item, borrowed from the image; `None` if absent or of another type.
    pub fn block(&self, name: &CStr) -> Option<&[u8]> {
        let mut data: *const c_void = ptr::null();
        let mut length = 0;
        // SAFETY: as `int`; the block lives as long as the image, which is never modified while it is borrowed.
        unsafe {
            if !self.has(name)
                || ffi::vips_image_get_blob(self.as_ptr(), name.as_ptr(), &raw mut data, &raw mut length) != 0
                || data.is_null()
            {
                return None;
            }
            Some(slice::from_raw_parts(data.cast(), length as usize))
        }
    }

    /// An integer list item; `None` if absent or of another type.
    pub fn ints(&self, name: &CStr) -> Option<Vec<i32>> {
        let mut list: *mut i32 = ptr::null_mut();
        let mut length = 0;
        // SAFETY: as `int`; the list is borrowed from the image and copied at once.
        unsafe {
            if !self.has(name)
                || ffi::vips_image_get_array_int(self.as_ptr(), name.as_ptr(), &raw mut list, &raw mut length)
                    != 0
                || list.is_null()
            {
                return None;
            }
            Some(slice::from_raw_parts(list, length.max(0) as usize).to_vec())
        }
    }

    /// The names of all items, including libvips' own header fields.
    pub fn fields(&self) -> Vec<CString> {
        let mut names = Vec::new();
        // SAFETY: the result is a null-terminated vector of strings that g_strfreev frees.
        unsafe {
            let list = ffi::vips_image_get_fields(self.as_ptr());
            let mut at = list;
            while !at.is_null() && !(*at).is_null() {
                names.push(CStr::from_ptr(*at).to_owned());
                at = at.add(1);
            }
            ffi::g_strfreev(list);
        }
        names
    }

    /// The same pixels, with the metadata of `other` added.
    pub fn with_metadata_of(&self, other: &Self) -> Result<Self> {
        self.edit(|edit| edit.take_from(other))
    }

    /// One black pixel of the same format, with the same metadata: what a saver makes of it has the metadata of the image,
    /// and hardly anything else.
    ///
    /// # Errors
    ///
    /// If libvips cannot make it, or the image is not of 8 bits.
    pub fn carrier(&self) -> Result<Self> {
        self.with_pixels(&vec![0; self.bands() as usize], 1, 1)
    }

    /// An image with this one's interpretation and metadata and other pixels of 8 bits, which are copied: rows from the top,
    /// as many bytes per pixel as this one has bands.
    ///
    /// # Errors
    ///
    /// As of [`Image::from_pixels`].
    pub fn with_pixels(&self, pixels: &[u8], width: u32, height: u32) -> Result<Self> {
        let image = Self::from_pixels(pixels, width, height, self.bands())?;
        image.interpret(self.interpretation())?.edit(|edit| {
            edit.take_from(self);
            edit.take_resolution(self);
        })
    }

    /// A copy with changed metadata; pixels are shared.
    ///
    /// # Errors
    ///
    /// If libvips cannot copy the header.
    pub fn edit(&self, change: impl FnOnce(&mut Edit)) -> Result<Self> {
        let copy = Operation::new(c"copy").image(c"in", self).out()?;
        let mut edit = Edit(copy);
        change(&mut edit);
        Ok(edit.0)
    }
}

/// A private copy of an image whose metadata is being changed; see [`Image::edit`].
pub struct Edit(Image);

impl Edit {
    /// Removes an item, if present.
    pub fn remove(&mut self, name: &CStr) {
        // SAFETY: nobody else holds this copy.
        unsafe { ffi::vips_image_remove(self.0.as_ptr(), name.as_ptr()) };
    }

    /// Takes over the resolution of another image, which is one of libvips' own header fields.
    fn take_resolution(&mut self, other: &Image) {
        // SAFETY: nobody else holds this copy; the other is alive.
        unsafe {
            (*self.0.as_ptr()).Xres = (*other.as_ptr()).Xres;
            (*self.0.as_ptr()).Yres = (*other.as_ptr()).Yres;
        }
    }

    /// Copies every item of another image that is not one of libvips' own header fields.
    fn take_from(&mut self, other: &Image) {
        for name in other.fields() {
            if self.0.has(&name) {
                continue;
            }
            let mut value = std::mem::MaybeUninit::<ffi::GValue>::zeroed();
            // SAFETY: on success `value` is initialised with a copy of the item; it is set on a private copy and unset.
            unsafe {
                if ffi::vips_image_get(other.as_ptr(), name.as_ptr(), value.as_mut_ptr()) == 0 {
                    ffi::vips_image_set(self.0.as_ptr(), name.as_ptr(), value.as_mut_ptr());
                    ffi::g_value_unset(value.as_mut_ptr());
                }
            }
        }
    }

    /// Sets an integer item.
    pub fn set_int(&mut self, name: &CStr, value: i32) {
        // SAFETY: see `remove`.
        unsafe { ffi::vips_image_set_int(self.0.as_ptr(), name.as_ptr(), value) }
    }

    /// Sets an integer list item.
    pub fn set_ints(&mut self, name: &CStr, values: &[i32]) {
        // SAFETY: see `remove`; libvips copies the list.
        unsafe {
            ffi::vips_image_set_array_int(
                self.0.as_ptr(),
                name.as_ptr(),
                values.as_ptr(),
                values.len() as i32,
            );
        }
    }

    /// Sets a binary item.
    pub fn set_block(&mut self, name: &CStr, block: &[u8]) {
        // SAFETY: see `remove`; libvips copies the block.
        unsafe {
            ffi::vips_image_set_blob_copy(
                self.0.as_ptr(),
                name.as_ptr(),
                block.as_ptr().cast(),
                block.len() as u64,
            );
        }
    }
}

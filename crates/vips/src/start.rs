//! Starting libvips, and process-wide settings.

use std::{
    ffi::{CStr, c_char, c_void},
    panic::catch_unwind,
    sync::OnceLock,
};

use libvips_rs::bindings as ffi;

use crate::error::{Error, Result, take_detail};

/// Allowed loaders: those that this crate has typed loaders for. All others are blocked, whatever libvips was built
/// with. Loaders are blocked by class name, including subclasses.
const ALLOWED_LOADERS: [&CStr; 7] = [
    c"VipsForeignLoadJpeg",
    c"VipsForeignLoadPng",
    c"VipsForeignLoadWebp",
    c"VipsForeignLoadNsgif",
    c"VipsForeignLoadHeif",
    c"VipsForeignLoadTiff",
    c"VipsForeignLoadSvg",
];

/// Process-wide settings of libvips.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Threads per image, at least 1. A server that computes many images at once uses 1.
    pub concurrency: u16,
    /// Reports leaks on standard error at [`shutdown`]; for tests.
    pub leak_check: bool,
    /// Receives the warnings of libvips and its codecs, on any thread.
    pub on_warning: fn(&str),
}

impl Default for Settings {
    fn default() -> Self {
        Self { concurrency: 1, leak_check: false, on_warning: |_| () }
    }
}

/// Proof that libvips is initialised.
#[derive(Debug, Clone, Copy)]
pub struct Vips(());

impl Vips {
    /// Starts libvips once per process: later calls return the first result and ignore their settings.
    ///
    /// # Errors
    ///
    /// [`Error::Start`] if libvips cannot be initialised.
    pub fn start(settings: Settings) -> Result<Self> {
        static STARTED: OnceLock<Result<Vips>> = OnceLock::new();
        STARTED.get_or_init(|| start_once(settings)).clone()
    }
}

static ON_WARNING: OnceLock<fn(&str)> = OnceLock::new();

unsafe extern "C" fn warned(_domain: *const c_char, _level: i32, message: *const c_char, _data: *mut c_void) {
    let _ = catch_unwind(|| {
        if let (Some(on_warning), false) = (ON_WARNING.get(), message.is_null()) {
            // SAFETY: glib passes a C string that lives during the call.
            on_warning(&unsafe { CStr::from_ptr(message) }.to_string_lossy());
        }
    });
}

fn start_once(settings: Settings) -> Result<Vips> {
    ON_WARNING.get_or_init(|| settings.on_warning);
    // SAFETY: runs once, guarded by the OnceLock; all strings are static C strings.
    unsafe {
        if ffi::vips_init(c"pixmill".as_ptr()) != 0 {
            return Err(Error::Start(take_detail()));
        }
        for domain in [c"VIPS", c"GLib", c"GLib-GObject"] {
            let levels = ffi::GLogLevelFlags_G_LOG_LEVEL_WARNING | ffi::GLogLevelFlags_G_LOG_LEVEL_CRITICAL;
            ffi::g_log_set_handler(domain.as_ptr(), levels, Some(warned), std::ptr::null_mut());
        }
        ffi::vips_leak_set(settings.leak_check.into());
        ffi::vips_concurrency_set(settings.concurrency.max(1).into());
        // requests do not share operations, and cached operations would keep their pixels in memory
        ffi::vips_cache_set_max(0);
        ffi::vips_block_untrusted_set(1);
        ffi::vips_operation_block_set(c"VipsForeignLoad".as_ptr(), 1);
        for loader in ALLOWED_LOADERS {
            ffi::vips_operation_block_set(loader.as_ptr(), 0);
        }
    }
    Ok(Vips(()))
}

/// Frees the thread-local state of libvips. To be called when a thread that computed images ends.
pub fn thread_shutdown() {
    // SAFETY: documented as callable from any thread at its end, also when libvips was never used there.
    unsafe { ffi::vips_thread_shutdown() }
}

/// Shuts libvips down for this process.
///
/// # Safety
/// Nothing of this crate may be used, or dropped, afterwards.
pub unsafe fn shutdown() {
    // SAFETY: the caller promises that it is the last call.
    unsafe { ffi::vips_shutdown() }
}

/// Bytes of pixel buffers that libvips currently holds.
pub fn tracked_memory() -> usize {
    // SAFETY: reads a counter under libvips' own lock.
    unsafe { ffi::vips_tracked_get_mem() as usize }
}

/// The version of the linked libvips, for example `8.18.7`.
pub fn version() -> String {
    // SAFETY: returns a static C string.
    unsafe { CStr::from_ptr(ffi::vips_version_string()) }.to_string_lossy().into_owned()
}

//! When a computation must end: a point in time, a cancellation, or both.

use std::{
    ffi::c_void,
    fmt,
    panic::catch_unwind,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use libvips_rs::bindings as ffi;

use crate::image::Image;

/// A point in time, and switches, that end the computing of pixels. Clones share the switches.
#[derive(Clone, Default)]
pub struct Deadline {
    at: Option<Instant>,
    cancelled: Arc<AtomicBool>,
    /// A switch that lies elsewhere: in memory shared with another process, say.
    stop: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
}

impl Deadline {
    /// Never passes by itself; can be cancelled.
    pub fn never() -> Self {
        Self::default()
    }

    /// Passes when `time` has gone by from now.
    pub fn after(time: Duration) -> Self {
        Self { at: Instant::now().checked_add(time), ..Self::default() }
    }

    /// Passes also as soon as `stop` says so. It is asked often, between tiles of pixels, so it has to be cheap.
    pub fn or_when(self, stop: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self { stop: Some(Arc::new(stop)), ..self }
    }

    /// Ends every computation that watches this deadline or a clone of it.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether computing must end.
    pub fn passed(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
            || self.stop.as_ref().is_some_and(|stop| stop())
            || self.at.is_some_and(|at| Instant::now() >= at)
    }
}

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deadline")
            .field("at", &self.at)
            .field("passed", &self.passed())
            .finish_non_exhaustive()
    }
}

impl Image {
    /// Makes every computation over this image, and over images made from it, end when `deadline` passes.
    ///
    /// libvips reports progress between tiles: a decoder or encoder that works in one go (AVIF, say) is stopped only
    /// when it comes back, so limits on pixels must bound those.
    pub fn watch(&self, deadline: &Deadline) {
        let data = Box::into_raw(Box::new(deadline.clone()));
        // SAFETY: the image is alive; `data` is owned by the signal connection and freed once by `drop_deadline`.
        unsafe {
            ffi::vips_image_set_progress(self.as_ptr(), 1);
            ffi::g_signal_connect_data(
                self.as_ptr().cast(),
                c"eval".as_ptr(),
                Some(std::mem::transmute::<EvalHandler, unsafe extern "C" fn()>(on_eval)),
                data.cast(),
                Some(drop_deadline),
                0,
            );
        }
    }
}

type EvalHandler = unsafe extern "C" fn(*mut ffi::VipsImage, *mut ffi::VipsProgress, *mut c_void);

unsafe extern "C" fn on_eval(
    image: *mut ffi::VipsImage,
    _progress: *mut ffi::VipsProgress,
    data: *mut c_void,
) {
    // a panic must not unwind into C; there is nothing to tell: the image is left to run on
    let _ = catch_unwind(|| {
        // SAFETY: `data` is the Deadline given at connection time, alive as long as the connection.
        let deadline = unsafe { &*data.cast::<Deadline>() };
        if deadline.passed() {
            // SAFETY: libvips passes the live image that the signal was connected to.
            unsafe { ffi::vips_image_set_kill(image, 1) };
        }
    });
}

unsafe extern "C" fn drop_deadline(data: *mut c_void, _closure: *mut ffi::GClosure) {
    // SAFETY: called once by GObject with the Box made in `watch`.
    let _ = catch_unwind(|| drop(unsafe { Box::from_raw(data.cast::<Deadline>()) }));
}

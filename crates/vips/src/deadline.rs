//! Deadlines and cancellation of computations.

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

/// A deadline after which pixels are no longer computed: a point in time, a cancellation, or a condition. Clones share
/// the cancellation.
///
/// ```
/// use std::time::Duration;
/// let deadline = vips::Deadline::after(Duration::from_secs(10));
/// assert!(!deadline.passed());
/// deadline.clone().cancel();
/// assert!(deadline.passed());
/// ```
#[derive(Clone, Default)]
pub struct Deadline {
    at: Option<Instant>,
    cancelled: Arc<AtomicBool>,
    /// A condition that is polled, for example a flag in memory shared with another process.
    stop: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
}

impl Deadline {
    /// A deadline that never passes by itself; it can be cancelled.
    pub fn never() -> Self {
        Self::default()
    }

    /// A deadline that passes after `time` from now.
    pub fn after(time: Duration) -> Self {
        Self { at: Instant::now().checked_add(time), ..Self::default() }
    }

    /// Also passes as soon as `stop` returns true. It is polled often, between tiles of pixels, so it must be cheap.
    pub fn or_when(self, stop: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self { stop: Some(Arc::new(stop)), ..self }
    }

    /// Cancels every computation that watches this deadline or a clone of it.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether computations must end.
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
    /// Ends every computation of this image, and of images derived from it, when `deadline` passes: the computation
    /// fails with an error.
    ///
    /// libvips reports progress between tiles. A decoder or encoder that processes a whole image in one call (AVIF, for
    /// example) ends only when that call returns, so such images must be bounded by limits on pixels.
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
    // a panic must not unwind into C; it is dropped, and the computation continues
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

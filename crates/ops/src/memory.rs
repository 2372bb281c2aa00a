//! Keeps the allocator from returning the buffers of every step to the operating system.

/// Asks the C library's allocator to keep freed memory for the next step, in one heap for all threads.
///
/// Call it at the start of a program, because threads that have allocated before keep heaps of their own.
/// [`crate::conv_stack_train`] calls it once.
///
/// A training step allocates and frees the same large buffers each time. glibc returns such memory to the operating system
/// and requests it again page by page, which takes a tenth to a fifth of the step of a narrow network. The peak of memory
/// does not grow, but less is returned below the peak.
///
/// Returns whether the allocator agreed. On systems other than Linux with glibc, nothing happens and it returns `false`. A
/// program with another global allocator, such as mimalloc, does not need this call.
pub fn keep_freed_memory() -> bool {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        glibc::keep()
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    {
        false
    }
}

/// [`keep_freed_memory`], once a process.
pub(crate) fn keep_freed_memory_once() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        keep_freed_memory();
    });
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc {
    #![expect(unsafe_code, reason = "the allocator's settings are a C function")]

    use std::ffi::c_int;

    const M_TRIM_THRESHOLD: c_int = -1;
    const M_MMAP_THRESHOLD: c_int = -3;
    const M_MMAP_MAX: c_int = -4;
    const M_ARENA_MAX: c_int = -8;
    /// The largest value that mallopt(3) takes: buffers up to this size live on the heap.
    const LARGEST_ON_HEAP: c_int = 32 << 20;

    unsafe extern "C" {
        fn mallopt(parameter: c_int, value: c_int) -> c_int;
    }

    pub(super) fn keep() -> bool {
        // SAFETY: mallopt takes two integers, locks the allocator itself and returns 0 on refusal.
        unsafe {
            mallopt(M_MMAP_THRESHOLD, LARGEST_ON_HEAP) == 1
                && mallopt(M_TRIM_THRESHOLD, c_int::MAX) == 1
                && mallopt(M_MMAP_MAX, 0) == 1
                // A step's buffers come from whichever thread is at it; the heaps of single threads hold 64 MiB at most.
                && mallopt(M_ARENA_MAX, 1) == 1
        }
    }
}

//! How the allocator treats a step's buffers: it keeps what is freed, and starts large ones on a line of the cache.

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
/// program with a global allocator that does not call malloc, such as mimalloc, does not need this call; one with [`LineAllocator`] does.
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

/// The system's allocator, with large buffers on lines of the cache.
///
/// `malloc` aligns to 16 bytes, so that three of four buffers start inside a line of 64, and every load or store of an AVX-512 vector
/// touches two lines. A training step is a twentieth to a tenth slower for it. In exchange, a large buffer is copied whenever it
/// grows, and zeroed memory is written at once. Declare it in the program, and call [`keep_freed_memory`] too:
///
/// ```
/// #[global_allocator]
/// static ALLOCATOR: vimae_ops::LineAllocator = vimae_ops::LineAllocator;
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct LineAllocator;

mod lines {
    #![expect(unsafe_code, reason = "an allocator's functions are unsafe; each hands its caller's promise on")]

    use super::LineAllocator;
    use crate::simd::LINE;
    use std::alloc::{GlobalAlloc, Layout, System};

    /// Bytes from which on a buffer is large.
    const LARGE: usize = 4096;

    fn on_lines(layout: Layout) -> Layout {
        if layout.size() < LARGE { layout } else { layout.align_to(LINE).unwrap_or(layout) }
    }

    // SAFETY: the system's allocator does the work, with a layout that depends on the caller's alone and is at least as
    // strict.
    unsafe impl GlobalAlloc for LineAllocator {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // SAFETY: the caller's promise; the size is the same.
            unsafe { System.alloc(on_lines(layout)) }
        }
        unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
            // SAFETY: as above.
            unsafe { System.alloc_zeroed(on_lines(layout)) }
        }
        unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
            // SAFETY: `alloc` or `realloc` gave it with the same layout.
            unsafe { System.dealloc(at, on_lines(layout)) }
        }
        unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            // SAFETY: the caller's promise: `size` with this alignment is a layout.
            let grown = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
            // SAFETY: as above; the system's function takes a layout whose alignment stays.
            unsafe {
                if on_lines(grown).align() == on_lines(layout).align() {
                    return System.realloc(at, on_lines(layout), size);
                }
                let new = self.alloc(grown);
                if !new.is_null() {
                    std::ptr::copy_nonoverlapping(at, new, layout.size().min(size));
                    self.dealloc(at, layout);
                }
                new
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::LINE;
    use std::alloc::{GlobalAlloc, Layout};

    #[test]
    #[expect(unsafe_code, reason = "an allocator's functions are unsafe")]
    fn large_buffers_start_on_lines_and_keep_what_they_hold() {
        let layout = |size| Layout::from_size_align(size, 4).expect("a layout");
        for (before, after) in [(100, 200), (100, 5000), (5000, 9000), (5000, 100), (1 << 20, 3 << 20), (8000, 4096)] {
            // SAFETY: sizes are not zero, every layout is the one at hand, and only bytes that were written are read.
            unsafe {
                let at = LineAllocator.alloc(layout(before));
                assert!(!at.is_null() && (before < 4096 || at.addr().is_multiple_of(LINE)));
                for i in 0..before {
                    at.add(i).write(i as u8);
                }
                let at = LineAllocator.realloc(at, layout(before), after);
                assert!(!at.is_null() && (after < 4096 || at.addr().is_multiple_of(LINE)));
                assert!((0..before.min(after)).all(|i| at.add(i).read() == i as u8));
                LineAllocator.dealloc(at, layout(after));
                let at = LineAllocator.alloc_zeroed(layout(after));
                assert!((0..after).all(|i| at.add(i).read() == 0));
                LineAllocator.dealloc(at, layout(after));
            }
        }
    }
}

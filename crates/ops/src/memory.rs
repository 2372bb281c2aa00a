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
/// touches two lines. A training step is a twentieth to a tenth slower for it. In exchange, a large buffer takes a line more, and is
/// moved where it grows to a place that lies otherwise. Declare it in the program, and call [`keep_freed_memory`] too:
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
    use std::{
        alloc::{GlobalAlloc, Layout, System},
        ptr,
    };

    /// Bytes from which on a buffer is large.
    const LARGE: usize = 4096;
    /// The alignment that is asked of the system, so that a byte is free before every line.
    const ALIGN: usize = 16;

    /// The system's buffer around a large one; none for one that the system gives as it is. A line more than asked for, and not a
    /// stricter alignment: glibc's memalign does not find a buffer of the same size again that was freed, and memory grows.
    fn around(layout: Layout) -> Option<Layout> {
        let large = layout.size() >= LARGE && layout.align() <= LINE;
        if large { Layout::from_size_align(layout.size().checked_add(LINE)?, ALIGN).ok() } else { None }
    }

    /// How far the first line begins behind the start of a system's buffer, at least [`ALIGN`] bytes.
    fn shift(raw: *mut u8) -> usize {
        LINE - raw.addr() % LINE
    }

    /// The place on a line in a system's buffer, with the way back in the byte before it.
    ///
    /// # Safety
    /// `raw` is null, or begins a buffer of [`around`].
    unsafe fn on_line(raw: *mut u8) -> *mut u8 {
        if raw.is_null() {
            return raw;
        }
        let shift = shift(raw);
        // SAFETY: the buffer is longer than a line, and the place before the shift is in it.
        unsafe {
            raw.add(shift - 1).write(shift as u8);
            raw.add(shift)
        }
    }

    /// How far a place lies behind the start of its buffer.
    ///
    /// # Safety
    /// `at` comes from [`on_line`].
    unsafe fn way_back(at: *mut u8) -> usize {
        // SAFETY: the caller's promise.
        usize::from(unsafe { at.sub(1).read() })
    }

    // SAFETY: the system's allocator does the work. A place on a line lies in a buffer of its own that is a line longer.
    unsafe impl GlobalAlloc for LineAllocator {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            match around(layout) {
                // SAFETY: the layout has a size.
                Some(around) => unsafe { on_line(System.alloc(around)) },
                // SAFETY: the caller's promise.
                None => unsafe { System.alloc(layout) },
            }
        }
        unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
            match around(layout) {
                // SAFETY: the layout has a size.
                Some(around) => unsafe { on_line(System.alloc_zeroed(around)) },
                // SAFETY: the caller's promise.
                None => unsafe { System.alloc_zeroed(layout) },
            }
        }
        unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
            match around(layout) {
                // SAFETY: `alloc` or `realloc` gave it with the same layout, so it lies on a line.
                Some(around) => unsafe { System.dealloc(at.sub(way_back(at)), around) },
                // SAFETY: the caller's promise.
                None => unsafe { System.dealloc(at, layout) },
            }
        }
        unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            // SAFETY: the caller's promise: `size` with this alignment is a layout.
            let grown = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
            match (around(layout), around(grown)) {
                // SAFETY: the caller's promise.
                (None, None) => unsafe { System.realloc(at, layout, size) },
                // SAFETY: as in `dealloc`; what is kept is moved within the new buffer, which is a line longer than it.
                (Some(before), Some(after)) => unsafe {
                    let back = way_back(at);
                    let raw = System.realloc(at.sub(back), before, after.size());
                    if !raw.is_null() && shift(raw) != back {
                        ptr::copy(raw.add(back), raw.add(shift(raw)), layout.size().min(size));
                    }
                    on_line(raw)
                },
                // SAFETY: both buffers hold so many bytes, and are two.
                _ => unsafe {
                    let new = self.alloc(grown);
                    if !new.is_null() {
                        ptr::copy_nonoverlapping(at, new, layout.size().min(size));
                        self.dealloc(at, layout);
                    }
                    new
                },
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
        for (before, after) in [(100, 200), (100, 5000), (5000, 9000), (5000, 100), (1 << 20, 3 << 20), (3 << 20, 5000), (8000, 4096)] {
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

    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "an allocator's functions are unsafe")]
    fn a_buffer_that_was_freed_serves_the_next_of_its_size() {
        keep_freed_memory();
        let layout = Layout::from_size_align(1 << 20, 4).expect("a layout");
        // SAFETY: the size is not zero, and each buffer is freed once with its layout.
        let again = || unsafe {
            let (first, behind) = (LineAllocator.alloc(layout), LineAllocator.alloc(layout));
            LineAllocator.dealloc(first, layout);
            let second = LineAllocator.alloc(layout);
            LineAllocator.dealloc(second, layout);
            LineAllocator.dealloc(behind, layout);
            second == first
        };
        // Another thread may take it meanwhile.
        assert!((0..100).any(|_| again()));
    }
}

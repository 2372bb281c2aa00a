//! The arguments of all kernels.

/// Columns of a panel.
pub(crate) const PANEL: usize = 32;

/// Columns of half a panel, the narrowest product.
pub(crate) const HALF: usize = PANEL / 2;

/// What a kernel for a few rows of one panel takes; it trusts the extents.
#[derive(Clone, Copy)]
pub(super) struct Block<T> {
    pub(super) depth: usize,
    pub(super) a: *const T,
    pub(super) row_stride: usize,
    pub(super) a_depth_stride: usize,
    /// Steps of depth between jumps of the left side, and how far it jumps beyond the last step.
    pub(super) run: usize,
    pub(super) jump: usize,
    pub(super) b: *const T,
    pub(super) b_depth_stride: usize,
    pub(super) out: *mut T,
    pub(super) out_stride: usize,
    pub(super) accumulate: bool,
    /// Where the right side of the next panel starts, for one block of each panel to fetch ahead: what
    /// follows comes from memory, and the processor does not fetch across pages by itself.
    pub(super) next: Option<*const T>,
    /// Only the first half of the panel counts.
    pub(super) half: bool,
}

#[cfg(target_arch = "x86_64")]
impl<T> Block<T> {
    /// The same block with its pointers as those of another type.
    pub(super) fn cast<U>(self) -> Block<U> {
        let Self { depth, a, row_stride, a_depth_stride, run, jump, b, b_depth_stride, out, out_stride, accumulate, next, half } = self;
        let (a, b, out, next) = (a.cast(), b.cast(), out.cast(), next.map(<*const T>::cast));
        Block { depth, a, row_stride, a_depth_stride, run, jump, b, b_depth_stride, out, out_stride, accumulate, next, half }
    }
}

/// Calls a kernel with the number of rows as a constant.
macro_rules! by_rows {
    ($rows:expr, $block:expr, $kernel:ident: $($n:literal)*) => {
        match $rows {
            $($n => $kernel::<$n>($block),)*
            _ => {}
        }
    };
}
#[cfg(target_arch = "x86_64")]
pub(super) use by_rows;

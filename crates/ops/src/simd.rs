//! One loop, compiled for several vector widths and chosen at run time.

/// Defines a function whose body is compiled three times in `f32`, for AVX-512, for AVX2, and for the baseline of the build, and
/// for the baseline alone in `f64`, which checks gradients. The order of operations, and so the result, is the same in all.
macro_rules! vectorised {
    ($(#[$doc:meta])* fn $name:ident<T: Real $(; $s:ident: $bound:ident)? $(, const $n:ident: $nt:ty)*>($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)? $body:block) => {
        $(#[$doc])*
        fn $name<T: Real $(, $s: $bound<T>)? $(, const $n: $nt)*>($($arg: $ty),*) $(-> $ret)? {
            #[inline(always)]
            fn body<T: Real $(, $s: $bound<T>)? $(, const $n: $nt)*>($($arg: $ty),*) $(-> $ret)? $body
            #[cfg(target_arch = "x86_64")]
            if T::WIDE {
                #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
                fn v4<T: Real $(, $s: $bound<T>)? $(, const $n: $nt)*>($($arg: $ty),*) $(-> $ret)? {
                    body::<T $(, $s)? $(, $n)*>($($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn v3<T: Real $(, $s: $bound<T>)? $(, const $n: $nt)*>($($arg: $ty),*) $(-> $ret)? {
                    body::<T $(, $s)? $(, $n)*>($($arg),*)
                }
                match $crate::simd::level() {
                    // SAFETY: level() has found these features on this processor.
                    $crate::simd::Level::V4 => return unsafe { v4::<T $(, $s)? $(, $n)*>($($arg),*) },
                    // SAFETY: as above.
                    $crate::simd::Level::V3 => return unsafe { v3::<T $(, $s)? $(, $n)*>($($arg),*) },
                    $crate::simd::Level::Baseline => {}
                }
            }
            body::<T $(, $s)? $(, $n)*>($($arg),*)
        }
    };
}
pub(crate) use vectorised;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    V4,
    V3,
    Baseline,
}

/// The widest that this processor has; the environment variable `VIMAE_OPS_SIMD` (`avx2` or
/// `baseline`, read once) asks for less, to try the other paths on a new processor.
#[cfg(target_arch = "x86_64")]
pub(crate) fn level() -> Level {
    static LEVEL: std::sync::OnceLock<Level> = std::sync::OnceLock::new();
    *LEVEL.get_or_init(|| {
        let asked = std::env::var("VIMAE_OPS_SIMD").unwrap_or_default();
        match (detected(), asked.as_str()) {
            (_, "baseline") => Level::Baseline,
            (Level::V4, "avx2") => Level::V3,
            (level, _) => level,
        }
    })
}

#[cfg(target_arch = "x86_64")]
fn detected() -> Level {
    macro_rules! has {
        ($($feature:tt),*) => { $(std::arch::is_x86_feature_detected!($feature))&&* };
    }
    if !has!("avx2", "fma") {
        Level::Baseline
    } else if has!("avx512f", "avx512vl", "avx512bw", "avx512dq") {
        Level::V4
    } else {
        Level::V3
    }
}

/// Bytes of a line of the cache.
pub(crate) const LINE: usize = 64;

/// Asks the processor to bring `len` elements from `at` on into its second-level cache; those past the end are left out.
#[inline(always)]
#[cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "an instruction of the processor"))]
pub(crate) fn fetch<T>(x: &[T], at: usize, len: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(x) = x.get(at..(at + len).min(x.len())) {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        for line in (0..size_of_val(x)).step_by(LINE) {
            // SAFETY: every x86-64 processor has the instruction, and it reads nothing.
            unsafe { _mm_prefetch::<_MM_HINT_T1>(x.as_ptr().cast::<i8>().wrapping_add(line)) };
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (x, at, len);
}

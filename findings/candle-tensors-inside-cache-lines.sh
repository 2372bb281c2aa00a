#!/bin/bash
# candle-core 0.11.1: a large tensor on the CPU starts 16 bytes into a line of the cache. candle keeps tensors in a Vec, whose memory has the
# alignment of malloc, 16, and glibc puts the size of a large block in front of it. So every AVX-512 load or store of such a tensor touches
# two lines. PyTorch asks for 64 bytes. A global allocator that aligns large blocks does the same for candle.
# Seen: zeros, a sum and a matrix product of 1, 4 and 16 MiB start 16 bytes into a line; with the allocator, 0.
# Exit 0: as described here; 1: it has changed; 2: it cannot be set up. Needs cargo, the registry, x86-64 Linux with glibc; no argument.
set -u
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cd "$T" || exit 2
cargo init -q --vcs none --name probe p 2> /dev/null && (cd p && cargo add -q candle-core@=0.11.1 && printf '[features]\nlines = []\n' >> Cargo.toml) || exit 2
cat > p/src/main.rs <<'R'
use candle_core::{CpuStorage, DType, Device, Result, Storage, Tensor};

#[cfg(feature = "lines")]
mod lines {
    use std::alloc::{GlobalAlloc, Layout, System};

    struct Lines;

    fn strict(layout: Layout) -> Layout {
        if layout.size() < 4096 { layout } else { layout.align_to(64).unwrap() }
    }

    unsafe impl GlobalAlloc for Lines {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            unsafe { System.alloc(strict(layout)) }
        }
        unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
            unsafe { System.dealloc(at, strict(layout)) }
        }
    }

    #[global_allocator]
    static LINES: Lines = Lines;
}

/// Bytes from the start of a line of the cache to the tensor's first element.
fn into_a_line(tensor: &Tensor) -> usize {
    match &*tensor.storage_and_layout().0 {
        Storage::Cpu(CpuStorage::F32(values)) => values.as_ptr() as usize % 64,
        _ => usize::MAX,
    }
}

fn main() -> Result<()> {
    let expected = if cfg!(feature = "lines") { 0 } else { 16 };
    let mut as_described = true;
    for side in [512, 1024, 2048] {
        let zeros = Tensor::zeros((side, side), DType::F32, &Device::Cpu)?;
        let sum = (&zeros + 1.0)?;
        let product = sum.matmul(&sum)?;
        let found = [&zeros, &sum, &product].map(into_a_line);
        println!("candle-core 0.11.1, {side} x {side}: zeros, sum, product start {found:?} bytes into a line");
        as_described &= found == [expected; 3];
    }
    std::process::exit(if as_described { 0 } else { 1 })
}
R
for features in '' lines; do
  cargo build -q --manifest-path p/Cargo.toml --features "$features" || exit 2
  cargo run -q --manifest-path p/Cargo.toml --features "$features" || exit 1
done

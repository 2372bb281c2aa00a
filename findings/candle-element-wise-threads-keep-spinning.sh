#!/bin/bash
# candle-core 0.11.1: element-wise operations on the CPU of 65 536 elements or more run on threads of candle's own, beside rayon's, which
# after each operation go on turning for 25 000 rounds before they sleep. A program that does such an operation now and then keeps
# the other cores busy, and whatever else it runs there (rayon, data loading) shares them. CANDLE_BARRIER_POOL_SPIN_LIMIT=1 in the
# environment ends that; CANDLE_NUM_THREADS and RAYON_NUM_THREADS set to 1 leave no such thread.
# Seen on two cores of a Xeon: 1000 additions of 100 000 elements, 2 ms apart: 410 ms of the thread that asks, 330 ms of the other one, 30 ms with a limit of 1.
# Exit 0: as described here; 1: it has changed; 2: it cannot be set up. Needs Linux with two cores, cargo and the registry; no argument.
set -u
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cd "$T" || exit 2
[ "$(nproc)" -ge 2 ] || { echo "one core: there is no second thread" >&2; exit 2; }
cargo init -q --vcs none --name probe p 2> /dev/null && (cd p && cargo add -q candle-core@=0.11.1) || exit 2
cat > p/src/main.rs <<'R'
use candle_core::{Device, Tensor};
use std::{fs, thread::sleep, time::Duration};

/// Ticks of 10 ms that the threads of that name have run.
fn ticks(of_pool: bool) -> u64 {
    let of_thread = |stat: String| {
        let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        (name.starts_with("candle-bp") == of_pool).then(|| fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap())
    };
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    tasks.filter_map(|task| of_thread(fs::read_to_string(task.ok()?.path().join("stat")).ok()?)).sum()
}

fn main() -> candle_core::Result<()> {
    let x = Tensor::ones(100_000, candle_core::DType::F32, &Device::Cpu)?;
    let before = ticks(false);
    for _ in 0..1000 {
        (&x + &x)?;
        sleep(Duration::from_millis(2));
    }
    println!("{} {}", ticks(false) - before, ticks(true));
    Ok(())
}
R
cargo build -q --release --manifest-path p/Cargo.toml || exit 2
read -r own pool < <(RAYON_NUM_THREADS=2 p/target/release/probe) || exit 2
read -r _ brief < <(RAYON_NUM_THREADS=2 CANDLE_BARRIER_POOL_SPIN_LIMIT=1 p/target/release/probe) || exit 2
echo "candle-core 0.11.1, 1000 additions: the thread that asks runs ${own}0 ms, candle's other thread ${pool}0 ms, with a limit of 1 ${brief}0 ms"
[ "$pool" -ge $((3 * (brief + 1))) ]

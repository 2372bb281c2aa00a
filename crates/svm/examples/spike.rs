//! spike
use ndarray::Array2;
use std::time::Instant;
use vimae_svm::*;
fn read(path: &str) -> Vec<f64> { std::fs::read(path).unwrap().chunks(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect() }
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let d: usize = a[2].parse().unwrap();
    let n: usize = a[3].parse().unwrap();
    let mode = a[4].as_str();
    let x = read(&format!("{}/x", a[1])); let y: Vec<u32> = read(&format!("{}/y", a[1])).iter().map(|v| *v as u32).collect();
    let x = Array2::from_shape_vec((y.len(), d), x).unwrap();
    let (tr, te) = (x.slice(ndarray::s![..n, ..]), x.slice(ndarray::s![n.., ..]));
    let acc = |p: &[u32]| p.iter().zip(&y[n..]).filter(|(a, b)| a == b).count() as f64 / p.len() as f64;
    for kernel in [Kernel::Rbf { gamma: 1.0 / d as f64 }, Kernel::Linear] {
        let svm = Svm::new(kernel);
        let mut best = f64::MAX; let mut m = None;
        for _ in 0..5 { let t = Instant::now(); m = Some(svm.fit(tr, &y[..n]).unwrap()); best = best.min(t.elapsed().as_secs_f64()); }
        if mode == "w" { let m0 = svm.fit(tr, &y[..n]).unwrap(); println!("{:.200}", format!("{m0:?}").split("biases").last().unwrap()); }
        println!("{kernel:?} fit {best:.4} s acc {:.4}", acc(&m.unwrap().predict(te).unwrap()));
        if mode == "t" {
            let t = Instant::now();
            let r = TransductiveSvm { first_share: a.get(5).map_or(1e-3, |v| v.parse().unwrap()), growth: a.get(6).map_or(2.0, |v| v.parse().unwrap()), ..TransductiveSvm::new(svm) }.fit(tr, &y[..n], te).unwrap();
            println!("  tsvm {:.2} s acc {:.4} switches {} solutions {}", t.elapsed().as_secs_f64(), acc(&r.labels), r.switches, r.solutions);
        }
    }
}

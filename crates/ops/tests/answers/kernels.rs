//! The CUDA kernels without a GPU: a C++ compiler takes `kernels.cu` as it is, threads of the CPU stand for
//! the GPU's, and every kernel is compared with its definition.

#![expect(clippy::print_stdout, reason = "a test says what it compared")]

use std::path::Path;
use std::process::Command;

use vimae_testing::need;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// A C++ compiler, or why there is none.
fn compiler() -> Result<String, String> {
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    match Command::new(&compiler).arg("--version").output() {
        Ok(_) => Ok(compiler),
        Err(_) => Err(format!("no C++ compiler {compiler} (CXX names another)")),
    }
}

fn run(compiler: &str, real: &str) -> Outcome {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/answers/kernels.cpp");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kernels-{real}"));
    let built = Command::new(compiler)
        .args(["-std=c++17", "-O1", "-pthread", &format!("-DREAL={real}"), "-o"])
        .args([&program, &source])
        .output()?;
    assert!(built.status.success(), "{compiler}: {}", String::from_utf8_lossy(&built.stderr));
    let ran = Command::new(&program).output()?;
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{said}");
    println!("{real}: {said}");
    Ok(())
}

#[test]
fn the_kernels_compute_their_definitions_in_single_precision() -> Outcome {
    run(&need!(compiler()), "float")
}

#[test]
fn the_kernels_compute_their_definitions_in_double_precision() -> Outcome {
    run(&need!(compiler()), "double")
}

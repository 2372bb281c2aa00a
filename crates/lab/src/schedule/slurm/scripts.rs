//! The scripts that Slurm runs.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

use vimae_spec::Resources;

use super::jobs::folder;

/// Seconds before the end of its time at which a task is told.
const NOTICE: u32 = 120;

/// What all scripts of a reproduction have in common.
#[derive(Clone, Copy)]
pub(super) struct Scripts<'a> {
    /// The command that tasks call.
    pub(super) program: &'a Path,
    /// The reproduction's folder.
    pub(super) out: &'a Path,
    /// Attempts at a run within one task.
    pub(super) attempts: u64,
}

impl Scripts<'_> {
    /// The script of an array: what it asks for, and one run of the plan for each task, `at_a_time` of them at most.
    pub(super) fn array(&self, name: &str, resources: &Resources, places: &[usize], at_a_time: Option<usize>) -> String {
        let at_a_time = at_a_time.map_or_else(String::new, |jobs| format!("%{jobs}"));
        let mut asks = vec![
            format!("--job-name={name}"),
            format!("--array=0-{}{at_a_time}", places.len().saturating_sub(1)),
            format!("--cpus-per-task={}", resources.cpus),
            format!("--mem={}M", resources.memory_mib),
            "--requeue".to_owned(),
            "--open-mode=append".to_owned(),
        ];
        if resources.gpus > 0 {
            asks.push(format!("--gres=gpu:{}", resources.gpus));
        }
        if let Some(minutes) = resources.minutes {
            asks.push(format!("--time={minutes}"));
            asks.push(format!("--signal=B:TERM@{}", NOTICE.min(minutes * 15)));
        }
        let mut script = self.head(asks, resources, "%A_%a.log");
        let places: Vec<String> = places.iter().map(usize::to_string).collect();
        let _ = write!(
            script,
            r#"# The preamble may have asked bash to end at whatever fails: a worker that was told to stop does.
set +eu
places=({places})
out={out}
program={program}
attempts={attempts}
export RAYON_NUM_THREADS="${{RAYON_NUM_THREADS:-$SLURM_CPUS_PER_TASK}}"
place=${{places[$SLURM_ARRAY_TASK_ID]}}
for ((attempt = 1; attempt <= attempts; attempt++)); do
  "$program" worker "$out" "$place" --device {device} --attempt "$attempt" &
  worker=$!
  trap 'kill -TERM $worker 2> /dev/null' TERM
  wait "$worker"
  code=$?
  # A signal ends the waiting, not the worker.
  while kill -0 "$worker" 2> /dev/null; do wait "$worker"; code=$?; done
  case $code in
    # Finished, or failed for good.
    0 | 1 | 2) exit "$code" ;;
    # Stopped with its state saved: on with it later, unless everything was cancelled.
    75)
      [ -e "$out/slurm/cancelled" ] && exit $code
      why=$(scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID" 2>&1) ||
        "$program" worker "$out" "$place" --note "it cannot queue itself again (${{why##*: }}); the same command goes on from there"
      exit $code ;;
  esac
done
exit $code
"#,
            places = places.join(" "),
            out = quoted(self.out),
            program = quoted(self.program),
            attempts = self.attempts,
            device = if resources.gpus > 0 { "cuda" } else { "cpu" },
        );
        script
    }

    /// The script of the last job.
    pub(super) fn tables(&self, name: &str, resources: &Resources) -> String {
        let asks = vec![format!("--job-name={name}"), "--cpus-per-task=1".to_owned(), format!("--mem={}M", resources.memory_mib)];
        let head = self.head(asks, resources, "%j.log");
        format!("{head}exec {} report {}\n", quoted(self.program), quoted(self.out))
    }

    /// The lines before the work: what is asked for, and the site's own.
    fn head(&self, mut asks: Vec<String>, resources: &Resources, log: &str) -> String {
        asks.extend(resources.partition.iter().map(|name| format!("--partition={name}")));
        asks.extend(resources.account.iter().map(|name| format!("--account={name}")));
        asks.extend(resources.constraint.iter().map(|features| format!("--constraint='{features}'")));
        asks.extend(resources.extra.iter().cloned());
        asks.push(format!("--output={}", quoted(&folder(self.out).join(log))));
        let mut script = "#!/bin/bash\n".to_owned();
        for ask in asks {
            let _ = writeln!(script, "#SBATCH {ask}");
        }
        for line in &resources.preamble {
            let _ = writeln!(script, "{line}");
        }
        script
    }

    /// Where a script is kept.
    pub(super) fn place(&self, name: &str) -> PathBuf {
        folder(self.out).join(format!("{name}.sh"))
    }
}

/// A path as one word of a shell script.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_site_asks_for_stands_before_the_work() {
        let resources = Resources {
            account: Some("me".into()),
            constraint: Some("a100&nvlink".into()),
            extra: vec!["--qos=long".into()],
            preamble: vec!["module load cuda".into(), "export A=1".into()],
            ..Resources::default()
        };
        let scripts = Scripts { program: Path::new("/x"), out: Path::new("/o"), attempts: 1 };
        for script in [scripts.array("a", &resources, &[3, 5], Some(1)), scripts.tables("t", &resources)] {
            let lines: Vec<&str> = script.lines().collect();
            for line in ["#SBATCH --account=me", "#SBATCH --constraint='a100&nvlink'", "#SBATCH --qos=long"] {
                assert!(lines.contains(&line), "{script}");
            }
            let after = |line: &str| lines.iter().position(|l| *l == line).unwrap();
            assert!(after("#SBATCH --qos=long") < after("module load cuda") && after("module load cuda") < after("export A=1"));
        }
    }

    /// Runs the script of an array after this preamble, where its worker does what `worker` says. Gives how often it was called and what
    /// scontrol was asked.
    #[cfg(unix)]
    fn run(worker: &str, attempts: u64, preamble: &[&str]) -> (usize, String) {
        use std::{fs, os::unix::fs::PermissionsExt, process::Command};

        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| {
            fs::write(at(name), format!("#!/bin/bash\ncd '{}'\n{text}\n", folder.path().display())).unwrap();
            fs::set_permissions(at(name), fs::Permissions::from_mode(0o755)).unwrap();
        };
        write("worker", &format!("echo \"$*\" >> calls\n{worker}"));
        write("scontrol", "echo \"$*\" >> asked");
        let resources = Resources { preamble: preamble.iter().map(|line| (*line).to_owned()).collect(), ..Resources::default() };
        let script = Scripts { program: &at("worker"), out: folder.path(), attempts }.array("a", &resources, &[3, 5], None);
        fs::write(at("script"), script).unwrap();
        let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
        let mut bash = Command::new("bash");
        bash.arg(at("script"))
            .env("PATH", path)
            .env("SLURM_ARRAY_TASK_ID", "1")
            .env("SLURM_ARRAY_JOB_ID", "7")
            .env("SLURM_CPUS_PER_TASK", "1");
        assert!(bash.status().unwrap().code().is_some(), "bash was ended by a signal");
        let said = |name: &str| fs::read_to_string(at(name)).unwrap_or_default();
        (said("calls").lines().count(), said("asked").trim().to_owned())
    }

    #[cfg(unix)]
    #[test]
    fn a_preamble_that_ends_at_a_failure_loses_neither_a_preempted_task_nor_a_retry() {
        for preamble in [&["set -euo pipefail"][..], &["set -e", "set -u"], &[]] {
            // Stopped with its state saved.
            assert_eq!(run("exit 75", 2, preamble), (1, "requeue 7_1".to_owned()), "{preamble:?}");
            // The script is told to stop while it waits.
            let told = "trap '' TERM; sleep 0.2; kill -TERM $PPID; sleep 0.3; exit 75";
            assert_eq!(run(told, 2, preamble), (1, "requeue 7_1".to_owned()), "{preamble:?}");
            // Died, and is tried again.
            assert_eq!(run("exit 101", 3, preamble), (3, String::new()), "{preamble:?}");
            assert_eq!(run("exit 1", 3, preamble), (1, String::new()), "{preamble:?}");
        }
    }

    #[test]
    fn a_path_with_a_quote_stays_one_word() {
        assert_eq!(quoted(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }
}

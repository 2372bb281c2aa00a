//! The same results from a real Slurm cluster of one machine as from this process. Runs where `VIMAE_SLURM` is set,
//! Slurm and munge are installed (Debian: `slurm-wlm munge`), and the user may start their daemons.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::{fs::PermissionsExt, net::UnixStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use vimae_testing::need;
use vimae_tests::command::xtask;

use crate::{
    interruption::{records, results},
    kills::signal,
    schedule::cells,
    tiny::{files, short, write},
};

/// Daemons that end when this is dropped.
struct Cluster {
    folder: PathBuf,
    daemons: Vec<Child>,
}

impl Cluster {
    /// A controller and a node on this machine, all of whose files are in `folder`.
    fn start(folder: PathBuf) -> Result<Self> {
        Self::of_site(folder, "", "")
    }

    /// The same, with `more` lines of configuration and more words about its partition.
    fn of_site(folder: PathBuf, more: &str, partition: &str) -> Result<Self> {
        for name in ["state", "spool", "log"] {
            fs::create_dir_all(folder.join(name))?;
        }
        let host = fs::read_to_string("/proc/sys/kernel/hostname")?.trim().split('.').next().context("host")?.to_owned();
        let dir = folder.display();
        let configuration = format!(
            "ClusterName=test\nSlurmctldHost={host}(127.0.0.1)\nSlurmUser=root\nAuthType=auth/munge\nAuthInfo=socket={dir}/munge/socket\nMpiDefault=none\n\
             ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nSelectType=select/cons_tres\nSelectTypeParameters=CR_Core\n\
             ReturnToService=2\nKillWait=10\nMinJobAge=300\nSchedulerParameters=sched_interval=1\n\
             SlurmctldPort=16817\nSlurmdPort=16818\n\
             StateSaveLocation={dir}/state\nSlurmdSpoolDir={dir}/spool\nSlurmctldPidFile={dir}/slurmctld.pid\n\
             SlurmdPidFile={dir}/slurmd.pid\nSlurmctldLogFile={dir}/log/slurmctld.log\nSlurmdLogFile={dir}/log/slurmd.log\n\
             NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=4000 State=UNKNOWN\nPartitionName=main Nodes=ALL Default=YES State=UP {partition}\n{more}"
        );
        fs::write(folder.join("slurm.conf"), configuration)?;
        let mut cluster = Self { folder, daemons: Vec::new() };
        cluster.start_munge()?;
        // The controller last, so that a test can stop it alone.
        for daemon in ["slurmd", "slurmctld"] {
            cluster.daemon(daemon)?;
        }
        cluster.wait_for("the node", |cluster| Ok(cluster.says("sinfo", &["--noheader", "--format", "%T"])?.contains("idle")))?;
        Ok(cluster)
    }

    fn daemon(&mut self, name: &str) -> Result<()> {
        let mut command = self.command(name);
        command.arg("-D");
        self.spawn(name, command)
    }

    /// Stops the controller, and starts it again after `away`. It is told to stop: one that is killed forgets what it began in the last
    /// seconds, begins the same jobs again, and takes its node out of use when the node refuses.
    fn controller_away(&mut self, away: Duration) -> Result<()> {
        let mut controller = self.daemons.pop().context("no daemon runs")?;
        signal(controller.id(), "TERM")?;
        controller.wait()?;
        sleep(away);
        self.daemon("slurmctld")
    }

    /// A munged of this cluster's own: one of the machine may be missing, stopped, or have left its socket behind.
    fn start_munge(&mut self) -> Result<()> {
        let folder = self.folder.join("munge");
        fs::create_dir(&folder)?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
        let key = folder.join("key");
        fs::write(&key, [0x5a; 128])?;
        fs::set_permissions(&key, fs::Permissions::from_mode(0o400))?;
        let mut command = Command::new("munged");
        // `--force`: the folder of a test is not readable by everybody, which munged would refuse.
        command.args(["--foreground", "--force", "--num-threads=10"]);
        for (flag, name) in [("socket", "socket"), ("key-file", "key"), ("log-file", "log"), ("pid-file", "pid"), ("seed-file", "seed")] {
            command.arg(format!("--{flag}={}", folder.join(name).display()));
        }
        self.spawn("munged", command)?;
        self.wait_for("munged", |cluster| Ok(UnixStream::connect(cluster.folder.join("munge/socket")).is_ok()))
    }

    fn spawn(&mut self, name: &str, mut command: Command) -> Result<()> {
        let log = fs::File::create(self.folder.join("log").join(format!("{name}.err")))?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.daemons.push(command.spawn().with_context(|| name.to_owned())?);
        Ok(())
    }

    /// Returns when `ready` says yes; after two minutes it fails with what the daemons wrote.
    fn wait_for(&self, what: &str, ready: impl Fn(&Self) -> Result<bool>) -> Result<()> {
        let began = Instant::now();
        while !ready(self)? {
            if began.elapsed() > Duration::from_secs(120) {
                let log = |name: &str| fs::read_to_string(self.folder.join("log").join(name)).unwrap_or_default();
                bail!("{what} does not come up: {}{}{}", log("munged.err"), log("slurmctld.log"), log("slurmd.log"));
            }
            sleep(Duration::from_millis(300));
        }
        Ok(())
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("SLURM_CONF", self.folder.join("slurm.conf"));
        command
    }

    fn says(&self, program: &str, arguments: &[&str]) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.command(program).args(arguments).output()?.stdout).into_owned())
    }

    fn xtask(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = self.command(xtask()?);
        command.args(arguments);
        Ok(command)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for daemon in self.daemons.iter_mut().rev() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

/// Whether a cluster may be started here, or why not.
fn allowed() -> Result<(), String> {
    if std::env::var_os("VIMAE_SLURM").is_none() {
        return Err("VIMAE_SLURM is not set; 1 lets the test start the daemons of Slurm".into());
    }
    vimae_testing::programs(&["slurmctld", "slurmd", "sbatch", "munged"], "Debian: slurm-wlm munge")
}

/// Whether the minutes of a site's limits may be spent.
fn at_length() -> Result<(), String> {
    allowed()?;
    match std::env::var("VIMAE_SLURM").as_deref() {
        Ok("all") => Ok(()),
        _ => Err("VIMAE_SLURM is not `all`, which takes minutes more".into()),
    }
}

/// How many processes wrote event files of a run, whose names end with the process.
fn processes(run: &Path) -> Result<usize> {
    let mut processes = BTreeSet::new();
    for entry in fs::read_dir(run)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with("events.out.tfevents.") {
            processes.extend(name.rsplit('.').next().map(str::to_owned));
        }
    }
    Ok(processes.len())
}

const SHORT_EPOCHS: u64 = 4;
/// Training that the partition's minute cuts into two pieces or more.
const LONG_SECONDS: f64 = 150.0;

#[test]
fn small_arrays_a_partition_of_one_minute_and_a_controller_that_is_away_change_nothing() -> Result<()> {
    need!(at_length());
    let folder = tempfile::tempdir()?;
    let text = |epochs: u64| {
        let epochs = format!("epochs = {epochs}");
        short().replacen("epochs = 3", &epochs, 1) + "\n[resources]\ncpus = 1\nmemory_mib = 500\n"
    };
    let (short_spec, long_spec) = (folder.path().join("short.toml"), folder.path().join("long.toml"));
    fs::write(&short_spec, text(SHORT_EPOCHS))?;
    let mut cluster = Cluster::of_site(folder.path().join("slurm"), "MaxArraySize=5\n", "MaxTime=1 OverTimeLimit=0")?;
    let path = |path: &Path| path.to_str().map(str::to_owned).context("path");
    let names = ["short", "long"];
    let out = |kind: &str, name: &str| folder.path().join(format!("{kind}-{name}"));
    for (spec, name, seeds) in [(&short_spec, "short", "7"), (&long_spec, "long", "1")] {
        let local = cluster.xtask(&["train", &path(spec)?, "--seeds", seeds, "--out", &path(&out("local", name))?])?.output()?;
        ensure!(local.status.success(), "{}", String::from_utf8_lossy(&local.stderr));
        if name == "short" {
            // On any machine the other run takes longer than the partition allows.
            let seconds =
                records(&out("local", name))?.iter().filter_map(|record| record["training_seconds"].as_f64()).fold(f64::INFINITY, f64::min);
            fs::write(&long_spec, text((LONG_SECONDS * SHORT_EPOCHS as f64 / seconds) as u64))?;
        }
        let arguments = ["train", &path(spec)?, "--seeds", seeds, "--out", &path(&out("cluster", name))?];
        let mut command = cluster.xtask(&arguments)?;
        command.args(["--launcher", "slurm", "--interval", "2s"]);
        let launched = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        sleep(Duration::from_secs(8));
        cluster.controller_away(Duration::from_secs(60))?;
        let ended = launched.wait_with_output()?;
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        ensure!(ended.status.success(), "{name}: {said}{}", cluster.says("squeue", &[])?);
        let left = cluster.says("squeue", &["--noheader"])?;
        ensure!(left.trim().is_empty(), "{name}: left in the queue: {left}{said}");
    }
    for name in names {
        assert!(results(&out("cluster", name))? == results(&out("local", name))?, "{name}: weights, logs or measurements differ");
        assert_eq!(cells(&out("cluster", name))?, cells(&out("local", name))?, "{name}");
    }
    for (record, _) in files(&out("cluster", "long"), "record.json")? {
        let run = record.parent().context("a run's folder")?;
        ensure!(processes(run)? > 1, "{}: the partition's minute cut nothing off", run.display());
    }
    // Seven runs in arrays of five at most.
    let scripts = fs::read_dir(out("cluster", "short").join("slurm"))?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    assert!(scripts.filter(|name| name.starts_with("runs-")).count() >= 2, "the runs were not split");
    Ok(())
}

#[test]
fn a_cluster_gives_the_cells_of_this_process_through_preemption_and_cancellation() -> Result<()> {
    need!(allowed());
    let folder = tempfile::tempdir()?;
    let longer = short().replacen("epochs = 3", "epochs = 12", 1);
    let spec = write(folder.path(), &(longer + "\n[resources]\ncpus = 1\nmemory_mib = 1000\n"))?;
    let [local, cluster_out] = ["local", "cluster"].map(|name| folder.path().join(name));
    let text = |path: &Path| path.to_str().map(str::to_owned).context("path");
    let (spec, out) = (text(&spec)?, text(&cluster_out)?);
    let cluster = Cluster::start(folder.path().join("slurm"))?;
    ensure!(cluster.xtask(&["train", &spec, "--out", &text(&local)?])?.stderr(Stdio::null()).status()?.success());

    // Cancelled once on the way.
    let submit = || -> Result<Child> {
        let mut command = cluster.xtask(&["train", &spec, "--out", &out, "--launcher", "slurm", "--interval", "1s"])?;
        Ok(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?)
    };
    let mut first = submit()?;
    let running = |wanted: usize| -> Result<()> {
        let began = Instant::now();
        loop {
            let status = cluster.xtask(&["status", &out])?.output()?;
            let status = String::from_utf8_lossy(&status.stdout).into_owned();
            if status.matches(": training ").count() >= wanted {
                return Ok(());
            }
            ensure!(began.elapsed() < Duration::from_secs(120), "nothing trains: {status}{}", cluster.says("squeue", &[])?);
            sleep(Duration::from_millis(100));
        }
    };
    running(1)?;
    let cancelled = cluster.xtask(&["cancel", &out])?.output()?;
    ensure!(cancelled.status.success(), "{}", String::from_utf8_lossy(&cancelled.stderr));
    ensure!(!first.wait()?.success(), "a cancelled reproduction is not a whole one");
    ensure!(cluster_out.join("index.html").exists(), "no page of what is there");

    // Taken up again, and each task that runs told to make room once: it queues itself again and goes on.
    let second = submit()?;
    running(1)?;
    let jobs = cluster.says("squeue", &["--noheader", "--array", "--states=RUNNING", "--format", "%i"])?;
    ensure!(!jobs.trim().is_empty(), "no task runs");
    for job in jobs.split_whitespace() {
        cluster.says("scancel", &["--batch", "--signal=TERM", job])?;
    }
    let ended = second.wait_with_output()?;
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    ensure!(ended.status.success(), "{said}{}", cluster.says("squeue", &[])?);
    ensure!(said.contains("went on from step"), "no task went on from what it had saved: {said}");
    assert!(results(&cluster_out)? == results(&local)?, "weights, logs or measurements differ from those of one process");
    assert_eq!(cells(&cluster_out)?, cells(&local)?);
    Ok(())
}

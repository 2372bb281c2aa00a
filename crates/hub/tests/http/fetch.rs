//! `fetch` against a server that speaks the Hub's protocol, and misbehaves.

use std::{path::Path, time::Duration};

use sha2::{Digest, Sha256};
use vimae_hub::{Error, Event, Fetched, Options, Place, Token, Wanted, fetch};

use crate::server::{COMMIT, Server, Trouble};

fn content() -> Vec<u8> {
    (0..300_000_u32).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

fn options(server: &Server, cache: &Path) -> Options {
    Options { first_wait: Duration::from_millis(1), longest_wait: Duration::from_secs(2), ..Options::new(&server.address, cache) }
}

fn from_hub(path: &str) -> Wanted {
    Wanted { place: Place::Hub { repo: "o/n".into(), path: path.into(), revision: None }, sha256: None, md5: None }
}

fn from_web(server: &Server, name: &str, to: &Path) -> Wanted {
    let place = Place::Web { url: format!("{}/{name}", server.address), to: to.join(name.split('?').next().unwrap()) };
    Wanted { place, sha256: Some(sha256(&content())), md5: None }
}

fn quietly(wanted: &Wanted, options: &Options) -> Result<Fetched, Error> {
    fetch(wanted, options, &mut |_| ())
}

#[test]
fn a_file_of_the_hub_lands_in_the_cache_as_other_programs_expect() {
    let (server, dir) = (Server::start(content(), None), tempfile::tempdir().unwrap());
    let options = options(&server, dir.path());
    let mut last = None;
    let fetched = fetch(&from_hub("data/file.bin"), &options, &mut |event| last = Some(event)).unwrap();
    let repo = dir.path().join("datasets--o--n");
    assert_eq!(fetched, Fetched { path: repo.join("snapshots").join(COMMIT).join("data/file.bin"), present: false });
    assert_eq!(std::fs::read(&fetched.path).unwrap(), content());
    assert_eq!(std::fs::read_to_string(repo.join("refs/main")).unwrap(), COMMIT);
    assert!(repo.join("blobs").join(sha256(&content())).is_file());
    assert_eq!(last, Some(Event::Bytes { done: 1_200_000, total: Some(1_200_000) }));
    assert_eq!(server.ranges(), [None]);
    // Again, and without the network: nothing is asked of the server.
    let asked = server.seen().len();
    assert!(quietly(&from_hub("data/file.bin"), &options).unwrap().present);
    assert!(quietly(&from_hub("data/file.bin"), &Options { offline: true, ..options.clone() }).unwrap().present);
    assert_eq!(server.seen().len(), asked);
    let error = quietly(&from_hub("data/other.bin"), &Options { offline: true, ..options }).unwrap_err();
    assert!(matches!(error, Error::Offline { .. }), "{error}");
}

#[test]
fn a_connection_that_is_cut_goes_on_where_it_stopped() {
    let (server, dir) = (Server::start(content(), None), tempfile::tempdir().unwrap());
    server.trouble(&[Trouble::Cut(500_000), Trouble::Cut(0), Trouble::Cut(400_000)]);
    let fetched = quietly(&from_hub("data/file.bin"), &options(&server, dir.path())).unwrap();
    assert_eq!(std::fs::read(fetched.path).unwrap(), content());
    let ranges = server.ranges();
    assert_eq!(ranges.len(), 4);
    assert_eq!(ranges[1..3], [Some("bytes=500000-".to_owned()), Some("bytes=500000-".to_owned())]);
    assert_eq!(ranges[3], Some("bytes=900000-".to_owned()));
}

#[test]
fn a_call_that_gave_up_is_taken_up_by_the_next() {
    let (server, dir) = (Server::start(content(), None), tempfile::tempdir().unwrap());
    let options = Options { attempts: 2, ..options(&server, dir.path()) };
    server.trouble(&[Trouble::Cut(700_000), Trouble::Cut(0), Trouble::Cut(0)]);
    let error = quietly(&from_hub("data/file.bin"), &options).unwrap_err();
    assert!(matches!(error, Error::Interrupted { have: 700_000, .. }), "{error}");
    assert!(quietly(&from_hub("data/file.bin"), &Options { offline: true, ..options.clone() }).is_err(), "half a file is no file");
    let fetched = quietly(&from_hub("data/file.bin"), &options).unwrap();
    assert_eq!(std::fs::read(fetched.path).unwrap(), content());
    assert_eq!(server.ranges().last().unwrap().as_deref(), Some("bytes=700000-"));
}

#[test]
fn a_server_without_ranges_begins_again() {
    let (server, dir) = (Server::start(content(), None), tempfile::tempdir().unwrap());
    server.trouble(&[Trouble::Cut(500_000), Trouble::NoRange]);
    let fetched = quietly(&from_web(&server, "plain.bin", dir.path()), &options(&server, dir.path())).unwrap();
    assert_eq!(std::fs::read(fetched.path).unwrap(), content());
    server.trouble(&[Trouble::Cut(500_000), Trouble::WrongRange]);
    let other = dir.path().join("other");
    let error = quietly(&from_web(&server, "plain.bin", &other), &options(&server, dir.path())).unwrap_err();
    assert!(matches!(error, Error::Protocol { .. }), "{error}");
}

#[test]
fn retry_after_is_obeyed_up_to_a_limit() {
    let (server, dir) = (Server::start(content(), None), tempfile::tempdir().unwrap());
    server.trouble(&[Trouble::Status(429, Some(1)), Trouble::Status(503, None), Trouble::Status(500, None)]);
    let mut waits = Vec::new();
    let tell = &mut |event| {
        if let Event::Waiting { wait, .. } = event {
            waits.push(wait);
        }
    };
    let start = std::time::Instant::now();
    fetch(&from_hub("data/file.bin"), &options(&server, dir.path()), tell).unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(waits.len(), 3);
    assert_eq!(waits[0], Duration::from_secs(1));
    server.trouble(&[Trouble::Status(429, Some(3_600))]);
    let error = quietly(&from_web(&server, "plain.bin", dir.path()), &options(&server, dir.path())).unwrap_err();
    assert!(matches!(error, Error::Busy { seconds: 3_600, .. }), "{error}");
}

#[test]
fn private_and_absent_files_are_said_to_be_so() {
    let (server, dir) = (Server::start(content(), Some("hf_secret")), tempfile::tempdir().unwrap());
    let anonymous = options(&server, dir.path());
    let error = quietly(&from_hub("data/file.bin"), &anonymous).unwrap_err();
    assert!(matches!(error, Error::Forbidden { status: 401, .. }), "{error}");
    assert!(error.to_string().contains("HF_TOKEN"), "{error}");
    let known = Options { token: Some(Token::new("hf_secret")), ..anonymous };
    let error = quietly(&from_hub("data/absent.bin"), &known).unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }) && !error.to_string().contains("hf_secret"), "{error}");
    quietly(&from_hub("data/file.bin"), &known).unwrap();
}

#[test]
fn a_token_goes_to_the_hub_alone() {
    let (hub, other, dir) = (Server::start(content(), None), Server::start(content(), None), tempfile::tempdir().unwrap());
    let options = Options { token: Some(Token::new("hf_secret")), ..options(&hub, dir.path()) };
    quietly(&from_web(&other, "plain.bin", dir.path()), &options).unwrap();
    quietly(&from_hub("data/file.bin"), &options).unwrap();
    assert!(other.seen().iter().all(|s| s.authorization.is_none()));
    assert!(hub.seen().iter().any(|s| s.authorization.is_some()));
}

#[test]
fn other_content_than_was_published_is_deleted() {
    let (server, dir) = (Server::start(content(), None), tempfile::tempdir().unwrap());
    server.trouble(&[Trouble::Garbled]);
    let error = quietly(&from_hub("data/file.bin"), &options(&server, dir.path())).unwrap_err();
    assert!(matches!(error, Error::Digest { algorithm: "sha256", .. }), "{error}");
    let left: Vec<_> = std::fs::read_dir(dir.path().join("datasets--o--n/blobs")).unwrap().flatten().map(|e| e.file_name()).collect();
    assert!(left.iter().all(|name| name.to_string_lossy().ends_with(".lock")), "{left:?}");
    let fetched = quietly(&from_hub("data/file.bin"), &options(&server, dir.path())).unwrap();
    assert_eq!(std::fs::read(fetched.path).unwrap(), content());
}

#[test]
fn errors_do_not_show_signed_addresses() {
    let (server, dir) = (Server::start(content(), None), tempfile::tempdir().unwrap());
    let error = quietly(&from_web(&server, "absent.bin?Signature=secret", dir.path()), &options(&server, dir.path())).unwrap_err();
    assert!(
        matches!(&error, Error::NotFound { url } if url.ends_with("absent.bin")) && !error.to_string().contains("Signature"),
        "{error}"
    );
    let dead = Options { attempts: 2, ..Options::new("http://127.0.0.1:9", dir.path()) };
    let dead = Options { first_wait: Duration::from_millis(1), ..dead };
    let error = quietly(&from_hub("data/file.bin"), &dead).unwrap_err();
    assert!(matches!(error, Error::Interrupted { have: 0, .. }), "{error}");
}

#[test]
fn two_at_once_transfer_the_file_once() {
    let (server, dir) = (Server::start(content(), None), tempfile::tempdir().unwrap());
    let options = options(&server, dir.path());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| quietly(&from_web(&server, "plain.bin", dir.path()), &options).unwrap());
        }
    });
    assert_eq!(server.ranges().len(), 1);
    assert_eq!(std::fs::read(dir.path().join("plain.bin")).unwrap(), content());
}

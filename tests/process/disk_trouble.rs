//! The disk below the embedded database is full, or has lost what was on it.

use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use super::server::{Program, Server, text};
use super::{create_task, sign_up, titles};
use crate::support::postgres_programs::{is_root, succeed};

const DATABASE: &str = "duly.db";

/// A small file system of memory, until it is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path, megabytes: u32) -> Self {
        fs::create_dir_all(at).unwrap();
        let options = format!("size={megabytes}m,mode=700");
        succeed(Command::new("mount").args(["-t", "tmpfs", "-o", &options, "duly-test"]).arg(at));
        Self(at.to_owned())
    }

    /// Leaves no room at all.
    fn fill_up(&self) {
        let mut filler = fs::File::create(self.0.join("filler")).unwrap();
        for size in [1 << 20, 4_096, 1] {
            while filler.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// A file system of a disk that can be made to fail, until it is dropped.
struct FailingDisk {
    image: PathBuf,
    at: PathBuf,
}

impl FailingDisk {
    fn mount(image: PathBuf, at: &Path) -> Self {
        fs::create_dir_all(at).unwrap();
        fs::File::create(&image).unwrap().set_len(64 << 20).unwrap();
        succeed(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image));
        let disk = Self { image, at: at.to_owned() };
        disk.attach();
        disk
    }

    fn attach(&self) {
        let mut command = Command::new("mount");
        succeed(command.args(["-o", "loop,errors=remount-ro"]).args([&self.image, &self.at]));
    }

    /// The kernel finds something wrong with it, and lets nobody write to it from then on.
    fn fail(&self) {
        let source = succeed(Command::new("findmnt").args(["-n", "-o", "SOURCE"]).arg(&self.at));
        let device = text(&source.stdout).trim().replace("/dev/", "");
        fs::write(format!("/sys/fs/ext4/{device}/trigger_fs_error"), "1").unwrap();
    }

    /// What whoever looks after the machine does.
    fn repair(&self) {
        succeed(Command::new("umount").arg(&self.at));
        // It says by its status that there was something to repair.
        Command::new("e2fsck").args(["-p", "-f"]).arg(&self.image).output().unwrap();
        self.attach();
    }
}

impl Drop for FailingDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
    }
}

fn may_mount() -> bool {
    let may = is_root();
    assert!(may || std::env::var_os("CI").is_none(), "only root may mount a file system");
    if !may {
        eprintln!("skipped: only root may mount a file system");
    }
    may
}

/// Creates tasks until one is not taken; gives the titles of those that were.
fn create_until_refused(server: &Server, token: &str) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0..10_000 {
        let title = format!("task {number}");
        let body = json!({"title": title, "description": "x".repeat(9_000)});
        let answer = server.call("POST", "/api/me/tasks", token, Some(&body));
        if answer.status != 201 {
            assert_eq!(answer.status, 503, "{answer:?}");
            assert_eq!(answer.json()["code"], "unavailable");
            assert_eq!(answer.header("retry-after"), Some("1"));
            return acknowledged;
        }
        acknowledged.push(title);
    }
    panic!("the disk is never full");
}

#[test]
fn when_the_disk_is_full_writes_are_told_to_come_again_and_nothing_is_lost() {
    if !may_mount() {
        return;
    }
    let program = Program::new();
    let disk = SmallDisk::mount(&program.directory.join("data"), 64);
    let server = program.start();
    let ada = sign_up(&server, "ada");
    let token = ada.session_token.as_str();
    assert_eq!(create_task(&server, token, "before").status, 201);
    disk.fill_up();
    let mut wanted = create_until_refused(&server, token);
    wanted.push("before".to_owned());
    // Reading goes on, and so does being told.
    for _ in 0..3 {
        assert_eq!(server.call("GET", "/api/me/tasks?limit=1", token, None).status, 200);
        assert_eq!(create_task(&server, token, "no room").status, 503);
    }
    disk.make_room();
    assert_eq!(create_task(&server, token, "after").status, 201);
    wanted.push("after".to_owned());
    wanted.sort();
    server.kill();
    for end in [Server::kill, Server::stop] {
        let server = program.start();
        let mut found = titles(&server, token);
        found.sort();
        assert_eq!(found, wanted);
        end(server);
    }
}

#[test]
fn when_the_file_system_becomes_read_only_reads_go_on_and_nothing_is_lost() {
    if !may_mount() {
        return;
    }
    let program = Program::new();
    let image = program.directory.join("disk");
    let disk = FailingDisk::mount(image, &program.directory.join("data"));
    let server = program.start();
    let ada = sign_up(&server, "ada");
    let token = ada.session_token.as_str();
    let wanted: Vec<String> = (0..20).map(|number| format!("task {number:02}")).collect();
    for title in &wanted {
        assert_eq!(create_task(&server, token, title).status, 201);
    }
    disk.fail();
    for _ in 0..3 {
        let refused = create_task(&server, token, "too late");
        assert_eq!(refused.status, 503, "{refused:?}");
        assert_eq!(refused.header("retry-after"), Some("1"));
        assert_eq!(server.call("GET", "/api/me/tasks?limit=1", token, None).status, 200);
    }
    assert!(server.logs("a request was turned away"));
    server.kill();
    let end = program.spawn().end();
    assert_eq!(end.status.code(), Some(1), "{}", end.log);
    disk.repair();
    let server = program.start();
    let mut found = titles(&server, token);
    found.sort();
    assert_eq!(found, wanted);
    assert_eq!(create_task(&server, token, "after").status, 201);
    server.stop();
}

/// Writes nonsense over a part of the database, given as parts of a hundred of it.
fn damage(database: &Path, from: u64, to: u64) {
    let mut file = OpenOptions::new().write(true).open(database).unwrap();
    let length = file.metadata().unwrap().len();
    file.seek(SeekFrom::Start(length * from / 100)).unwrap();
    let damaged = usize::try_from(length * (to - from) / 100).unwrap();
    file.write_all(&vec![0xa5; damaged]).unwrap();
}

fn filled() -> (Program, String, PathBuf) {
    let program = Program::new();
    let server = program.start();
    let ada = sign_up(&server, "ada");
    for number in 0..200 {
        let body = json!({"title": format!("task {number}"), "description": "x".repeat(2_000)});
        server.call("POST", "/api/me/tasks", &ada.session_token, Some(&body));
    }
    server.stop();
    let database = program.directory.join("data").join(DATABASE);
    (program, ada.session_token, database)
}

#[test]
fn a_file_that_is_no_database_any_more_is_called_that_and_left_alone() {
    let (program, _, database) = filled();
    damage(&database, 0, 1);
    let before = fs::read(&database).unwrap();
    let end = program.spawn().end();
    assert_eq!(end.status.code(), Some(1), "{}", end.log);
    assert!(end.log.contains("not a database"), "{}", end.log);
    assert_eq!(fs::read(&database).unwrap(), before);
}

#[test]
fn a_damaged_part_is_503_with_its_cause_in_the_log_and_the_rest_is_served() {
    let (program, token, database) = filled();
    damage(&database, 40, 95);
    let server = program.start();
    let answer = server.call("GET", "/api/me/tasks?limit=100&sort=title", &token, None);
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(!answer.body.contains("malformed"), "{answer:?}");
    assert!(server.logs("malformed"));
    assert_eq!(server.call("GET", "/healthz", "", None).status, 200);
}

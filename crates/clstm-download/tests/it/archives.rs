//! Archives that are not what they should be. Nothing of them is left but the archive, set aside.

use std::fs;
use std::path::Path;

use clstm_download::DownloadError;

use crate::fixture::{Fixture, SONGS, noise};
use crate::server::{Reply, Server, good, response};
use crate::zips::{File, file, songs, zip};

/// Serves an archive, which must be refused with these words and leave nothing.
fn refused(archive: Vec<u8>, words: &str) {
    let fixture = Fixture::new();
    let server = Server::of_file(archive);
    let (error, text) = fixture.fails(&server.url("/a.zip"));
    assert!(matches!(error, DownloadError::Archive { .. }), "{text}");
    assert!(text.contains(words), "{words:?} is not in {text}");
    assert_eq!(fixture.names(), [format!("{SONGS}.rejected")]);
    assert!(!fixture.path(".clstm-download/unpacking").exists());
    let outside = fixture.to().join("../evil");
    assert!(!outside.exists() && !Path::new("/tmp/clstm-evil").exists());
}

fn with(evil: File) -> Vec<u8> {
    let mut files = songs();
    files.push(evil);
    zip(&files)
}

#[test]
fn names_that_leave_the_folder() {
    refused(with(file("../evil", b"x")), "leaves the folder");
    refused(with(file("Actor_01/../../evil", b"x")), "leaves the folder");
    refused(with(file("..\\evil", b"x")), "leaves the folder");
    refused(with(file("/tmp/clstm-evil", b"x")), "is absolute");
    refused(with(file("C:\\evil", b"x")), "has a letter");
    refused(with(File { name: b"\xff\xfe.wav".to_vec(), ..file("", b"x") }), "UTF-8");
}

#[test]
fn links_and_devices() {
    refused(with(File { mode: 0o120_777, ..file("link", b"/etc/passwd") }), "symbolic link");
    refused(with(File { mode: 0o020_666, ..file("null", b"") }), "neither a file nor a folder");
}

#[test]
fn encrypted_and_unknown_packings() {
    refused(with(File { flags: 1, ..file("secret.wav", b"x") }), "is encrypted");
    refused(with(File { method: Some(14), ..file("lzma.wav", b"x") }), "not by deflate");
}

#[test]
fn two_files_of_one_name() {
    refused(with(file("Actor_01/03-02-01-01-01-01-01.WAV", b"x")), "two files named");
}

#[test]
fn truncated_archives() {
    let archive = zip(&songs());
    refused(archive[..archive.len() - 30].to_vec(), "cut off");
    refused(archive[..archive.len() / 2].to_vec(), "cut off");
    refused(b"<html>Please log in</html>".to_vec(), "no ZIP archive");
    // The head of the data is missing, the directory is whole.
    refused(archive[5_000..].to_vec(), "");
}

#[test]
fn damaged_files() {
    let plain = [File { deflate: false, ..file("03-02-01-01-01-01-01.wav", &noise(5_000)) }];
    let mut archive = zip(&plain);
    archive[1_000] ^= 1;
    refused(archive, "03-02-01-01-01-01-01.wav is damaged");
    let mut archive = zip(&songs());
    archive[1_000] ^= 0x55;
    refused(archive, "03-02-01-01-01-01-01.wav is damaged");
}

#[test]
fn bombs() {
    // 64 MiB of zeros in 64 KiB: a thousand times as much.
    refused(zip(&[file("03-02-01-01-01-01-01.wav", &vec![0; 64 << 20])]), "times as many");
    // One that hides its size: unpacking stops at the declared size.
    let hidden =
        File { declared_size: Some(1_000), ..file("03-02-01-01-01-01-01.wav", &vec![0; 64 << 20]) };
    refused(zip(&[hidden]), "03-02-01-01-01-01-01.wav");
    // One that is declared to be huge.
    let huge = File { declared_size: Some(u32::MAX - 1), ..file("03-02-01-01-01-01-01.wav", b"x") };
    refused(
        zip(&[
            huge.clone(),
            File { name: b"b".to_vec(), ..huge.clone() },
            File { name: b"c".to_vec(), ..huge },
        ]),
        "that is not a corpus",
    );
}

#[test]
fn overlapping_files() {
    let mut archive =
        zip(&[file("03-02-01-01-01-01-01.wav", &noise(500)), file("b.wav", &noise(500))]);
    // The directory's second entry names the first one's place.
    let second = archive.windows(4).rposition(|four| four == b"PK\x01\x02").unwrap();
    archive[second + 42..second + 46].copy_from_slice(&[0; 4]);
    refused(archive, "overlap");
}

#[test]
fn what_was_no_archive_the_first_time_is_got_again() {
    // A page that asks to log in, without a length: it looks complete.
    let (fixture, files) = (Fixture::new(), songs());
    let archive = zip(&files);
    let server = Server::start(move |number, request| match number {
        0 => Reply::Break(response("200 OK", "", b"<html>Please log in</html>")),
        _ => Reply::Send(good(request, &archive, "\"1\"")),
    });
    let (error, text) = fixture.fails(&server.url("/a.zip"));
    assert!(matches!(error, DownloadError::Archive { .. }), "{text}");
    assert!(text.contains(&format!("{SONGS}.rejected")), "{text}");
    fixture.get("ravdess-song", &server.url("/a.zip")).unwrap();
    fixture.has(&files);
    assert!(fixture.names().contains(&format!("{SONGS}.sha256")));
}

#[test]
fn litter_is_left_out() {
    let fixture = Fixture::new();
    let mut files = songs();
    files.extend([
        file("__MACOSX/Actor_01/._x.wav", b"x"),
        file("Actor_01/.DS_Store", b"x"),
        File { mode: 0o040_755, deflate: false, ..file("Actor_03/", b"") },
        File { mode: 0, ..file("notes\\read me.txt", b"from Windows") },
    ]);
    let server = Server::of_file(zip(&files));
    let done = fixture.get("ravdess-song", &server.url("/a.zip")).unwrap();
    assert_eq!(done.files, 3);
    fixture.has(&files[..2]);
    assert_eq!(fs::read(fixture.path("notes/read me.txt")).unwrap(), b"from Windows");
}

#[test]
fn files_of_other_people_are_not_overwritten() {
    let (fixture, files) = (Fixture::new(), songs());
    let server = Server::of_file(zip(&files));
    let mine = fixture.path("Actor_02/03-02-01-01-01-01-02.wav");
    fs::create_dir_all(mine.parent().unwrap()).unwrap();
    fs::write(&mine, b"my own").unwrap();
    let (error, text) = fixture.fails(&server.url("/a.zip"));
    assert!(matches!(error, DownloadError::FileConflict { .. }), "{text}");
    assert!(text.contains("03-02-01-01-01-01-02.wav"), "{text}");
    assert_eq!(fs::read(&mine).unwrap(), b"my own");
    assert!(!fixture.path("Actor_01").exists(), "nothing was moved");
    // The same file is not in the way, and the archive was kept.
    fs::write(&mine, &files[1].data).unwrap();
    fixture.get("ravdess-song", &server.url("/a.zip")).unwrap();
    fixture.has(&files);
    assert_eq!(server.count(), 1);
}

#[test]
fn what_an_interrupted_unpacking_left_is_taken_away() {
    let (fixture, files) = (Fixture::new(), songs());
    let left = fixture.path(".clstm-download/unpacking/Actor_01");
    fs::create_dir_all(&left).unwrap();
    fs::write(left.join("03-02-01-01-01-01-01.wav"), b"half").unwrap();
    let server = Server::of_file(zip(&files));
    fixture.get("ravdess-song", &server.url("/a.zip")).unwrap();
    fixture.has(&files);
    assert!(!fixture.path(".clstm-download/unpacking").exists());
}

#[test]
fn archives_without_the_corpus_are_refused_and_not_trusted() {
    for (archive, words) in [
        (zip(&[]), "it is empty"),
        (
            zip(&[file("03a01Fa.wav", &noise(500))]),
            "none of its 1 files is a recording of ravdess-song",
        ),
        (b"<html><body>Please log in</body></html>".to_vec(), "it is no ZIP archive"),
    ] {
        refused(archive.clone(), words);
        let fixture = Fixture::new();
        let server = Server::of_file(archive);
        fixture.fails(&server.url("/a.zip"));
        assert!(!fixture.path(&format!("{SONGS}.sha256")).exists(), "{words}: not recorded");
        // The real archive is then taken as on a first download.
        let good = Server::of_file(zip(&songs()));
        fixture.get("ravdess-song", &good.url("/a.zip")).unwrap();
        fixture.has(&songs());
    }
}

//! Corpora of single files: a Dataverse's dataset and a repository's large files.

use std::collections::HashMap;
use std::fs;
use std::sync::Mutex;

use clstm_download::DownloadError;
use md5::Md5;
use sha2::{Digest, Sha256};

use crate::fixture::{Fixture, noise};
use crate::server::{Reply, Request, Server, good, ok, response};
use crate::zips::{File, file, zip};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Twelve recordings.
fn recordings() -> Vec<File> {
    (0..12).map(|i| file(&format!("OAF_w{i}_angry.wav"), &noise(2_000 + 100 * i))).collect()
}

/// The list of a Dataverse with these files and one that is not a recording.
fn listing(files: &[File]) -> String {
    let entry = |(id, file): (usize, &File)| {
        let (name, size) = (std::str::from_utf8(&file.name).unwrap(), file.data.len());
        let md5 = hex(&Md5::digest(&file.data));
        format!(
            r#"{{"label":"{name}","restricted":false,"dataFile":{{"id":{id},"filename":"{name}",
               "filesize":{size},"md5":"{md5}","checksum":{{"type":"MD5","value":"{md5}"}}}}}}"#
        )
    };
    let readme = r#"{"dataFile":{"id":99,"filename":"readme.txt","filesize":1,"md5":"x"}}"#;
    let entries: Vec<String> = files.iter().enumerate().map(entry).collect();
    format!(
        r#"{{"status":"OK","data":{{"id":1,"latestVersion":{{"files":[{readme},{}]}}}}}}"#,
        entries.join(",")
    )
}

/// A Dataverse; a file's bytes go through the closure.
fn dataverse(
    files: Vec<File>,
    serve: impl Fn(usize, &Request, &[u8]) -> Reply + Send + Sync + 'static,
) -> Server {
    let list = listing(&files);
    Server::start(move |_, request| match request.target() {
        "/api/datasets/:persistentId/?persistentId=doi%3A10.5683/SP2/E8H2MF" => {
            Reply::Send(ok(list.as_bytes()))
        }
        target => {
            let id: usize = target.strip_prefix("/api/access/datafile/").unwrap().parse().unwrap();
            serve(id, request, &files[id].data)
        }
    })
}

#[test]
fn a_dataset_is_got_file_by_file() {
    let (fixture, files) = (Fixture::new(), recordings());
    let server =
        dataverse(files.clone(), |_, request, bytes| Reply::Send(good(request, bytes, "\"1\"")));
    let done = fixture.get("tess", &server.url("/")).unwrap();
    assert_eq!((done.files, done.already), (12, false));
    fixture.has(&files);
    assert_eq!(fixture.names().len(), 12);
    assert_eq!(fixture.events.count("OtherCount { listed: 12, published: 2800 }"), 1);
    assert_eq!(fixture.events.count("FileDone"), 12);
    assert!(fixture.get("tess", &server.url("/")).unwrap().already);
    assert_eq!(server.count(), 13);
}

#[test]
fn only_what_is_missing_or_wrong_is_got() {
    let (fixture, files) = (Fixture::new(), recordings());
    fs::create_dir_all(fixture.to()).unwrap();
    for (i, file) in files.iter().enumerate().take(10) {
        let mut bytes = file.data.clone();
        // One has a wrong byte, one is too short.
        match i {
            3 => bytes[7] ^= 1,
            4 => bytes.truncate(10),
            _ => {}
        }
        fs::write(fixture.path(std::str::from_utf8(&file.name).unwrap()), bytes).unwrap();
    }
    let server =
        dataverse(files.clone(), |_, request, bytes| Reply::Send(good(request, bytes, "\"1\"")));
    fixture.get("tess", &server.url("/")).unwrap();
    fixture.has(&files);
    assert_eq!(server.count(), 1 + 4);
    assert_eq!(fixture.events.count("Files { files: 12"), 1);
}

#[test]
fn each_file_is_tried_again_by_itself() {
    let (fixture, files) = (Fixture::new(), recordings());
    let seen = Mutex::new(HashMap::new());
    let server = dataverse(files.clone(), move |id, request, bytes| {
        let mut seen = seen.lock().unwrap();
        let count = seen.entry(id).and_modify(|count| *count += 1).or_insert(1);
        let whole = good(request, bytes, "\"1\"");
        match (id % 3, *count) {
            (0, 1) => Reply::Break(whole[..whole.len() - 500].to_vec()),
            (1, 1) => Reply::Send(response("502 Bad Gateway", "Content-Length: 0\r\n", b"")),
            _ => Reply::Send(whole),
        }
    });
    fixture.get("tess", &server.url("/")).unwrap();
    fixture.has(&files);
    assert_eq!(server.count(), 1 + 12 + 8);
    let resumed = server.requests().iter().filter(|request| request.from().is_some()).count();
    assert_eq!(resumed, 4);
}

#[test]
fn a_wrong_file_ends_it_and_the_others_stay() {
    let (fixture, files) = (Fixture::new(), recordings());
    // Files arrive side by side: the wrong one after the first is in its place.
    let first = fixture.path(std::str::from_utf8(&files[0].name).unwrap());
    let server = dataverse(files.clone(), move |id, _, bytes| {
        let mut bytes = bytes.to_vec();
        if id == 5 {
            let mut waits = 0..10_000;
            while !first.exists() && waits.next().is_some() {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            bytes[0] ^= 1;
        }
        Reply::Send(ok(&bytes))
    });
    let error = fixture.get("tess", &server.url("/")).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, DownloadError::Checksum { .. }), "{text}");
    assert!(text.contains("OAF_w5_angry.wav") && text.contains("MD5"), "{text}");
    fixture.has(&files[..1]);
    assert!(!fixture.path("OAF_w5_angry.wav").exists());
}

#[test]
fn lists_that_cannot_be_used() {
    let list = listing(&recordings());
    for (from, to, words) in [
        ("OAF_w3_angry.wav", "../evil.wav", "leaves the folder"),
        ("\"restricted\":false", "\"restricted\":true", "no longer open"),
        ("\"type\":\"MD5\"", "\"type\":\"CRC\"", "no checksum that is known"),
        ("\"filesize\"", "\"size\"", "not as it should be"),
        ("{\"status\"", "<html>", "not as it should be"),
        (".wav", ".mp3", "names 0 files, but 2800"),
    ] {
        let fixture = Fixture::new();
        let wrong = list.replace(from, to);
        let server = Server::start(move |_, _| Reply::Send(ok(wrong.as_bytes())));
        let error = fixture.get("tess", &server.url("/")).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, DownloadError::Listing { .. }), "{text}");
        assert!(text.contains(words), "{words:?} is not in {text}");
        assert_eq!(server.count(), 1);
        assert_eq!(fixture.names(), [""; 0]);
    }
}

/// The archive of a repository that keeps these files elsewhere.
fn pointers(files: &[File]) -> Vec<u8> {
    let mut all = vec![
        file("CREMA-D-1658/README.md", b"read me"),
        file("CREMA-D-1658/VideoDemographics.csv", b"ActorID,Age,Race,Ethnicity,Sex\n"),
        file("CREMA-D-1658/AudioMP3/1001_DFA_ANG_XX.mp3", b"no pointer"),
    ];
    all.extend(files.iter().map(|found| {
        let name = format!("CREMA-D-1658/{}", std::str::from_utf8(&found.name).unwrap());
        let text = format!(
            "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n",
            hex(&Sha256::digest(&found.data)),
            found.data.len()
        );
        file(&name, text.as_bytes())
    }));
    zip(&all)
}

fn clips() -> Vec<File> {
    (0..6).map(|i| file(&format!("AudioWAV/100{i}_DFA_ANG_XX.wav"), &noise(1_000 + i))).collect()
}

#[test]
fn large_files_are_found_by_their_pointers() {
    let (fixture, files) = (Fixture::new(), clips());
    let (archive, served) = (pointers(&files), files.clone());
    let server = Server::start(move |_, request| match request.target() {
        "/m/pointers.zip" => Reply::Send(ok(&archive)),
        target => {
            let path = target.strip_prefix("/m/").unwrap().as_bytes();
            let file = served.iter().find(|file| file.name == path).unwrap();
            Reply::Send(good(request, &file.data, "\"1\""))
        }
    });
    let done = fixture.get("crema-d", &server.url("/m/")).unwrap();
    assert_eq!(done.files, 6);
    fixture.has(&files);
    assert!(fs::read_to_string(fixture.path("VideoDemographics.csv")).unwrap().contains("ActorID"));
    assert_eq!(fixture.names().len(), 7, "pointers are not kept");
}

#[test]
fn a_pointer_served_for_a_file_is_refused() {
    // What a store over its quota may do.
    let (fixture, files) = (Fixture::new(), clips());
    let archive = pointers(&files);
    let server = Server::start(move |_, request| match request.target() {
        "/pointers.zip" => Reply::Send(ok(&archive)),
        _ => Reply::Send(ok(b"version https://git-lfs.github.com/spec/v1\n")),
    });
    let error = fixture.get("crema-d", &server.url("/")).unwrap_err();
    assert!(matches!(error, DownloadError::Size { got: 43, .. }), "{error}");
}

#[test]
fn a_repository_without_pointers_is_refused() {
    let fixture = Fixture::new();
    let server =
        Server::of_file(zip(&[file("CREMA-D-1658/AudioWAV/1001_DFA_ANG_XX.wav", &noise(5_000))]));
    let error = fixture.get("crema-d", &server.url("/")).unwrap_err();
    assert!(error.to_string().contains("not a pointer of Git LFS"), "{error}");
}

#[test]
fn an_archive_of_other_origin_is_accepted() {
    let (fixture, files) = (Fixture::new(), clips());
    let server = Server::of_file(zip(&files));
    fixture.get("crema-d", &server.url("/mine.zip")).unwrap();
    fixture.has(&files);
    assert_eq!(fixture.events.count("ChecksumRecorded"), 1);
}

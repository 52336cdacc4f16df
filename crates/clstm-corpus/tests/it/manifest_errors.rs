//! Manifests that cannot be used, with the place and the reason.

use clstm_corpus::{CorpusError, open};

use crate::tree::Tree;

fn tree() -> Tree {
    let tree = Tree::new();
    for name in ["a", "b", "c"] {
        tree.wav(&format!("{name}.wav"), name);
    }
    tree
}

/// The message for a file of this name and content, without the folder that differs from run to run.
fn refusal(name: &str, bytes: &[u8]) -> String {
    let tree = tree();
    tree.file(name, bytes);
    let error = open("manifest", &tree.path(name)).unwrap_err();
    assert!(matches!(error, CorpusError::Manifest { .. }), "{error:?}");
    error.to_string().replace(&format!("{}/", tree.root().display()), "")
}

fn csv(text: &str) -> String {
    refusal("m.csv", text.as_bytes())
}

fn lines(text: &str) -> String {
    refusal("m.jsonl", text.as_bytes())
}

#[test]
fn files_that_hold_no_list() {
    insta::assert_snapshot!(csv(""), @"m.csv: the file is empty; it needs a row for each recording, in CSV below a header with path and label");
    insta::assert_snapshot!(csv("\u{feff}\r\n \n"), @"m.csv: the file is empty; it needs a row for each recording, in CSV below a header with path and label");
    insta::assert_snapshot!(csv("path,label\n\n"), @"m.csv: lists no recordings; add a row for each");
    insta::assert_snapshot!(lines("\n"), @"m.jsonl: the file is empty; it needs a row for each recording, in CSV below a header with path and label");
    insta::assert_snapshot!(refusal("m.csv", b"path,label\na.wav,x\nb.wav,tr\xe8s bien\n"), @r#"m.csv: line 3 is not UTF-8 text; save the file as UTF-8 (spreadsheets call it "CSV UTF-8")"#);
    insta::assert_snapshot!(refusal("m.csv", b"\xff\xfep\0a\0t\0h\0"), @r#"m.csv: line 1 is not UTF-8 text; save the file as UTF-8 (spreadsheets call it "CSV UTF-8")"#);
}

#[test]
fn headers() {
    insta::assert_snapshot!(csv("\n\nfile,label\na.wav,x\n"), @"m.csv: the header (line 3) has no column path, but file, label; it needs path and label, and may have speaker, sex, session, start_s, end_s, fold and split");
    insta::assert_snapshot!(csv("path,emotion\na.wav,x\n"), @"m.csv: the header (line 1) has no column label, but path, emotion; it needs path and label, and may have speaker, sex, session, start_s, end_s, fold and split");
    insta::assert_snapshot!(csv("path;label\na.wav;x\n"), @r#"m.csv: the header (line 1) separates its fields by semicolons; save the file with commas between them ("CSV, comma-separated" in a spreadsheet)"#);
    insta::assert_snapshot!(csv("path,label,Path\na.wav,x,b.wav\n"), @"m.csv: the header (line 1) has the column path twice; keep one");
}

#[test]
fn fields() {
    insta::assert_snapshot!(csv("path,label,speaker,sex\n,x,s1,\nb.wav,\" \",s1,\n\nc.wav,x,,woman\n"), @r#"
    m.csv: 4 problems
      line 2, column path: empty; write where the recording is
      line 3, column label: empty; write the recording's class, or leave out the row
      line 5, column speaker: empty, though other rows have a speaker; name one on every row or on none
      line 5, column sex: "woman"; write female or male, or leave it empty
    "#);
    insta::assert_snapshot!(csv("path,label,speaker,sex\na.wav,x,s1,f\nb.wav,y,s1,\nc.wav,x,s1,M\n"), @r#"
    m.csv: a row cannot be used
      line 4, column sex: male, but line 2 has female for speaker s1
    "#);
    insta::assert_snapshot!(csv("path,label\r\n\r\na.wav,\"x\r\ny\"\r\nb.wav,\"y\u{7}\"\r\n"), @r#"
    m.csv: 2 problems
      line 3, column label: holds a line break or another control character; remove it
      line 5, column label: holds a line break or another control character; remove it
    "#);
    insta::assert_snapshot!(csv("path,label,speaker\na.wav,x\nb.wav,x,s1, who knows\n"), @r#"
    m.csv: 2 problems
      line 2: the row has 2 fields, the header 3; give each column its field and put fields that hold a comma in quotation marks
      line 3: the row has 4 fields, the header 3; give each column its field and put fields that hold a comma in quotation marks
    "#);
}

#[test]
fn quotation_marks() {
    // The rest of the file would be one field, and its rows lost.
    insta::assert_snapshot!(csv("path,label,text\na.wav,x,\"ah\nb.wav,y,oh\n"), @r#"
    m.csv: it cannot be read as comma-separated values
      line 2, column 3: the quotation mark is never closed; close it
    "#);
    insta::assert_snapshot!(csv("path,label,text\r\na.wav,x,\"ah\r\nb.wav,y,\"oh\"\r\n"), @r#"
    m.csv: it cannot be read as comma-separated values
      line 3, column 3: text after the closing quotation mark; double the quotation marks within a quoted field
    "#);
    insta::assert_snapshot!(csv("path,label\na.wav,5\" tape\nb.wav,y\n"), @r#"
    m.csv: it cannot be read as comma-separated values
      line 2, column 2: a quotation mark within a field; put the whole field in quotation marks and double those within
    "#);
}

#[test]
fn json_lines() {
    insta::assert_snapshot!(lines("{\"path\": \"a.wav\", \"label\": \"x\"}\n{\"path\": \"b.wav\"}\n"), @r#"
    m.jsonl: a row cannot be used
      line 2, column label: empty; write the recording's class, or leave out the row
    "#);
    insta::assert_snapshot!(lines("{\"path\": \"a.wav\", \"label\": \"x\"\n[1]\n\npath,label\n"), @r#"
    m.jsonl: 3 problems
      line 1: not a JSON object (EOF while parsing an object, character 30)
      line 2: not a JSON object (invalid type: sequence, expected a map, character 0)
      line 4: not a JSON object (expected value, character 1)
    "#);
    insta::assert_snapshot!(lines("{\"path\": [\"a.wav\"], \"label\": true}\n{\"path\":\"b.wav\",\"Path\":\"b.wav\"}\n"), @r#"
    m.jsonl: 2 problems
      line 1, column label: neither a text nor a number; write it as a text
      line 2, column path: there twice; keep one
    "#);
}

#[test]
fn lists() {
    insta::assert_snapshot!(csv("path,label\na.wav,x\nb.wav,x\n"), @r#"m.csv: has the one class "x"; there must be at least two classes"#);
    insta::assert_snapshot!(csv("path,label\na.wav,x\nb.wav,y\n./a.wav,x\na.wav,x\n"), @r#"
    m.csv: lists 2 of its recordings again; leave one row for each
      line 4, column path: ./a.wav is on line 2 already
      line 5, column path: a.wav is on line 2 already
    "#);
}

#[test]
fn every_missing_recording_is_counted_and_the_first_are_named() {
    let rows: String = (0..30).map(|i| format!("gone/{i}.wav,x\n")).collect();
    let tree = tree();
    tree.file("folder.wav/x", b"");
    tree.file("m.csv", format!("path,label\na.wav,x\nfolder.wav,y\n{rows}b.wav,y\n").as_bytes());
    let error = open("manifest", &tree.path("m.csv")).unwrap_err();
    let CorpusError::Manifest { rows, .. } = &error else { panic!("{error:?}") };
    assert_eq!(rows.len(), 31);
    assert_eq!((rows[30].line, rows[30].column.as_deref()), (33, Some("path")));
    let message = error.to_string().replace(&format!("{}/", tree.root().display()), "");
    insta::assert_snapshot!(message, @r#"
    m.csv: 31 of the 33 recordings it lists are not there; relative paths start at the manifest's folder
      line 3, column path: folder.wav is a folder
      line 4, column path: there is no file gone/0.wav
      line 5, column path: there is no file gone/1.wav
      line 6, column path: there is no file gone/2.wav
      line 7, column path: there is no file gone/3.wav
      and 26 more
    "#);
}

#[test]
fn places() {
    let message = |tree: &Tree, name: &str| {
        let error = open("manifest", &tree.path(name)).unwrap_err().to_string();
        error.replace(tree.root().to_str().unwrap(), "ROOT")
    };
    let tree = tree();
    insta::assert_snapshot!(message(&tree, "none.csv"), @"ROOT/none.csv: there is no such file; give the manifest's file, or the folder that holds it as manifest.csv");
    insta::assert_snapshot!(message(&tree, ""), @"ROOT/: the folder holds none of manifest.csv, manifest.jsonl, manifest.parquet; give the manifest's file");
    tree.file("manifest.csv", b"path,label\n");
    tree.file("manifest.jsonl", b"");
    insta::assert_snapshot!(message(&tree, ""), @"ROOT/: the folder holds manifest.csv and manifest.jsonl; give the one to use");
}

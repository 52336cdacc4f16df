//! Completions, man pages, the long version, licences and the list of settings.

use crate::support::{clstm, complains, folder, ok, text};

#[test]
fn completions_and_man_pages_are_made_of_the_command_line() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = text(&ok(clstm().args(["completions", shell])).stdout);
        assert!(script.contains("cross-validate") || script.contains("healthcheck"), "{shell}");
    }
    complains(clstm().args(["completions", "cmd"]), 2, "possible values");
    let page = text(&ok(clstm().arg("man")).stdout);
    assert!(page.starts_with(".ie \\n(.g .ds Aq") && page.contains("clstm"), "{page}");
    let pages = folder("man-pages");
    ok(clstm().args(["man", "--output"]).arg(&pages));
    let names: Vec<String> = std::fs::read_dir(&pages)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for name in ["clstm.1", "clstm-predict.1", "clstm-corpus-download.1"] {
        assert!(names.contains(&name.to_owned()), "{names:?}");
    }
    assert!(!names.iter().any(|name| name.contains("rescore")), "{names:?}");
}

#[test]
fn the_version_names_what_was_built() {
    let short = text(&ok(clstm().arg("-V")).stdout);
    assert_eq!(short, format!("clstm {}\n", env!("CARGO_PKG_VERSION")));
    let long = text(&ok(clstm().arg("--version")).stdout);
    assert!(long.starts_with(&format!("clstm {}", env!("CARGO_PKG_VERSION"))), "{long}");
    for line in ["built-in model", "features", "platform", "instruction set"] {
        assert!(long.contains(&format!("\n{line}  ")), "{long}");
    }
    #[cfg(feature = "embedded")]
    assert!(long.contains("sha256"), "{long}");
}

#[test]
fn licenses_name_the_code_the_model_and_the_crates() {
    let licenses = text(&ok(clstm().arg("licenses")).stdout);
    assert!(licenses.starts_with("clstm command  MIT OR Apache-2.0\n"), "{}", &licenses[..500]);
    #[cfg(feature = "embedded")]
    for line in [
        "model multi: ",
        "model open: Open Database License 1.0",
        "model ravdess-clstm-plus: CC BY-NC-SA 4.0",
    ] {
        assert!(licenses.contains(&format!("\n{line}")), "{}", &licenses[..500]);
    }
    // A crate under MPL-2.0 with its repository, and the terms.
    let symphonia = licenses.lines().find(|line| line.starts_with("symphonia "));
    assert!(symphonia.is_some_and(|line| line.contains("  MPL-2.0  https://")), "{symphonia:?}");
    for terms in ["Mozilla Public License", "Apache License", "Permission is hereby granted"] {
        assert!(licenses.contains(terms), "{terms}");
    }
}

#[test]
fn quiet_leaves_errors_and_twice_quiet_nothing() {
    let printed = |more: &[&str]| {
        text(&clstm().args(["predict", "no.wav"]).args(more).output().unwrap().stderr)
    };
    if cfg!(feature = "embedded") {
        assert!(printed(&["-q"]).contains("1 of 1 recordings failed"));
        assert_eq!(printed(&["-qq"]), "");
    }
}

#[test]
fn all_settings_are_listed_with_the_values_of_a_preset() {
    let list = |more: &[&str]| text(&ok(clstm().args(more).arg("--list-settings")).stdout);
    let settings = list(&["train"]);
    assert!(settings.contains("value in clstm-plus"), "{settings}");
    for key in ["optimizer.learning_rate", "epochs", "frontend.target_rms", "network.dropout"] {
        assert!(settings.lines().any(|line| line.split(' ').next() == Some(key)), "{settings}");
    }
    let value = |key: &str| {
        let line = settings.lines().find(|line| line.split(' ').next() == Some(key));
        line.and_then(|line| line.split(' ').next_back()).unwrap_or_default().to_owned()
    };
    assert_eq!(
        (value("augment.speed.max"), value("optimizer.epsilon")),
        ("0.12".into(), "1e-8".into())
    );
    assert!(list(&["cv", "--preset", "clstm"]).contains("value in clstm\n"));
    assert!(list(&["ablate"]).contains("epochs"));
    complains(clstm().args(["train", "--preset", "clstm"]), 2, "--corpus <NAME>");
}

//! The page: complete, self-contained and accessible.

use std::collections::HashSet;

use clstm_report::Options;

use crate::support::{Written, fixture, tags};

fn page() -> String {
    Written::of(&[fixture("clstm"), fixture("convlstm-fcn")]).text("report.html")
}

#[test]
fn the_page_is_well_formed() {
    let page = page();
    assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
    let tags = tags(&page);
    let count = |name: &str| tags.iter().filter(|tag| *tag == name).count();
    assert_eq!((count("html"), count("h1"), count("main"), count("nav")), (1, 1, 1, 1));
    assert!(count("table") >= 12 && count("svg") >= 12, "{} {}", count("table"), count("svg"));
    assert_eq!(count("figcaption"), count("figure"));
    assert_eq!(count("svg"), count("figure"));
}

#[test]
fn the_page_needs_nothing_else_and_runs_nothing() {
    let page = page();
    for part in [
        "http:",
        "https:",
        "src=",
        "url(",
        "@import",
        "<script",
        "<link",
        "<iframe",
        "<object",
        " onload=",
        " onclick=",
        " onerror=",
        "javascript:",
    ] {
        assert!(!page.contains(part), "{part}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn links_lead_somewhere_and_names_are_there_once() {
    let page = page();
    let ids: Vec<&str> =
        page.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let set: HashSet<&str> = ids.iter().copied().collect();
    assert_eq!(set.len(), ids.len(), "{ids:?}");
    for attribute in ["href=\"#", "aria-labelledby=\""] {
        for rest in page.split(attribute).skip(1) {
            let target = rest.split('"').next().unwrap();
            assert!(set.contains(target), "{attribute}{target}");
        }
    }
}

#[test]
fn the_page_describes_its_figures_in_text() {
    let page = page();
    for svg in page.split("<svg ").skip(1) {
        let head = svg.split('>').next().unwrap();
        assert!(head.contains("role=\"img\""), "{head}");
        let label = head.split("aria-label=\"").nth(1).expect("a label").split('"').next().unwrap();
        assert!(label.len() > 20, "{label}");
    }
    for table in page.split("<table ").skip(1) {
        assert!(table.starts_with("aria-labelledby="));
        assert!(table.split("</thead>").next().unwrap().contains("scope=\"col\""));
    }
}

#[test]
fn drawings_are_files_of_their_own() {
    let report = Written::of(&[fixture("clstm")]);
    let (drawn, pixels) = (report.files(".svg"), report.files(".png"));
    assert_eq!(drawn.len(), pixels.len());
    for name in ["accuracy", "class-wise", "confusion", "loss", "reliability", "risk-coverage"] {
        assert!(drawn.contains(&format!("figures/{name}.svg")), "{name}");
    }
    assert!(drawn.contains(&"figures/embedding-fold-1.svg".to_owned()), "{drawn:?}");
    for name in drawn {
        let svg = report.text(&name);
        assert!(svg.contains("xmlns=\"http://www.w3.org/2000/svg\"") && !svg.contains("var("));
        let tags = tags(&svg);
        assert!(tags.contains(&"title".to_owned()) && tags.contains(&"desc".to_owned()));
        assert_eq!(svg.matches("NaN").count() + svg.matches("inf\"").count(), 0, "{name}");
    }
    let without = Options { png: false, ..Options::default() };
    let without = Written::with(&[fixture("clstm")], &without);
    assert!(without.files(".png").is_empty());
    assert!(!without.text("report.tex").contains("includegraphics"));
    assert!(report.text("report.tex").contains("{figures/confusion.png}"));
}

#[test]
fn the_same_runs_give_the_same_bytes() {
    let runs = [fixture("clstm"), fixture("partial")];
    let (first, second) = (Written::of(&runs), Written::of(&runs));
    let mut count = 0;
    for ending in [".html", ".md", ".tex", ".json", ".csv", ".svg", ".png"] {
        assert_eq!(first.files(ending), second.files(ending));
        for name in first.files(ending) {
            let read = |of: &Written| std::fs::read(of.folder().join(&name)).unwrap();
            assert_eq!(read(&first), read(&second), "{name}");
            count += 1;
        }
    }
    assert!(count > 40, "{count}");
}

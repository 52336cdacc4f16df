//! Whole outputs, as they were read and found good.

use crate::support::{Written, fixture};

#[test]
fn a_run_as_markdown() {
    insta::assert_snapshot!(Written::of(&[fixture("clstm")]).text("report.md"));
}

#[test]
fn a_table_as_latex_and_as_csv() {
    let report = Written::of(&[fixture("clstm"), fixture("convlstm-fcn")]);
    insta::assert_snapshot!(report.text("tables/summary.tex"));
    insta::assert_snapshot!(report.text("tables/clstm-classes.csv"));
    insta::assert_snapshot!(report.text("tables/ablation.csv"));
    insta::assert_snapshot!(report.text("tables/paired.csv"));
}

//! A report of runs, and the files it is written to.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Serialize;
use serde_json::json;

use crate::analysis::comparisons;
use crate::document::{Block, Document, Figure, Table};
use crate::figure::png;
use crate::literature::Literature;
use crate::render::{csv, escape::slug, html, latex, markdown};
use crate::section::{self, Context};
use crate::{Analysis, ReportError, Run, RunComparison};

/// How recipes are read: a report has them as JSON only.
#[derive(Clone, Copy, Debug)]
pub struct RecipeFormat {
    /// A recipe as this release writes it; none where it cannot be read.
    pub normalize: fn(&serde_json::Value) -> Option<serde_json::Value>,
    /// The settings, as `--set` takes them, that make a recipe of its preset; none where none can.
    #[allow(clippy::type_complexity, reason = "pairs of key and value")]
    pub changes: fn(&serde_json::Value) -> Option<Vec<(String, String)>>,
}

/// Options of a report.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its title; made from the runs where there is none.
    pub title: Option<String>,
    /// Whether figures are drawn as PNG too, which LaTeX takes.
    pub png: bool,
    /// How recipes are read; without it the commands that repeat a run have no settings.
    pub recipes: Option<RecipeFormat>,
}

impl Default for Options {
    /// A title made from the runs, and PNG figures.
    fn default() -> Self {
        Self { title: None, png: true, recipes: None }
    }
}

/// A report, ready to be written.
#[derive(Debug)]
pub struct Report {
    runs: Vec<Run>,
    analyses: Vec<Analysis>,
    comparisons: Vec<RunComparison>,
    document: Document,
    png: bool,
}

impl Report {
    /// Computes the figures of the runs.
    ///
    /// # Errors
    /// [`ReportError::Incomparable`] for runs that contradict each other.
    pub fn new(mut runs: Vec<Run>, options: &Options) -> Result<Self, ReportError> {
        distinguish(&mut runs);
        let literature = Literature::open()?;
        let analyses: Vec<Analysis> = runs.iter().map(Analysis::of).collect();
        let comparisons = comparisons(&runs, options.recipes)?;
        let title = options.title.clone().unwrap_or_else(|| title(&runs));
        let context = Context {
            runs: &runs,
            analyses: &analyses,
            comparisons: &comparisons,
            literature: &literature,
            recipes: options.recipes,
        };
        let document = section::document(title, &context);
        Ok(Self { runs, analyses, comparisons, document, png: options.png })
    }

    /// The figures of each run, in their order.
    #[must_use]
    pub fn analyses(&self) -> &[Analysis] {
        &self.analyses
    }

    /// Writes all files into a folder, which is made; files of an earlier report there are replaced.
    /// Gives the path of the page.
    ///
    /// # Errors
    /// [`ReportError::Io`]; [`ReportError::Png`].
    pub fn write(&self, out: &Path) -> Result<PathBuf, ReportError> {
        let [figures, tables] = ["figures", "tables"].map(|name| out.join(name));
        for folder in [out, &figures, &tables] {
            std::fs::create_dir_all(folder).map_err(|e| ReportError::io(folder, e))?;
        }
        let page = out.join("report.html");
        write(&page, &html::page(&self.document, &footer()))?;
        write(&out.join("report.md"), &markdown::document(&self.document))?;
        write(&out.join("report.tex"), &latex::document(&self.document, self.png))?;
        write(&out.join("report.json"), &self.json()?)?;
        for table in self.tables() {
            write(&tables.join(format!("{}.csv", table.name)), &csv::table(table))?;
            write(&tables.join(format!("{}.tex", table.name)), &latex::table(table))?;
        }
        let drawn: Vec<&Figure> = self.figures().collect();
        drawn.into_par_iter().try_for_each(|figure| {
            let Figure { name, caption, description, canvas } = figure;
            write(&figures.join(format!("{name}.svg")), &canvas.file(caption, description))?;
            if !self.png {
                return Ok(());
            }
            let bytes =
                png(canvas).map_err(|reason| ReportError::Png { figure: name.clone(), reason })?;
            let path = figures.join(format!("{name}.png"));
            clstm::write_atomic(&path, &bytes).map_err(|e| ReportError::io(&path, e))
        })?;
        Ok(page)
    }

    fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.document.sections.iter().flat_map(|section| &section.blocks)
    }

    fn tables(&self) -> impl Iterator<Item = &Table> {
        self.blocks().filter_map(|block| match block {
            Block::Table(table) => Some(table),
            _ => None,
        })
    }

    fn figures(&self) -> impl Iterator<Item = &Figure> {
        self.blocks()
            .filter_map(|block| match block {
                Block::Figures(figures) => Some(figures),
                _ => None,
            })
            .flatten()
    }

    /// Everything, for programs.
    fn json(&self) -> Result<String, ReportError> {
        #[derive(Serialize)]
        struct OfRun<'a> {
            name: &'a str,
            notes: &'a [String],
            metrics: &'a clstm_eval::RunMetrics,
            analysis: &'a Analysis,
            recipe: &'a Option<serde_json::Value>,
            environments: Vec<&'a clstm_eval::Environment>,
        }
        let runs: Vec<OfRun<'_>> = self
            .runs
            .iter()
            .zip(&self.analyses)
            .map(|(run, analysis)| OfRun {
                name: &run.name,
                notes: &run.notes,
                metrics: &run.metrics,
                analysis,
                recipe: &run.recipe,
                environments: run.folds.iter().filter_map(|f| f.environment.as_ref()).collect(),
            })
            .collect();
        let all = json!({
            "title": self.document.title,
            "generator": generator(),
            "runs": runs,
            "comparisons": self.comparisons,
        });
        let text = serde_json::to_string_pretty(&all);
        text.map(|text| text + "\n").map_err(|e| ReportError::malformed("report.json".as_ref(), e))
    }
}

fn write(path: &Path, text: &str) -> Result<(), ReportError> {
    clstm::write_atomic(path, text.as_bytes()).map_err(|e| ReportError::io(path, e))
}

fn generator() -> String {
    format!("clstm {}", env!("CARGO_PKG_VERSION"))
}

fn footer() -> String {
    format!(
        "Written by {} from the folders of the runs alone. Percentages are rounded to one decimal; the CSV \
         tables and report.json have all digits.",
        generator()
    )
}

/// Runs of one name are numbered, and so are those whose files would have one name.
fn distinguish(runs: &mut [Run]) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for run in runs {
        let count = seen.entry(slug(&run.name)).or_insert(0);
        *count += 1;
        if *count > 1 {
            run.name = format!("{} ({count})", run.name);
        }
    }
}

fn title(runs: &[Run]) -> String {
    let mut corpora: Vec<&str> = Vec::new();
    for run in runs {
        if !corpora.contains(&run.protocol().corpus.as_str()) {
            corpora.push(&run.protocol().corpus);
        }
    }
    match runs {
        [run] => format!("{} on {}", run.protocol().preset, run.protocol().corpus),
        _ => format!("{} runs on {}", runs.len(), corpora.join(", ")),
    }
}

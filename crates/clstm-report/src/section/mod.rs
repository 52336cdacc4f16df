//! The sections of a report.

mod ablation;
mod calibration;
mod corpus;
mod dimensions;
mod embeddings;
mod literature;
mod overview;
mod paired;
mod per_class;
mod reproduce;
mod training;

use crate::document::{Block, Document, Section};
use crate::literature::Literature;
use crate::render::escape::slug;
use crate::report::RecipeFormat;
use crate::{Analysis, Run, RunComparison};

/// All that sections are written from.
pub(crate) struct Context<'a> {
    pub(crate) runs: &'a [Run],
    pub(crate) analyses: &'a [Analysis],
    pub(crate) comparisons: &'a [RunComparison],
    pub(crate) literature: &'a Literature,
    pub(crate) recipes: Option<RecipeFormat>,
}

impl<'a> Context<'a> {
    /// Runs with their figures.
    fn each(&self) -> impl Iterator<Item = (&'a Run, &'a Analysis)> {
        self.runs.iter().zip(self.analyses)
    }

    /// The name of a file about a run.
    fn name(&self, run: &Run, what: &str) -> String {
        if self.runs.len() == 1 { what.to_owned() } else { format!("{}-{what}", slug(&run.name)) }
    }

    /// "of RUN" in captions, where there are several.
    fn of(&self, run: &Run) -> String {
        if self.runs.len() == 1 { String::new() } else { format!(" of {}", run.name) }
    }

    /// A heading with the name of a run, where there are several.
    fn heading(&self, run: &Run) -> Option<Block> {
        (self.runs.len() > 1).then(|| Block::Heading(run.name.clone()))
    }

    /// The protocols of all runs, for tables that have several.
    fn protocols(&self) -> String {
        match self.analyses {
            [one] => one.protocol.clone(),
            _ => self
                .each()
                .map(|(run, analysis)| format!("{}: {}", run.name, analysis.protocol))
                .collect::<Vec<_>>()
                .join(". "),
        }
    }
}

/// The whole report.
pub(crate) fn document(title: String, context: &Context<'_>) -> Document {
    let sections: [(&str, Vec<Block>); 11] = [
        ("Results", overview::blocks(context)),
        ("Ablation", ablation::blocks(context)),
        ("Corpus", corpus::blocks(context)),
        ("Classes", per_class::blocks(context)),
        ("Continuous targets", dimensions::blocks(context)),
        ("Training", training::blocks(context)),
        ("Confidence", calibration::blocks(context)),
        ("Embeddings", embeddings::blocks(context)),
        ("Between runs", paired::blocks(context)),
        ("Literature", literature::blocks(context)),
        ("Reproduce", reproduce::blocks(context)),
    ];
    let sections = sections
        .into_iter()
        .filter(|(_, blocks)| !blocks.is_empty())
        .map(|(heading, blocks)| Section { heading: heading.to_owned(), blocks })
        .collect();
    Document { title, lead: overview::lead(context), sections }
}

//! How to repeat the runs.

use clstm_eval::Environment;

use super::Context;
use crate::Run;
use crate::document::Block;
use crate::reproduce::Reproduction;
use crate::run::numbers;

pub(super) fn blocks(context: &Context<'_>) -> Vec<Block> {
    let mut blocks = vec![Block::Text(
        "The same release, recipe and data give the same figures, bit for bit, on any number of threads of \
         processors with the same instruction sets. Commands are made from the recipe, the protocol and the \
         inputs that each run records."
            .to_owned(),
    )];
    for run in context.runs {
        blocks.extend(context.heading(run));
        let command = Reproduction::of(run, context.recipes);
        blocks.push(Block::Code(command.shell()));
        if !command.missing.is_empty() {
            let missing = command.missing.join("; ");
            blocks.push(Block::Note(format!("The command is not complete. It lacks {missing}.")));
        }
        blocks.push(Block::Text(machines(run)));
        if let Some(recipe) = &run.recipe
            && let Ok(text) = serde_json::to_string_pretty(recipe)
        {
            blocks.push(Block::Text("The recipe in full (recipe.json):".to_owned()));
            blocks.push(Block::Code(text));
        }
    }
    blocks
}

/// Releases and machines of the folds.
fn machines(run: &Run) -> String {
    let mut known: Vec<(&Environment, Vec<usize>)> = Vec::new();
    for fold in &run.folds {
        let Some(environment) = &fold.environment else { continue };
        match known.iter_mut().find(|(other, _)| *other == environment) {
            Some((_, folds)) => folds.push(fold.number),
            None => known.push((environment, vec![fold.number])),
        }
    }
    let machines: Vec<String> = known
        .iter()
        .map(|(of, folds)| {
            let processor = of.processor.as_deref().unwrap_or("an unknown processor");
            let Environment { version, os, arch, threads, device, .. } = of;
            let commit =
                of.commit.as_ref().map_or(String::new(), |commit| format!(" (commit {commit})"));
            let set = of.instruction_set.map_or(String::new(), |set| format!(" ({set})"));
            let plural = if *threads == 1 { "" } else { "s" };
            format!(
                "{}: clstm {version}{commit}, {os} {arch}, {processor}{set}, {threads} thread{plural}, device {device}",
                numbers(folds)
            )
        })
        .collect();
    let seed = run.protocol().seed;
    match machines.is_empty() {
        true => format!("Seed {seed}. Release and machine were not recorded in this run."),
        false => format!("Seed {seed}. Made with {}.", machines.join("; ")),
    }
}

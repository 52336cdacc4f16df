//! `clstm rescore`: a run's models, hearing their test utterances in several views.

use clstm::TtaConfig;
use clstm::nn::burn::tensor::Device;
use clstm_train::{Event, Observer};

use crate::args::RescoreArgs;
use crate::corpora;
use crate::failure::Failure;
use crate::notes::note;
use crate::output::Output;
use crate::table::percent;
use crate::training::{self, read_recipe, report};

/// Tests the models again and prints the figures.
pub(crate) fn run(args: &RescoreArgs) -> Result<(), Failure> {
    let RescoreArgs { run, offsets, flips, out, .. } = args;
    let Some(recipe) = read_recipe(&run.join("recipe.json"))? else {
        return Err(Failure::Failed(format!("{} holds no run: no recipe.json", run.display())));
    };
    let dataset = training::load(corpora::open(&args.choice)?, &recipe)?;
    let views = TtaConfig { shifts: *offsets, polarity: *flips };
    let metrics = clstm_train::rescore(run, views, &dataset, &Device::flex(), out, &mut Told)?;
    report::finished(&metrics, out, &mut Output::stdout())
}

/// A line for each fold.
struct Told;

impl Observer for Told {
    fn on_event(&mut self, event: &Event) {
        if let Event::FoldDone { fold, metrics, .. } = event {
            note(&format!("fold {fold}: UA {}", percent(metrics.ua)));
        }
    }
}

//! `clstm inspect`: the contents of a model file.

use std::fmt::Write as _;

use clstm::{DimensionInfo, Model, ModelInfo, PlattScaling, ProbabilityCalibration, TrainingInfo};
use clstm_nn::{GflbConfig, NetworkConfig, TemporalPooling};
use serde::Serialize;

use crate::args::{Format, InspectArgs};
use crate::error::CliError;
use crate::output::Output;
use crate::resolve::model;
use crate::table::{Table, percent};
use crate::text::printable;
use crate::training::calibration;

#[derive(Serialize)]
struct Inspected<'a> {
    digest: String,
    parameters: usize,
    sample_rate: u32,
    #[serde(flatten)]
    info: &'a ModelInfo,
}

/// Prints the description of a model.
pub(crate) fn run(args: &InspectArgs) -> Result<(), CliError> {
    let model = model::open(Some(&args.model))?;
    let mut output = Output::stdout();
    match args.format {
        Format::Json => output.write_json(&Inspected {
            digest: model.digest(),
            parameters: model.parameters_count(),
            sample_rate: model.info.frontend.sample_rate,
            info: &model.info,
        }),
        Format::Table => output.print(&describe(&model)),
    }
}

fn describe(model: &Model) -> String {
    let ModelInfo { name, labels, network, frontend, scaling, training, license, .. } = &model.info;
    let mut text = format!("{}\n{}\n\n", printable(name), printable(&model.info.description));
    let mut facts = Table::bare(2);
    facts.row(["labels", &printable(&labels.join(" "))]);
    for it in &model.info.dimensions {
        let DimensionInfo { name, min, max, mean, std } = it;
        let range =
            format!("{min} to {max}, mean {mean:.2}, deviation {std:.2} in the training data");
        facts.row(["dimension", &format!("{} ({range}; experimental)", printable(name))]);
    }
    facts.row(["licence", &printable(license)]);
    facts.row(["parameters", &model.parameters_count().to_string()]);
    facts.row(["sha256", &model.digest()]);
    let segment_ms = 1000.0 * frontend.segment_length as f64 / f64::from(frontend.sample_rate);
    let views = match frontend.tta.count() {
        1 => String::new(),
        count => format!(", averaged over {count} augmented copies (TTA)"),
    };
    let window = format!(
        "{} Hz, {} to {} time steps of {} samples ({segment_ms:.0} ms){views}",
        frontend.sample_rate, frontend.min_steps, frontend.max_steps, frontend.segment_length
    );
    facts.row(["window", &window]);
    let level = 20.0 * f64::from(frontend.target_rms).log10();
    facts.row(["level", &format!("{level:.1} dBFS RMS")]);
    let calibrated = model.info.calibration.is_some();
    let confidence = match *scaling == ProbabilityCalibration::default() {
        true if calibrated => "the softmax's".to_owned(),
        true => "the softmax's (not calibrated)".to_owned(),
        false => {
            let ProbabilityCalibration { temperature, top_label } = scaling;
            let PlattScaling { slope, offset } = top_label;
            format!(
                "temperature {temperature:.3}, then the confidence's log odds x {slope:.2} {offset:+.2}"
            )
        }
    };
    facts.row(["confidence", &confidence]);
    let _ = write!(text, "{facts}\nnetwork\n{}", architecture(network));
    let _ = write!(text, "\ntraining\n{}", provenance(training));
    if let Some(calibration) = &model.info.calibration {
        let _ = write!(text, "\ncalibration\n{}", calibration::describe(calibration));
    }
    text
}

fn architecture(network: &NetworkConfig) -> String {
    if network.branches.is_empty() {
        return branch(network);
    }
    let branches = network.iter_branches().zip(1..);
    let branches = branches.map(|(config, i)| format!("branch {i}\n{}", branch(config)));
    let mean = "logits: the mean of the branches\n".to_owned();
    branches.chain([mean]).collect::<Vec<_>>().join("\n")
}

fn branch(network: &NetworkConfig) -> String {
    let mut text = String::new();
    let ms = |samples: usize| 1e3 * samples as f64 / f64::from(network.sample_rate);
    if let Some(compression) = &network.compression {
        let _ = writeln!(
            text,
            "compression  of the waveform, {:.0}% of the level differences every {:.1} ms",
            100.0 * compression.ratio,
            ms(compression.hop)
        );
    }
    if let Some(bank) = &network.filterbank {
        let _ = writeln!(
            text,
            "filterbank  {} trained filters of {:.1} ms, log energies{} every {:.1} ms",
            bank.filters,
            ms(bank.kernel),
            if bank.mean_normalize { " relative to the utterance's mean" } else { "" },
            ms(bank.stride * bank.pool)
        );
    }
    if !network.convolutions.is_empty() {
        let _ = write!(text, "{}", convolutions(network));
    }
    let mut blocks = Table::new(
        1,
        ["block", "input", "filters", "kernel", "state kernel", "stride", "pool", "peepholes"],
    );
    for (i, block) in network.blocks.iter().enumerate() {
        let (length, channels) = network.block_input(i);
        blocks.row([
            format!("LFLB {}", i + 1),
            format!("{length} x {channels}"),
            block.filters.to_string(),
            block.kernel_input.to_string(),
            block.kernel_state.to_string(),
            block.stride.to_string(),
            block.pool.to_string(),
            format!("{:?}", block.peepholes).to_lowercase(),
        ]);
    }
    let (length, channels) = network.block_input(network.blocks.len());
    let gflb = match network.gflb {
        GflbConfig::None => "none".to_owned(),
        GflbConfig::BiGru { hidden, layers, .. } => {
            format!("bidirectional GRU, {layers} layers of 2 x {hidden}")
        }
        GflbConfig::BiLstm { hidden, layers } => {
            format!("bidirectional LSTM, {layers} layers of 2 x {hidden}")
        }
    };
    // The first block has no skip connection.
    let skip = match network.skip && network.blocks.len() > 1 {
        true => "from each block's input to its output",
        false => "none",
    };
    let step = if network.filterbank.is_some() { "step" } else { "segment" };
    let pooling = match network.temporal_pooling {
        TemporalPooling::Mean => "mean",
        TemporalPooling::Attention { .. } => "attention",
    };
    format!(
        "{text}{blocks}skips  {skip}\nGFLB   {gflb}, over {length} x {channels} a {step}\nhead   \
         {pooling} over time, {} features, {} classes; dropout {}\n",
        network.features, network.classes, network.dropout
    )
}

fn convolutions(network: &NetworkConfig) -> Table {
    let mut table =
        Table::new(1, ["convolution", "input", "filters", "kernel", "stride in time", "pool"]);
    for (i, block) in network.convolutions.iter().enumerate() {
        let (length, channels) = network.convolution_input(i);
        table.row([
            (i + 1).to_string(),
            format!("{length} x {channels}"),
            block.filters.to_string(),
            format!("{} x {}", block.kernel_time, block.kernel_length),
            block.stride_time.to_string(),
            block.pool.to_string(),
        ]);
    }
    table
}

fn provenance(training: &TrainingInfo) -> String {
    let list = |speakers: &[String]| match speakers {
        [] => "none named".to_owned(),
        some => format!("{}: {}", some.len(), printable(&some.join(" "))),
    };
    let mut facts = Table::bare(2);
    facts.row(["corpus", &printable(&training.corpus)]);
    facts.row(["protocol", &printable(&training.describe())]);
    facts.row(["preset", &printable(&training.preset)]);
    facts.row(["epochs", &training.epochs.to_string()]);
    facts.row(["seed", &training.seed.to_string()]);
    if let Some(start) = &training.lineage.initialized_from {
        facts.row(["initialised from", &printable(&start.to_string())]);
    }
    if let Some(teachers) = training.lineage.teachers() {
        facts.row(["distilled from", &printable(&teachers)]);
    }
    if !training.lineage.pretraining_corpora.is_empty() {
        let corpora = training.lineage.pretraining_corpora.join(", ");
        facts.row(["pre-training corpora", &printable(&corpora)]);
    }
    facts.row(["precision", &printable(&training.precision)]);
    facts.row(["utterances", &training.utterances.to_string()]);
    facts.row(["speakers", &list(&training.speakers)]);
    facts.row(["tested on", &list(&training.test_speakers)]);
    let mut text = facts.to_string();
    if training.scores.is_empty() {
        return text + "\nno scores\n";
    }
    let mut scores = Table::new(1, ["scores", "folds", "UA", "WA", "macro F1"]);
    for score in &training.scores {
        scores.row([
            printable(&score.describe()),
            score.folds.to_string(),
            percent(score.ua),
            percent(score.wa),
            percent(score.macro_f1),
        ]);
    }
    let _ = write!(text, "\n{scores}");
    text
}

#[cfg(test)]
mod tests {
    use clstm_nn::Preset;

    use super::architecture;

    #[test]
    fn every_branch_of_a_network_is_shown() {
        insta::assert_snapshot!(architecture(&Preset::ClstmPlus.network(8)), @r"
        branch 1
        filterbank  64 trained filters of 25.0 ms, log energies relative to the utterance's mean every 10.0 ms
        convolution    input  filters  kernel  stride in time  pool
        1             64 x 1       32   3 x 3               2     2
        2            32 x 32       64   3 x 3               3     2
        3            16 x 64       96   3 x 3               1     2
        block    input  filters  kernel  state kernel  stride  pool  peepholes
        LFLB 1  8 x 96       96       3             3       1     2    channel
        skips  none
        GFLB   bidirectional GRU, 2 layers of 2 x 128, over 4 x 96 a step
        head   attention over time, 128 features, 8 classes; dropout 0.3

        branch 2
        compression  of the waveform, 50% of the level differences every 10.0 ms
        block      input  filters  kernel  state kernel  stride  pool  peepholes
        LFLB 1  1920 x 1       32     400             3      10    16    channel
        LFLB 2   12 x 32       64       3             3       1     2    channel
        LFLB 3    6 x 64       96       3             3       1     1    channel
        LFLB 4    6 x 96      128       3             3       1     1    channel
        skips  from each block's input to its output
        GFLB   bidirectional GRU, 2 layers of 2 x 128, over 6 x 128 a segment
        head   mean over time, 128 features, 8 classes; dropout 0.2

        logits: the mean of the branches
        ");
    }
}

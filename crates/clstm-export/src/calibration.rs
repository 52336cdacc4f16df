//! Calibrated probabilities ([`ProbabilityCalibration`](clstm::ProbabilityCalibration)), in `f64`.

use clstm::{PlattScaling, ProbabilityCalibration};

use crate::graph::{ElementType, GraphBuilder, Name};

/// Smallest ratio of the top label's probability to the next one, as in the library.
const LEAD: f64 = 1.0 + 1e-9;

/// Probabilities `[classes]` of logits `[classes]`.
pub(crate) fn probabilities(
    graph: &mut GraphBuilder,
    logits: &str,
    classes: usize,
    calibration: &ProbabilityCalibration,
) -> Name {
    let (zero, one) = (graph.double(0.0), graph.double(1.0));
    let best = graph.index_of_largest(logits, true);
    let classes = graph.int(classes);
    let indices = graph.range(&classes);
    let is_best = graph.node("Equal", &[&indices, &best], &[]);
    let logits = graph.cast(logits, ElementType::Double);
    let largest = graph.largest(&logits);
    let below = graph.sub(&logits, &largest);
    let temperature = graph.double(calibration.temperature);
    let below = graph.div(&below, &temperature);
    let powers = graph.unary("Exp", &below);
    let powers = graph.select(&is_best, &zero, &powers);
    let others = graph.sum(&powers, 0, false);
    let alone = graph.node("Equal", &[&others, &zero], &[]);
    let divisor = graph.select(&alone, &one, &others);
    let (top, rest) = match calibration.top_label {
        PlattScaling::IDENTITY => {
            let sum = graph.add(&one, &others);
            (graph.div(&one, &sum), graph.div(&others, &sum))
        }
        PlattScaling { slope, offset } => {
            let (slope, offset, lead) =
                (graph.double(slope), graph.double(offset), graph.double(LEAD));
            let logarithm = graph.unary("Log", &divisor);
            let scaled = graph.mul(&slope, &logarithm);
            let odds = graph.sub(&offset, &scaled);
            let top = logistic(graph, &odds);
            let next = graph.largest(&powers);
            let next = graph.mul(&lead, &next);
            let sum = graph.add(&divisor, &next);
            let least = graph.div(&next, &sum);
            // The top label stays on top.
            let top = graph.max(&top, &least);
            (top.clone(), graph.sub(&one, &top))
        }
    };
    let share = graph.div(&rest, &divisor);
    let scaled = graph.mul(&powers, &share);
    let top = graph.select(&alone, &one, &top);
    let probabilities = graph.select(&is_best, &top, &scaled);
    graph.cast(&probabilities, ElementType::Float)
}

fn logistic(graph: &mut GraphBuilder, x: &str) -> Name {
    let one = graph.double(1.0);
    let negative = graph.unary("Neg", x);
    let power = graph.unary("Exp", &negative);
    let sum = graph.add(&one, &power);
    graph.div(&one, &sum)
}

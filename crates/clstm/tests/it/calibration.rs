//! From logits to probabilities.

use clstm::{PlattScaling, ProbabilityCalibration, softmax};

fn close(a: &[f64], b: &[f64], most: f64) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= most)
}

#[test]
fn softmax_is_that_of_the_definition() {
    let thirds = [2.0_f64.ln(), 0.0, 0.0];
    assert!(close(&softmax(&thirds, 1.0), &[0.5, 0.25, 0.25], 1e-15));
    assert!(close(&softmax(&thirds, 0.5), &[4.0 / 6.0, 1.0 / 6.0, 1.0 / 6.0], 1e-15));
    assert!(close(&softmax(&[1e308, -1e308], 1.0), &[1.0, 0.0], 0.0));
    assert!(close(&softmax(&[-1e4, -1e4], 2.0), &[0.5, 0.5], 0.0));
    assert!(softmax(&[], 1.0).is_empty());
    assert!(softmax(&[f64::NAN, 1.0], 1.0).iter().any(|p| p.is_nan()));
}

#[test]
fn platt_scaling_moves_the_top_label_and_the_others_keep_their_proportions() {
    let logits = [4.0_f64.ln(), 2.0_f64.ln(), 0.0, 0.0]; // 1/2, 1/4, 1/8, 1/8
    let plain = ProbabilityCalibration::default().probabilities(&logits);
    assert!(close(&plain, &[0.5, 0.25, 0.125, 0.125], 1e-15));
    // Log odds of 0 become ln 4: four in five.
    let offset = 4.0_f64.ln();
    let scaling = |slope, offset| ProbabilityCalibration {
        temperature: 1.0,
        top_label: PlattScaling { slope, offset },
    };
    let surer = scaling(3.0, offset).probabilities(&logits);
    assert!(close(&surer, &[0.8, 0.1, 0.05, 0.05], 1e-15), "{surer:?}");
    // The next class would overtake it: it stays just above.
    let unsure = scaling(1.0, -offset).probabilities(&logits);
    assert!(unsure[0] > unsure[1] && unsure[0] - unsure[1] < 1e-8, "{unsure:?}");
    assert!(close(&unsure, &[1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0, 1.0 / 6.0], 1e-8));
    // The temperature comes first: at 1/2 the odds of the first are 16 to 6.
    let both =
        ProbabilityCalibration { temperature: 0.5, ..scaling(2.0, 0.0) }.probabilities(&logits);
    let odds = (16.0_f64 / 6.0).powi(2);
    assert!(close(&both[..1], &[odds / (1.0 + odds)], 1e-14), "{both:?}");
}

#[test]
fn extreme_logits_give_probabilities() {
    let scaling = ProbabilityCalibration {
        temperature: 1.3,
        top_label: PlattScaling { slope: 0.8, offset: -0.3 },
    };
    assert_eq!(scaling.probabilities(&[1e308, -1e308]), [1.0, 0.0]);
    assert_eq!(scaling.probabilities(&[3.0]), [1.0]);
    assert!(scaling.probabilities(&[]).is_empty());
    let tie = scaling.probabilities(&[-1e4, -1e4]);
    assert!(close(&tie, &[0.5, 0.5], 1e-8), "{tie:?}");
    let none = scaling.probabilities(&[f64::NAN, 1.0, 0.0]);
    assert!(none.iter().all(|p| p.is_nan()), "{none:?}");
}

//! Logits to probabilities.

use clstm::nn::burn::tensor::{Device, Tensor, TensorData};
use clstm::nn::{Mode, Preset};
use clstm::{FrontendConfig, logits, softmax};

use crate::support::{RATE, voice};

fn close(a: &[f64], b: &[f64], most: f64) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= most)
}

#[test]
fn softmax_is_that_of_the_books() {
    let thirds = [2.0_f64.ln(), 0.0, 0.0];
    assert!(close(&softmax(&thirds, 1.0), &[0.5, 0.25, 0.25], 1e-15));
    assert!(close(&softmax(&thirds, 0.5), &[4.0 / 6.0, 1.0 / 6.0, 1.0 / 6.0], 1e-15));
    assert!(close(&softmax(&[1e308, -1e308], 1.0), &[1.0, 0.0], 0.0));
    assert!(close(&softmax(&[-1e4, -1e4], 2.0), &[0.5, 0.5], 0.0));
    assert!(softmax(&[], 1.0).is_empty());
    assert!(softmax(&[f64::NAN, 1.0], 1.0).iter().any(|p| p.is_nan()));
}

#[test]
fn the_logits_of_a_long_clip_are_the_mean_over_its_spans() {
    let config = Preset::Clstm.network(8);
    let device = Device::flex();
    let network = config.init(3, &device).expect("a network");
    let frontend = FrontendConfig::for_network(&config);
    let clip = frontend.clean(voice(7.0, RATE, 120.0));
    let spans = frontend.spans(&clip);
    assert_eq!(spans.len(), 4, "7 s in spans of 3 s, 1.5 s apart");
    let mut mean = vec![0.0; 8];
    for span in &spans {
        let mut segments = Vec::new();
        frontend.segments(&clip, span, &mut segments);
        let data = TensorData::new(segments, [1, span.steps, 2000]);
        let output = network.forward(Tensor::from_data(data, &device), Mode::Inference);
        for (mean, logit) in mean.iter_mut().zip(output.logits.into_data().iter::<f32>()) {
            *mean += f64::from(logit) / spans.len() as f64;
        }
    }
    assert!(mean.iter().any(|logit| logit.abs() > 1e-3), "{mean:?}");
    assert!(close(&logits(&network, &frontend, &clip, &device), &mean, 1e-12));
}

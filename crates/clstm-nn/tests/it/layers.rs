//! The modules against the float64 reference vectors, in the fused and in the composed form.

use clstm_nn::burn::tensor::Tensor;
use clstm_nn::{
    AuxiliaryHeadConfig, BiGru, BiGruConfig, CenterLossConfig, ConvLstm, ConvLstmConfig,
    LflbConfig, Mode, Peepholes, Reset, WeightInit, reference, softmax_loss,
};

use crate::reference::{Reference, references};
use crate::{device, floats, param, tensor};

fn dims<const D: usize>(reference: &Reference, name: &str) -> [usize; D] {
    reference.shape(name).try_into().expect("the tensor's rank")
}

fn conv_lstm(reference: &Reference) -> ConvLstm {
    let [_, _, channels, length] = dims(reference, "x");
    let [gates, _, kernel_input] = dims(reference, "w_x");
    let [_, _, kernel_state] = dims(reference, "w_h");
    let peephole = reference.find("peephole").map(|values| {
        let mut shape = reference.shape("peephole").to_vec();
        shape.resize(3, 1); // [3, H] is [3, H, 1]
        (values, shape)
    });
    let block = LflbConfig {
        filters: gates / 4,
        kernel_input,
        kernel_state,
        stride: reference.number("stride", 1),
        pool: 1,
        peepholes: match &peephole {
            None => Peepholes::None,
            Some((_, shape)) if shape[2] == 1 => Peepholes::Channel,
            Some(_) => Peepholes::Full,
        },
        input_norm: false,
    };
    let config = ConvLstmConfig { length, channels, block, sample_rate: 16_000 };
    let mut layer = config.init(&mut WeightInit::new(0), &device());
    let parameter = |name: &str| (reference.data(name), reference.shape(name));
    let (values, shape) = parameter("w_x");
    layer.w_x = param(values, shape);
    let (values, shape) = parameter("w_h");
    layer.w_h = param(values, shape);
    let (values, shape) = parameter("b");
    layer.bias = param(values, shape);
    layer.peephole = peephole.map(|(values, shape)| param(values, &shape));
    layer
}

#[test]
fn conv_lstm_matches_the_reference_fused_and_composed() {
    type Forward = fn(Tensor<4>, &ConvLstm) -> Tensor<4>;
    let fused: Forward = |x, layer| layer.forward(x, Mode::training(0));
    let composed: Forward = |x, layer| reference::conv_lstm(x, layer, Mode::training(0));
    for reference in references("conv_lstm") {
        for forward in [fused, composed] {
            let layer = conv_lstm(&reference);
            let x = tensor::<4>(reference.data("x"), dims(&reference, "x")).require_grad();
            let y = forward(x.clone().swap_dims(2, 3), &layer).swap_dims(2, 3); // [B, T, H, P]
            reference.assert_output("h", &floats(y.clone()));
            let shape = dims(&reference, "out.loss_weight");
            let weight = tensor::<4>(reference.data("out.loss_weight"), shape);
            let grads = (y * weight).sum().backward();
            let gradient = |name: &str, grad: Option<Vec<f32>>| {
                reference.assert_gradient(name, &grad.expect("a gradient"));
            };
            gradient("x", x.grad(&grads).map(floats));
            gradient("w_x", layer.w_x.val().grad(&grads).map(floats));
            gradient("w_h", layer.w_h.val().grad(&grads).map(floats));
            gradient("b", layer.bias.val().grad(&grads).map(floats));
            if let Some(peephole) = &layer.peephole {
                gradient("peephole", peephole.val().grad(&grads).map(floats));
            }
        }
    }
}

#[test]
fn stacked_bigru_matches_the_reference_fused_and_composed() {
    type Forward = fn(Tensor<3>, &BiGru) -> Tensor<3>;
    let fused: Forward = |x, layer| layer.forward(x);
    let composed: Forward = |x, layer| reference::bi_gru(x, layer);
    for reference in references("bigru") {
        let reset = match reference.metadata.get("reset").map(String::as_str) {
            Some("after") => Reset::After,
            _ => Reset::Before,
        };
        for forward in [fused, composed] {
            let layers: Vec<BiGru> = (0..reference.number("layers", 1))
                .map(|index| bi_gru(&reference, index, reset))
                .collect();
            let x = tensor::<3>(reference.data("x"), dims(&reference, "x")).require_grad();
            let y = layers.iter().fold(x.clone(), forward);
            reference.assert_output("y", &floats(y.clone()));
            let shape = dims(&reference, "out.loss_weight");
            let weight = tensor::<3>(reference.data("out.loss_weight"), shape);
            let grads = (y * weight).sum().backward();
            reference.assert_gradient("x", &floats(x.grad(&grads).expect("a gradient")));
            for (index, layer) in layers.iter().enumerate() {
                for (name, direction) in [("fwd", &layer.fwd), ("bwd", &layer.bwd)] {
                    let check = |part: &str, grad: Option<Vec<f32>>| {
                        let name = format!("layer{index}.{name}.{part}");
                        reference.assert_gradient(&name, &grad.expect("a gradient"));
                    };
                    check("w", direction.w.val().grad(&grads).map(floats));
                    check("u", direction.u.val().grad(&grads).map(floats));
                    check("b", direction.b.val().grad(&grads).map(floats));
                    if let Some(bn) = &direction.bn {
                        check("bn", bn.val().grad(&grads).map(floats));
                    }
                }
            }
        }
    }
}

fn bi_gru(reference: &Reference, index: usize, reset: Reset) -> BiGru {
    let [gates, input] = dims(reference, &format!("layer{index}.fwd.w"));
    let config = BiGruConfig { input, hidden: gates / 3, reset };
    let mut layer = config.init(&mut WeightInit::new(0), &device());
    for (name, direction) in [("fwd", &mut layer.fwd), ("bwd", &mut layer.bwd)] {
        let parameter = |part: &str| {
            let name = format!("layer{index}.{name}.{part}");
            (reference.data(&name).to_vec(), reference.shape(&name).to_vec())
        };
        let (values, shape) = parameter("w");
        direction.w = param(&values, &shape);
        let (values, shape) = parameter("u");
        direction.u = param(&values, &shape);
        let (values, shape) = parameter("b");
        direction.b = param(&values, &shape);
        direction.bn = (reset == Reset::After).then(|| {
            let (values, shape) = parameter("bn");
            param(&values, &shape)
        });
    }
    layer
}

#[test]
fn softmax_and_centre_loss_match_the_reference() {
    for reference in references("center_loss") {
        let [batch, features] = dims(&reference, "features");
        let [classes, _] = dims(&reference, "centers");
        let lambda: f32 = reference.metadata["lambda"].parse().expect("lambda in the header");
        let x = tensor::<2>(reference.data("features"), [batch, features]).require_grad();
        let w = tensor::<2>(reference.data("w"), [classes, features]).require_grad();
        let b = tensor::<1>(reference.data("b"), [classes]).require_grad();
        let config = CenterLossConfig { classes, features: vec![features] };
        let mut centre = config.init(&device());
        centre.centers = param(reference.data("centers"), &[classes, features]);
        let mut targets = vec![0.0; batch * classes];
        for (i, label) in reference.data("out.labels").iter().enumerate() {
            targets[i * classes + *label as usize] = 1.0;
        }
        let targets = tensor::<2>(&targets, [batch, classes]);

        let logits = x.clone().matmul(w.clone().transpose()) + b.clone().unsqueeze();
        let softmax = softmax_loss(logits, targets.clone());
        let centres = centre.forward(x.clone(), targets);
        let loss = softmax.clone() + centres.clone().mul_scalar(lambda);
        for (name, value) in
            [("softmax_loss", &softmax), ("center_loss", &centres), ("loss", &loss)]
        {
            // A sum over the batch, larger than one: the bound is relative to it.
            let expected = reference.data(&format!("out.{name}"))[0];
            let actual = floats(value.clone())[0];
            assert!((expected - actual).abs() <= 2e-6 * expected.abs().max(1.0), "{name}");
        }
        let grads = loss.backward();
        let gradient = |name: &str, grad: Option<Vec<f32>>| {
            reference.assert_gradient(name, &grad.expect("a gradient"));
        };
        gradient("features", x.grad(&grads).map(floats));
        gradient("w", w.grad(&grads).map(floats));
        gradient("b", b.grad(&grads).map(floats));
        gradient("centers", centre.centers.val().grad(&grads).map(floats));
    }
}

#[test]
fn an_adversarial_task_turns_the_gradient_of_the_feature_round_and_no_other() {
    let features = [0.5, -1.0, 2.0, 0.25, 0.75, -0.5];
    let gradients = |gradient_reversal: bool| {
        let x = tensor::<2>(&features, [2, 3]).require_grad();
        let mut head = AuxiliaryHeadConfig { features: vec![3], classes: 2, gradient_reversal }
            .init(&device());
        head.class_weight = param(&[0.3, -0.2, 0.1, 0.4, -0.6, 0.2], &[3, 2]);
        let logits = head.forward(x.clone());
        let targets = tensor::<2>(&[1.0, 0.0, 0.0, 1.0], [2, 2]);
        let loss = softmax_loss(logits.clone(), targets);
        let grads = loss.backward();
        let weight = head.class_weight.val().grad(&grads).map(floats);
        (floats(logits), x.grad(&grads).map(floats).expect("one"), weight.expect("one"))
    };
    let (plain, turned) = (gradients(false), gradients(true));
    assert_eq!(plain.0, turned.0, "logits");
    assert_eq!(plain.2, turned.2, "gradients of the head");
    assert!(plain.1.iter().all(|g| g.abs() > 1e-3));
    assert!(plain.1.iter().zip(&turned.1).all(|(plain, turned)| *plain == -turned));
}

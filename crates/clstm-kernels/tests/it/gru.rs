//! The bidirectional GRU against a float64 reference written from Eq. 8-11, and the reference vectors.

use clstm_kernels::Precision;
use clstm_kernels::gru::{
    BiGruShape, DirectionGradients, DirectionParams, PreparedBiGru, Reset, backward, forward,
};
use proptest::prelude::*;

use crate::random::Random;
use crate::reference::{Reference, references};

/// Owned parameters of one direction: w, u, b, b_hn (empty with the reset before).
type Owned<T> = [Vec<T>; 4];

fn borrow(owned: &[Owned<f32>; 2]) -> [DirectionParams<'_>; 2] {
    [0, 1].map(|d| {
        let [w, u, b, b_hn] = &owned[d];
        DirectionParams { w, u, b, b_hn: (!b_hn.is_empty()).then_some(b_hn) }
    })
}

fn sizes(s: &BiGruShape) -> [usize; 4] {
    let b_hn = if s.reset == Reset::After { s.hidden } else { 0 };
    [3 * s.hidden * s.input, 3 * s.hidden * s.hidden, 3 * s.hidden, b_hn]
}

struct Case {
    shape: BiGruShape,
    x: Vec<f32>,
    params: [Owned<f32>; 2],
    dy: Vec<f32>,
}

impl Case {
    fn new(shape: BiGruShape, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let steps = shape.batch * shape.time;
        let x = random.vec(steps * shape.input, 1.0);
        let params = [0, 1].map(|_| sizes(&shape).map(|len| random.vec(len, 0.7)));
        let dy = random.vec(steps * 2 * shape.hidden, 1.0);
        Self { shape, x, params, dy }
    }

    fn output(&self, keep: bool) -> Vec<f32> {
        let mut y = vec![f32::NAN; self.dy.len()];
        let saved = forward(&self.shape, &self.x, borrow(&self.params), &mut y, keep);
        assert_eq!(saved.is_some(), keep);
        y
    }

    fn run(&self) -> (Vec<f32>, Vec<f32>, [DirectionGradients; 2]) {
        let mut y = vec![f32::NAN; self.dy.len()];
        let mut dx = vec![f32::NAN; self.x.len()];
        let params = borrow(&self.params);
        let saved = forward(&self.shape, &self.x, params, &mut y, true).expect("kept");
        let grads = backward(&self.shape, &self.x, params, saved, &self.dy, Some(&mut dx));
        (y, dx, grads)
    }

    /// The utterances from `first` on, alone.
    fn utterances(&self, first: usize, batch: usize) -> Self {
        let part = |data: &[f32]| {
            let each = data.len() / self.shape.batch;
            data[first * each..(first + batch) * each].to_vec()
        };
        Self {
            shape: BiGruShape { batch, ..self.shape },
            x: part(&self.x),
            params: self.params.clone(),
            dy: part(&self.dy),
        }
    }
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&v| f64::from(v)).collect()
}

/// One utterance at a time, one unit at a time.
fn reference(s: &BiGruShape, x: &[f64], params: &[Owned<f64>; 2]) -> Vec<f64> {
    let (f, h) = (s.input, s.hidden);
    let sigma = |v: f64| 1.0 / (1.0 + (-v).exp());
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut y = vec![0.0; s.batch * s.time * 2 * h];
    for (direction, [w, u, b, b_hn]) in params.iter().enumerate() {
        for utterance in 0..s.batch {
            let mut state = vec![0.0; h];
            for k in 0..s.time {
                let t = if direction == 0 { k } else { s.time - 1 - k };
                let x = &x[(utterance * s.time + t) * f..][..f];
                let input = |row: usize| dot(&w[row * f..][..f], x) + b[row];
                let recurrent = |row: usize, state: &[f64]| dot(&u[row * h..][..h], state);
                let r: Vec<f64> =
                    (h..2 * h).map(|i| sigma(input(i) + recurrent(i, &state))).collect();
                let reset: Vec<f64> = r.iter().zip(&state).map(|(r, h)| r * h).collect();
                state = (0..h)
                    .map(|i| {
                        let z = sigma(input(i) + recurrent(i, &state));
                        let row = 2 * h + i;
                        let n = match s.reset {
                            Reset::Before => input(row) + recurrent(row, &reset),
                            Reset::After => input(row) + r[i] * (recurrent(row, &state) + b_hn[i]),
                        };
                        (1.0 - z) * state[i] + z * n.tanh()
                    })
                    .collect();
                let at = (utterance * s.time + t) * 2 * h + direction * h;
                y[at..at + h].copy_from_slice(&state);
            }
        }
    }
    y
}

/// Compares up to sixteen random elements with the central differences of `loss`.
fn check_gradient(
    name: &str,
    got: &[f32],
    at: &[f64],
    random: &mut Random,
    loss: impl Fn(&[f64]) -> f64,
) {
    assert_eq!(got.len(), at.len(), "{name}");
    let largest = got.iter().fold(0.0_f64, |m, v| m.max(f64::from(v.abs())));
    let mut x = at.to_vec();
    for _ in 0..got.len().min(16) {
        let i = ((random.next() + 1.0) * 0.5 * got.len() as f32) as usize % got.len();
        let step = 1e-5;
        x[i] = at[i] + step;
        let above = loss(&x);
        x[i] = at[i] - step;
        let numeric = (above - loss(&x)) / (2.0 * step);
        x[i] = at[i];
        let error = (f64::from(got[i]) - numeric).abs();
        assert!(error <= 4e-6 * largest.max(0.1), "{name}[{i}]: {} against {numeric}", got[i]);
    }
}

fn resets() -> impl Strategy<Value = Reset> {
    prop_oneof![Just(Reset::Before), Just(Reset::After)]
}

proptest! {
    #![proptest_config(crate::cases(24))]

    #[test]
    fn agrees_with_the_reference(
        batch in 1_usize..20, time in 1_usize..6, input in 1_usize..8, hidden in 1_usize..24,
        reset in resets(), seed in any::<u64>(),
    ) {
        let case = Case::new(BiGruShape { batch, time, input, hidden, reset, precision: Precision::F32 }, seed);
        let (y, dx, grads) = case.run();
        prop_assert_eq!(&y, &case.output(false), "keeping changes nothing");

        let x = wide(&case.x);
        let params = case.params.clone().map(|owned| owned.map(|p| wide(&p)));
        for (i, (got, want)) in y.iter().zip(reference(&case.shape, &x, &params)).enumerate() {
            prop_assert!((f64::from(*got) - want).abs() < 2e-6, "y[{}]: {} against {}", i, got, want);
        }
        let dy = wide(&case.dy);
        let loss = |x: &[f64], params: &[Owned<f64>; 2]| -> f64 {
            reference(&case.shape, x, params).iter().zip(&dy).map(|(y, w)| y * w).sum()
        };
        let mut random = Random::new(seed ^ 1);
        check_gradient("x", &dx, &x, &mut random, |x| loss(x, &params));
        for (d, grad) in grads.iter().enumerate() {
            let b_hn = grad.b_hn.as_deref().unwrap_or(&[]);
            let tensors = [("w", &grad.w[..]), ("u", &grad.u), ("b", &grad.b), ("b_hn", b_hn)];
            for (tensor, (name, got)) in tensors.into_iter().enumerate() {
                check_gradient(name, got, &params[d][tensor], &mut random, |p| {
                    let mut params = params.clone();
                    params[d][tensor] = p.to_vec();
                    loss(&x, &params)
                });
            }
        }
    }

    /// A batch larger than one group, of which the last is partial, against its parts.
    #[test]
    fn utterances_do_not_touch_each_other(reset in resets(), seed in any::<u64>()) {
        let shape = BiGruShape { batch: 37, time: 4, input: 9, hidden: 18, reset, precision: Precision::F32 };
        let case = Case::new(shape, seed);
        let (y, dx, grads) = case.run();
        let close = |a: &[f32], b: &[f32], bound: f32| {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= bound)
        };
        for utterance in [0, 15, 16, 36] {
            let (alone_y, alone_dx, _) = case.utterances(utterance, 1).run();
            prop_assert!(close(&alone_y, &y[utterance * alone_y.len()..][..alone_y.len()], 1e-6));
            prop_assert!(close(&alone_dx, &dx[utterance * alone_dx.len()..][..alone_dx.len()], 2e-6));
        }
        let (_, _, first) = case.utterances(0, 20).run();
        let (_, _, rest) = case.utterances(20, 17).run();
        for d in 0..2 {
            let tensors = |g: &DirectionGradients| [g.w.clone(), g.u.clone(), g.b.clone(), g.b_hn.clone().unwrap_or_default()];
            let [all, first, rest] = [&grads[d], &first[d], &rest[d]].map(tensors);
            for k in 0..4 {
                let sum: Vec<f32> = first[k].iter().zip(&rest[k]).map(|(a, b)| a + b).collect();
                prop_assert!(close(&all[k], &sum, 2e-5), "direction {}, tensor {}", d, k);
            }
        }
    }
}

#[test]
fn weights_packed_once_give_the_same_bits_for_any_batch() {
    for precision in [Precision::F32, Precision::Bf16] {
        for reset in [Reset::Before, Reset::After] {
            let shape = BiGruShape { batch: 19, time: 4, input: 6, hidden: 5, reset, precision };
            let case = Case::new(shape, 3);
            let unknown = BiGruShape { batch: 0, time: 0, ..shape };
            let packed = PreparedBiGru::new(&unknown, borrow(&case.params));
            let all = case.output(false);
            let mut y = vec![f32::NAN; all.len()];
            packed.forward(19, 4, &case.x, &mut y);
            assert_eq!(y, all, "{shape:?}");
            for first in [0, 7] {
                let some = case.utterances(first, 3);
                let y = &mut y[..some.dy.len()];
                packed.forward(3, 4, &some.x, y);
                assert_eq!(y, &all[first * 40..][..120], "{shape:?}, three from {first}");
            }
        }
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    for reset in [Reset::Before, Reset::After] {
        let case = Case::new(
            BiGruShape {
                batch: 41,
                time: 6,
                input: 30,
                hidden: 20,
                reset,
                precision: Precision::F32,
            },
            5,
        );
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| case.run())
        };
        assert!(run(1) == run(2));
    }
}

#[test]
fn nan_spreads_along_its_utterance_only() {
    for reset in [Reset::Before, Reset::After] {
        let shape = BiGruShape {
            batch: 3,
            time: 5,
            input: 4,
            hidden: 17,
            reset,
            precision: Precision::F32,
        };
        let mut case = Case::new(shape, 6);
        // Utterance 1, step 2.
        case.x[(5 + 2) * 4] = f32::NAN;
        let y = case.output(false);
        for (step, y) in y.chunks_exact(34).enumerate() {
            let (ahead, back) = y.split_at(17);
            assert!(ahead.iter().all(|v| v.is_nan() == (7..10).contains(&step)), "{step}");
            assert!(back.iter().all(|v| v.is_nan() == (5..8).contains(&step)), "{step}");
        }
    }
}

#[test]
#[should_panic(expected = "length of b_hn")]
fn the_inner_bias_must_fit_the_reset() {
    let shape = BiGruShape {
        batch: 1,
        time: 1,
        input: 1,
        hidden: 1,
        reset: Reset::After,
        precision: Precision::F32,
    };
    let mut case = Case::new(shape, 7);
    case.shape.reset = Reset::Before;
    case.output(false);
}

#[test]
fn agrees_with_the_reference_vectors() {
    for reference in references("bigru") {
        check_reference(&reference);
    }
}

fn check_reference(reference: &Reference) {
    let reset = match reference.metadata.get("reset").map(String::as_str) {
        Some("before") => Reset::Before,
        Some("after") => Reset::After,
        other => panic!("{}: reset {other:?}", reference.file.display()),
    };
    let layers = reference.number("layers", 1);
    let [batch, time, _] = *reference.shape("x") else { panic!("x is not [B, T, F]") };
    let name = |layer: usize, direction: usize, tensor: &str| {
        format!("layer{layer}.{}.{tensor}", ["fwd", "bwd"][direction])
    };
    let params = |layer: usize| {
        [0, 1].map(|d| DirectionParams {
            w: reference.data(&name(layer, d, "w")),
            u: reference.data(&name(layer, d, "u")),
            b: reference.data(&name(layer, d, "b")),
            b_hn: reference.find(&name(layer, d, "bn")),
        })
    };
    let mut inputs = vec![reference.data("x").to_vec()];
    let mut kept = Vec::new();
    for layer in 0..layers {
        let [hidden, input] = *reference.shape(&name(layer, 0, "w")) else {
            panic!("w is not [3H, F]")
        };
        let shape =
            BiGruShape { batch, time, input, hidden: hidden / 3, reset, precision: Precision::F32 };
        let mut y = vec![0.0; batch * time * 2 * shape.hidden];
        kept.push((
            shape,
            forward(&shape, &inputs[layer], params(layer), &mut y, true).expect("kept"),
        ));
        inputs.push(y);
    }
    reference.assert_output("y", &inputs[layers]);

    let mut dy = reference.data("out.loss_weight").to_vec();
    for (layer, (shape, saved)) in kept.into_iter().enumerate().rev() {
        let mut dx = vec![0.0; inputs[layer].len()];
        let grads = backward(&shape, &inputs[layer], params(layer), saved, &dy, Some(&mut dx));
        for (d, grad) in grads.iter().enumerate() {
            reference.assert_gradient(&name(layer, d, "w"), &grad.w);
            reference.assert_gradient(&name(layer, d, "u"), &grad.u);
            reference.assert_gradient(&name(layer, d, "b"), &grad.b);
            if let Some(b_hn) = &grad.b_hn {
                reference.assert_gradient(&name(layer, d, "bn"), b_hn);
            }
        }
        dy = dx;
    }
    reference.assert_gradient("x", &dy);
}

#[test]
fn bf16_stays_close_to_f32() {
    for reset in [Reset::Before, Reset::After] {
        let shape = BiGruShape {
            batch: 19,
            time: 6,
            input: 30,
            hidden: 21,
            reset,
            precision: Precision::F32,
        };
        let wide = Case::new(shape, 8);
        let shape = BiGruShape { precision: Precision::Bf16, ..shape };
        let narrow = Case { shape, ..Case::new(shape, 8) };
        let (y, dx, grads) = wide.run();
        let (y_narrow, dx_narrow, grads_narrow) = narrow.run();
        let mut pairs = vec![(y, y_narrow), (dx, dx_narrow)];
        for (a, b) in grads.into_iter().zip(grads_narrow) {
            pairs.extend([(a.w, b.w), (a.u, b.u), (a.b, b.b)]);
        }
        for (index, (a, b)) in pairs.iter().enumerate() {
            let rms = (a.iter().map(|x| x * x).sum::<f32>() / a.len() as f32).sqrt();
            let worst = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / rms;
            assert!(worst > 0.0, "bf16 was not used for tensor {index}");
            // 0.008 to 0.033; a wrong index or a lost product makes it 1 and more.
            assert!(worst < 0.1, "tensor {index} is off by {worst} of its rms");
        }
    }
}

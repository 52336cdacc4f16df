//! Max pooling along the length against its definition.

use clstm_kernels::max_pool;

use crate::random::Random;

/// The maxima by definition; NaN wins.
fn reference(x: &[f32], [length, channels]: [usize; 2], pool: usize) -> Vec<f32> {
    let larger = |a: f32, b: f32| if b > a || b.is_nan() { b } else { a };
    let mut y = Vec::new();
    for segment in x.chunks(length * channels) {
        for first in (0..length).step_by(pool) {
            let positions = first..length.min(first.saturating_add(pool));
            y.extend((0..channels).map(|c| {
                let values = positions.clone().map(|p| segment[p * channels + c]);
                values.reduce(larger).expect("a window has a position")
            }));
        }
    }
    y
}

#[test]
fn maxima_are_those_of_the_definition() {
    for (segments, length, channels, pool) in
        [(0, 3, 2, 2), (1, 1, 1, 1), (3, 7, 5, 3), (2, 9, 21, 2), (2, 4, 3, usize::MAX)]
    {
        let mut x = Random::new(3).vec(segments * length * channels, 1.0);
        if let Some(value) = x.get_mut(2) {
            *value = f32::NAN;
        }
        let expected = reference(&x, [length, channels], pool);
        let mut y = vec![7.0; expected.len()];
        max_pool(&x, [length, channels], pool, &mut y);
        // The bits of NaN are not defined: Miri chooses them at random.
        let bits = |v: &f32| if v.is_nan() { f32::NAN.to_bits() } else { v.to_bits() };
        let bits = |values: &[f32]| values.iter().map(bits).collect::<Vec<_>>();
        assert_eq!(bits(&y), bits(&expected), "{segments} {length} {channels} {pool}");
    }
}

//! Two principal components.

/// The plane through the mean of some points along which they vary most.
#[derive(Clone, Debug)]
pub(crate) struct Plane {
    mean: Vec<f64>,
    axes: [Vec<f64>; 2],
    /// Share of the variance along either axis.
    pub(crate) explained: [f64; 2],
}

/// Steps of the power iteration. The error falls with the ratio of the two largest variances a step:
/// ratios up to 0.99 come to 1e-4, and where they are nearer the directions are all but arbitrary.
const STEPS: usize = 1_000;

impl Plane {
    /// Of rows of `width` numbers; all zeros where the rows do not vary. Deterministic: iterations start
    /// from the covariance's largest column, and an axis points to where its largest entry is positive.
    pub(crate) fn of<'a>(rows: impl Iterator<Item = &'a [f32]> + Clone, width: usize) -> Self {
        let count = rows.clone().count().max(1) as f64;
        let mut mean = vec![0.0; width];
        for row in rows.clone() {
            mean.iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(*x) / count);
        }
        let mut covariance = vec![0.0; width * width];
        let mut centered = vec![0.0; width];
        for row in rows {
            for ((c, x), mean) in centered.iter_mut().zip(row).zip(&mean) {
                *c = f64::from(*x) - mean;
            }
            for (sums, x) in covariance.chunks_exact_mut(width).zip(&centered) {
                sums.iter_mut().zip(&centered).for_each(|(sum, y)| *sum += x * y / count);
            }
        }
        let trace: f64 = (0..width).map(|i| covariance[i * width + i]).sum();
        let mut explained = [0.0; 2];
        let axes = [0, 1].map(|number| {
            let (axis, variance) = largest(&covariance, width);
            for (i, sums) in covariance.chunks_exact_mut(width).enumerate() {
                sums.iter_mut().zip(&axis).for_each(|(sum, a)| *sum -= variance * axis[i] * a);
            }
            explained[number] = if trace > 0.0 { (variance / trace).clamp(0.0, 1.0) } else { 0.0 };
            axis
        });
        Self { mean, axes, explained }
    }

    /// Where a row lies.
    pub(crate) fn place(&self, row: &[f32]) -> [f64; 2] {
        let centered = || row.iter().zip(&self.mean).map(|(x, mean)| f64::from(*x) - mean);
        [0, 1].map(|i| centered().zip(&self.axes[i]).map(|(x, a)| x * a).sum())
    }
}

/// The eigenvector of the largest eigenvalue of a symmetric matrix, of length 1, and that eigenvalue.
fn largest(matrix: &[f64], width: usize) -> (Vec<f64>, f64) {
    let norm = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
    let columns = matrix.chunks_exact(width.max(1));
    let start = columns.max_by(|a, b| norm(a).total_cmp(&norm(b)));
    let Some(start) = start.filter(|column| norm(column) > 1e-12) else {
        return (vec![0.0; width], 0.0);
    };
    let mut axis = start.to_vec();
    let mut value = 0.0;
    for _ in 0..STEPS {
        let length = norm(&axis);
        if length <= 1e-300 {
            return (vec![0.0; width], 0.0);
        }
        axis.iter_mut().for_each(|x| *x /= length);
        let next: Vec<f64> = matrix
            .chunks_exact(width)
            .map(|row| row.iter().zip(&axis).map(|(m, x)| m * x).sum())
            .collect();
        value = next.iter().zip(&axis).map(|(n, x)| n * x).sum();
        let moved: f64 = next.iter().zip(&axis).map(|(n, x)| (n - value * x).powi(2)).sum();
        if moved.sqrt() <= 1e-13 * value.abs() {
            break;
        }
        axis = next;
    }
    let length = norm(&axis);
    let top = axis.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(1.0);
    let sign = if top < 0.0 { -length } else { length };
    axis.iter_mut().for_each(|x| *x /= sign);
    (axis, value.max(0.0))
}

#[cfg(test)]
mod tests {
    use super::Plane;

    #[test]
    fn axes_of_what_varies_are_found() {
        // Along (3, 4) / 5 with variance 25 times that along (4, -3) / 5, nothing along the third.
        let mut rows = Vec::new();
        for i in -5..=5_i32 {
            for j in -1..=1_i32 {
                let (a, b) = (5.0 * i as f32, j as f32);
                rows.push([0.6 * a + 0.8 * b + 1.0, 0.8 * a - 0.6 * b, 7.0]);
            }
        }
        let plane = Plane::of(rows.iter().map(|row| &row[..]), 3);
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-6, "{a} {b}");
        near(plane.axes[0][0], 0.6);
        near(plane.axes[0][1], 0.8);
        near(plane.axes[1][0], 0.8);
        near(plane.axes[1][1], -0.6);
        // Variances 250 and 2/3.
        near(plane.explained[0], 250.0 / (250.0 + 2.0 / 3.0));
        near(plane.explained.iter().sum(), 1.0);
        let [x, y] = plane.place(&[1.6, 0.8, 7.0]);
        near(x, 1.0);
        near(y, 0.0);
    }

    #[test]
    fn what_does_not_vary_lies_in_one_place() {
        for rows in [vec![[2.0_f32, 3.0]; 4], Vec::new()] {
            let plane = Plane::of(rows.iter().map(|row| &row[..]), 2);
            assert_eq!(plane.explained, [0.0, 0.0]);
            assert!(plane.place(&[2.0, 3.0]).iter().all(|x| x.is_finite()));
        }
        let line = [[0.0_f32, 0.0], [1.0, 1.0]];
        let plane = Plane::of(line.iter().map(|row| &row[..]), 2);
        assert!(plane.explained[0] > 0.999 && plane.explained[1] < 1e-9);
    }
}

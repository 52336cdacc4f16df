//! The matrices of the transforms, computed from the interpolation points by Lagrange interpolation.
//!
//! A tile of `m` outputs reads `n = m + 2` inputs and multiplies at the first `n` of [`NODES`], where the
//! weights `w` have the values `w_0 + w_1 a + w_2 a^2`. Products of polynomials at `n` nodes determine a
//! polynomial of degree `n - 1`; the transpose of that map is the convolution
//! (Winograd, "Arithmetic Complexity of Computations", 1980; Lavin & Gray, section 4).

/// Interpolation points of a full tile, of four outputs.
pub(super) const POINTS: usize = 6;

/// Outputs of a full tile.
pub(super) const OUTPUTS: usize = 4;

/// Where polynomials are evaluated, in the order in which tiles of one, two, .. outputs use them;
/// infinity stands for the leading coefficient. With 1/2 and -2 for the last two the errors are
/// a seventh smaller than with 2 and -2 or 1/2 and -1/2, and a quarter smaller than with 3/4 and -3/2
/// (measured).
const NODES: [f64; POINTS] = [0.0, f64::INFINITY, 1.0, -1.0, 0.5, -2.0];

/// A linear map: output `i` is `Σ_j matrix[i][j] input[j]`. Unused rows and columns are zero.
pub(super) type Matrix = [[f32; POINTS]; POINTS];

/// The products of `NODES[i] - NODES[j]` over the finite nodes `j` in `from..to` but `i`.
const fn spread(i: usize, from: usize, to: usize) -> f64 {
    let (mut product, mut j) = (1.0, from);
    while j < to {
        if j != i && NODES[j].is_finite() && NODES[i].is_finite() {
            product *= NODES[i] - NODES[j];
        }
        j += 1;
    }
    product
}

/// Input transform of a tile of `m` outputs: row `i` is the numerator of the Lagrange polynomial
/// of node `i` among those of the tile; for infinity it is their product. The denominators of the full
/// tile are in [`WEIGHTS`]; the factors that a smaller tile does not have are multiplied here. With
/// these nodes all entries are exact in `f32`.
pub(super) const fn input(m: usize) -> Matrix {
    let mut matrix = [[0.0; POINTS]; POINTS];
    let n = m + 2;
    let mut i = 0;
    while i < n {
        // Coefficients of the product of x - a_j, times the missing denominator.
        let mut polynomial = [0.0_f64; POINTS];
        polynomial[0] = spread(i, n, POINTS);
        let mut j = 0;
        while j < n {
            if j != i && NODES[j].is_finite() {
                let mut k = POINTS;
                while k > 0 {
                    k -= 1;
                    let below = if k > 0 { polynomial[k - 1] } else { 0.0 };
                    polynomial[k] = below - NODES[j] * polynomial[k];
                }
            }
            j += 1;
        }
        let mut k = 0;
        while k < n {
            matrix[i][k] = polynomial[k] as f32;
            k += 1;
        }
        i += 1;
    }
    matrix
}

/// Output transform of a tile of `m` outputs: the powers of the nodes.
pub(super) const fn output(m: usize) -> Matrix {
    let mut matrix = [[0.0; POINTS]; POINTS];
    let mut i = 0;
    while i < m + 2 {
        let (mut power, mut j) = (1.0, 0);
        while j < m {
            if NODES[i].is_finite() {
                matrix[j][i] = power as f32;
                power *= NODES[i];
            } else if j + 1 == m {
                matrix[j][i] = 1.0;
            }
            j += 1;
        }
        i += 1;
    }
    matrix
}

/// Transform of the three weights at each node.
pub(super) const WEIGHTS: [[f32; 3]; POINTS] = {
    let mut matrix = [[0.0; 3]; POINTS];
    let mut i = 0;
    while i < POINTS {
        matrix[i] = if NODES[i].is_finite() {
            let (a, scale) = (NODES[i], 1.0 / spread(i, 0, POINTS));
            [scale as f32, (a * scale) as f32, (a * a * scale) as f32]
        } else {
            [0.0, 0.0, 1.0]
        };
        i += 1;
    }
    matrix
};

/// The transpose, which back-propagates gradients.
pub(super) const fn transpose(matrix: Matrix) -> Matrix {
    let mut transposed = [[0.0; POINTS]; POINTS];
    let mut i = 0;
    while i < POINTS * POINTS {
        transposed[i % POINTS][i / POINTS] = matrix[i / POINTS][i % POINTS];
        i += 1;
    }
    transposed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_is_the_convolution() {
        // Each tap on its own and each unit vector: the maps are linear.
        for m in 1..=OUTPUTS {
            for (tap, at) in (0..3).flat_map(|tap| (0..m + 2).map(move |at| (tap, at))) {
                let products: [f32; POINTS] =
                    std::array::from_fn(|i| input(m)[i][at] * WEIGHTS[i][tap]);
                for (j, row) in output(m).iter().enumerate().take(m) {
                    let y: f32 = row.iter().zip(products).map(|(a, product)| a * product).sum();
                    let expected = if j + tap == at { 1.0 } else { 0.0 };
                    assert!((y - expected).abs() < 1e-6, "{m}: y[{j}] of {tap} over {at}: {y}");
                }
            }
        }
    }

    #[test]
    fn all_but_the_weights_are_exact() {
        // Multiples of 1/16 below 16.
        for m in 1..=OUTPUTS {
            for entry in input(m).iter().chain(&output(m)).flatten() {
                assert!((entry * 16.0).fract() == 0.0 && entry.abs() < 16.0, "{m}: {entry}");
            }
        }
    }
}

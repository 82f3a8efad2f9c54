//! What a vector of a pair is held to, or drawn to zero by.

/// What one factor is held to, or drawn to zero by.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// λ of its L1 term, ≥ 0.
    pub l1: f64,
    /// Entries may not fall below zero.
    pub nonneg: bool,
}

/// Those of both factors.
pub struct Bounds {
    /// Of W.
    pub w: Terms,
    /// Of H.
    pub h: Terms,
    /// ≥ 0.
    pub l2: f64,
    /// √ of the number of samples, the length of W's partner.
    pub root_w: f64,
    /// √ of the number of features.
    pub root_h: f64,
}

impl Bounds {
    /// The column of W for which J of a pair is least, from its product with what is left of A.
    pub fn solve_w(&self, product: Vec<f64>, v: &[f64]) -> Vec<f64> {
        let group = self.h.l1 * self.root_h * l1(v);
        self.solve(product, self.w, self.root_w, group)
    }

    /// The same of H.
    pub fn solve_h(&self, product: Vec<f64>, u: &[f64]) -> Vec<f64> {
        let group = self.w.l1 * self.root_w * l1(u);
        self.solve(product, self.h, self.root_h, group)
    }

    /// The f for which ½(1 + L2)·‖f‖² − ⟨product, f⟩ + L1·root·‖f‖₁ + group·‖f‖₂ is least within the bounds.
    fn solve(&self, mut product: Vec<f64>, terms: Terms, root: f64, group: f64) -> Vec<f64> {
        let least = terms.l1 * root;
        for x in &mut product {
            *x = if *x > least {
                *x - least
            } else if *x < -least && !terms.nonneg {
                *x + least
            } else {
                0.0
            };
        }
        let size = length(&product);
        let by = if size > group {
            (1.0 - group / size) / (1.0 + self.l2)
        } else {
            0.0
        };
        product.iter_mut().for_each(|x| *x *= by);
        product
    }

    /// What d·u·vᵀ adds to J.
    pub fn penalty(&self, u: &[f64], d: f64, v: &[f64]) -> f64 {
        let first = self.w.l1 * self.root_w * l1(u) + self.h.l1 * self.root_h * l1(v);
        0.5 * self.l2 * d * d + d * first
    }
}

fn l1(x: &[f64]) -> f64 {
    x.iter().fold(0.0, |sum, x| sum + x.abs())
}

/// The largest magnitude.
pub fn largest(x: &[f64]) -> f64 {
    x.iter().fold(0.0_f64, |most, x| most.max(x.abs()))
}

/// ‖x‖₂, without squares that leave the range of numbers.
pub fn length(x: &[f64]) -> f64 {
    let most = largest(x);
    if most == 0.0 {
        return 0.0;
    }
    most * x
        .iter()
        .fold(0.0, |sum, x| sum + (x / most) * (x / most))
        .sqrt()
}

/// x / ‖x‖₂; none of zeros.
pub fn unit(mut x: Vec<f64>) -> Option<Vec<f64>> {
    let size = length(&x);
    if size == 0.0 {
        return None;
    }
    x.iter_mut().for_each(|x| *x /= size);
    Some(x)
}

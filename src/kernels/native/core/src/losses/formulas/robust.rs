use super::Formula;

/// ½r² up to |r| = δ, and beyond it δ|r| − ½δ², r = x − μ.
#[derive(Clone, Copy)]
pub struct Huber(pub f64);

/// |r|, r = x − μ; while a half-step is made, curved as if no |r| were below the number it holds, and in this a parabola.
#[derive(Clone, Copy)]
pub struct Mae(pub f64);

impl Formula for Huber {
    const POSITIVE: bool = false;

    #[inline(always)]
    fn value(self, x: f64, mu: f64, _p: f64) -> f64 {
        let off = (x - mu).abs();
        let within = off.min(self.0);
        within * (off - 0.5 * within)
    }
    #[inline(always)]
    fn slope(self, x: f64, mu: f64, _p: f64) -> f64 {
        (mu - x).min(self.0).max(-self.0)
    }
    #[inline(always)]
    fn curvature(self, x: f64, mu: f64, _p: f64) -> f64 {
        let off = (x - mu).abs();
        self.0 / off.max(self.0)
    }
}

impl Formula for Mae {
    const POSITIVE: bool = false;

    #[inline(always)]
    fn value(self, x: f64, mu: f64, _p: f64) -> f64 {
        (x - mu).abs()
    }
    #[inline(always)]
    fn slope(self, x: f64, mu: f64, _p: f64) -> f64 {
        (mu - x) / (x - mu).abs().max(self.0)
    }
    #[inline(always)]
    fn curvature(self, x: f64, mu: f64, _p: f64) -> f64 {
        1.0 / (x - mu).abs().max(self.0)
    }
}

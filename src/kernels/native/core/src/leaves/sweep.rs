use crate::simd::{Leaf, Real, Vector};

/// Coordinates that share one reading of the columns.
pub const BLOCK: usize = 4;
/// Most lines of columns in a tile.
const MOST: usize = 4;
/// Most columns in a tile.
const WIDEST: usize = MOST * 16;

/// What coordinate descent on ½·xᵀGx − bᵀx + Σ_r linear_r·|x_r|, lower ≤ x ≤ upper, has in common for all columns x, b.
pub struct Sweeps<T> {
    /// k.
    pub k: usize,
    /// G, ridge included, by blocks of `BLOCK` rows, each block column by column; the last block is filled with zeros.
    pub gram: Vec<T>,
    /// G_rr; 0 where a coordinate is to be left alone.
    pub curvature: Vec<T>,
    /// Its inverse, or 0.
    pub inverse: Vec<T>,
    /// Weight of |x_r|.
    pub linear: Vec<T>,
    /// What a column's own weight is multiplied by where it is added to G_rr.
    pub spread: Vec<T>,
    /// x ≥ lower.
    pub lower: T,
    /// x ≤ upper.
    pub upper: T,
    /// lower is 0 and upper infinite.
    pub plain: bool,
    /// Sweeps at most.
    pub most: usize,
    /// A column rests once Σ curvature·δ² of a sweep is at most this fraction of that of its first.
    pub rest: T,
}

/// Sweeps over some columns of a panel, each by itself: no column feels another.
pub struct SweepTile<'a, T> {
    /// What the columns have in common.
    pub sweeps: &'a Sweeps<T>,
    /// Numbers from one column to the next.
    pub stride: usize,
    /// Columns x of a panel, improved in place.
    pub x: &'a mut [T],
    /// Columns b of a panel.
    pub b: &'a [T],
    /// `spread[r]` times the number of column j is added to its G_rr: a diagonal of its own, or nothing.
    pub diagonal: Option<&'a [T]>,
    /// By how much the objective of each column falls.
    pub decrease: &'a mut [T],
}

impl<T: Real> Leaf<T> for SweepTile<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<T>>(self) {
        match (V::REGISTERS, self.sweeps.plain && self.diagonal.is_none()) {
            (32, true) => self.tiles::<V, MOST, true>(),
            (32, false) => self.tiles::<V, MOST, false>(),
            (_, true) => self.tiles::<V, 1, true>(),
            (_, false) => self.tiles::<V, 1, false>(),
        }
    }
}

impl<T: Real> SweepTile<'_, T> {
    #[inline(always)]
    fn tiles<V: Vector<T>, const LINES: usize, const PLAIN: bool>(self) {
        let Self { sweeps, stride, .. } = self;
        let width = LINES * T::LANES;
        let k = sweeps.k;
        assert!(stride >= k && stride.is_multiple_of(T::LANES) && self.x.len() == self.b.len());
        assert!(self.decrease.len() * stride == self.x.len());
        assert!(self.diagonal.is_none_or(|d| d.len() == self.decrease.len()));
        assert!(sweeps.gram.len() == k.next_multiple_of(BLOCK) * k);
        for of_rows in [
            &sweeps.curvature,
            &sweeps.inverse,
            &sweeps.linear,
            &sweeps.spread,
        ] {
            assert!(of_rows.len() == k);
        }
        // Coordinates by columns: row r of the tile is x_r of `width` columns.
        let mut space = vec![T::default(); 3 * stride * width + T::LANES];
        let first = space.as_ptr().align_offset(64).min(T::LANES);
        let (x, rest) = space[first..].split_at_mut(stride * width);
        let (b, spare) = rest.split_at_mut(stride * width);
        for (from, decrease) in (0..).step_by(width).zip(self.decrease.chunks_mut(width)) {
            let count = decrease.len();
            let range = from * stride..(from + count) * stride;
            let columns = &mut self.x[range.clone()];
            to_lanes::<T, V>(columns, stride, x, width, spare);
            to_lanes::<T, V>(&self.b[range], stride, b, width, spare);
            let mut diagonal = [T::default(); WIDEST];
            if let Some(d) = self.diagonal {
                diagonal[..count].copy_from_slice(&d[from..from + count]);
            }
            let mut fall = [T::default(); WIDEST];
            let tile = Tile {
                sweeps,
                x: x.as_mut_ptr(),
                b: b.as_mut_ptr(),
                diagonal: diagonal.as_ptr(),
                fall: fall.as_mut_ptr(),
            };
            // SAFETY: x and b hold `stride` ≥ k rows of LINES lines, the vectors and the Gram matrix were measured above,
            // and the two arrays hold MOST ≥ LINES lines of the widest kind.
            unsafe { tile.sweep::<V, LINES, PLAIN>() };
            decrease.copy_from_slice(&fall[..count]);
            from_lanes::<T, V>(x, width, columns, stride, spare);
        }
    }
}

/// Columns as rows of lanes; lanes without a column are zero.
#[inline(always)]
fn to_lanes<T: Real, V: Vector<T>>(
    columns: &[T],
    stride: usize,
    lanes: &mut [T],
    width: usize,
    spare: &mut [T],
) {
    let columns = if columns.len() < width * stride {
        spare[..columns.len()].copy_from_slice(columns);
        spare[columns.len()..width * stride].fill(T::default());
        &spare[..]
    } else {
        columns
    };
    assert!(columns.len() >= width * stride && lanes.len() >= width * stride);
    for c in (0..width).step_by(T::LANES) {
        for r in (0..stride).step_by(T::LANES) {
            // SAFETY: both hold `width` columns of `stride` numbers, whole tiles of them.
            unsafe {
                V::transpose(
                    columns.as_ptr().add(c * stride + r),
                    stride,
                    lanes.as_mut_ptr().add(r * width + c),
                    width,
                )
            };
        }
    }
}

/// The other way round.
#[inline(always)]
fn from_lanes<T: Real, V: Vector<T>>(
    lanes: &[T],
    width: usize,
    columns: &mut [T],
    stride: usize,
    spare: &mut [T],
) {
    let short = columns.len() < width * stride;
    let out = if short {
        &mut spare[..]
    } else {
        &mut columns[..]
    };
    assert!(out.len() >= width * stride && lanes.len() >= width * stride);
    for c in (0..width).step_by(T::LANES) {
        for r in (0..stride).step_by(T::LANES) {
            // SAFETY: both hold `width` columns of `stride` numbers, whole tiles of them.
            unsafe {
                V::transpose(
                    lanes.as_ptr().add(r * width + c),
                    width,
                    out.as_mut_ptr().add(c * stride + r),
                    stride,
                )
            };
        }
    }
    if short {
        columns.copy_from_slice(&spare[..columns.len()]);
    }
}

struct Tile<'a, T> {
    sweeps: &'a Sweeps<T>,
    x: *mut T,
    b: *mut T,
    diagonal: *const T,
    fall: *mut T,
}

/// What a tile carries from sweep to sweep.
struct State<V, const LINES: usize> {
    /// Σ slope·δ, and what |x| costs more.
    rise: [V; LINES],
    /// Σ curvature·δ² of a sweep.
    moved: [V; LINES],
}

impl<T: Real> Tile<'_, T> {
    /// # Safety
    /// `x` and `b` hold k rows of `LINES` lines, `diagonal` and `fall` `LINES` lines; so many numbers are in every vector
    /// of `sweeps`, and whole blocks of k columns in its Gram matrix.
    #[inline(always)]
    unsafe fn sweep<V: Vector<T>, const LINES: usize, const PLAIN: bool>(&self) {
        let Sweeps { k, most, .. } = *self.sweeps;
        let width = LINES * T::LANES;
        let rest = V::splat(self.sweeps.rest);
        let half = V::splat(T::from_f64(0.5));
        // SAFETY: rows below k exist.
        unsafe {
            // The slope at zero; where x ≥ 0 the weight of |x| is part of it.
            for r in 0..k {
                let linear = if PLAIN {
                    V::splat(*self.sweeps.linear.as_ptr().add(r))
                } else {
                    V::zero()
                };
                for v in 0..LINES {
                    let b = self.b.add(r * width + v * T::LANES);
                    linear.sub(V::load(b)).store(b);
                }
            }
            let mut state = State {
                rise: [V::zero(); LINES],
                moved: [V::zero(); LINES],
            };
            let mut fall = [V::zero(); LINES];
            let mut limit = [V::zero(); LINES];
            let always = V::splat(T::from_f64(1.0)).over(V::zero());
            let mut active = [always; LINES];
            for sweep in 0..most {
                state.moved = [V::zero(); LINES];
                let mut block = 0;
                while block + BLOCK <= k {
                    state = self.block::<V, LINES, BLOCK, PLAIN>(block, state, &active);
                    block += BLOCK;
                }
                state = match k - block {
                    1 => self.block::<V, LINES, 1, PLAIN>(block, state, &active),
                    2 => self.block::<V, LINES, 2, PLAIN>(block, state, &active),
                    3 => self.block::<V, LINES, 3, PLAIN>(block, state, &active),
                    _ => state,
                };
                let mut any = false;
                for v in 0..LINES {
                    fall[v] = fall[v].less(half, state.moved[v]);
                    if sweep == 0 {
                        limit[v] = rest.mul(state.moved[v]);
                    }
                    active[v] = V::both(active[v], state.moved[v].over(limit[v]));
                    any |= V::any(active[v]);
                }
                if !any {
                    break;
                }
            }
            for (v, (fall, rise)) in fall.iter().zip(state.rise).enumerate() {
                fall.sub(rise).store(self.fall.add(v * T::LANES));
            }
        }
    }

    /// One step of each of `ROWS` coordinates: their slopes from all coordinates as they are, and then what the steps
    /// before each change of them.
    ///
    /// # Safety
    /// As for `sweep`; rows `block` to `block + ROWS` exist.
    #[inline(always)]
    unsafe fn block<V: Vector<T>, const LINES: usize, const ROWS: usize, const PLAIN: bool>(
        &self,
        block: usize,
        mut state: State<V, LINES>,
        active: &[V::Mask; LINES],
    ) -> State<V, LINES> {
        let width = LINES * T::LANES;
        let k = self.sweeps.k;
        // SAFETY: the caller vouches for the rows.
        unsafe {
            let gram = self.sweeps.gram.as_ptr().add(block * k);
            let mut slopes = [[V::zero(); LINES]; ROWS];
            for (i, slopes) in slopes.iter_mut().enumerate() {
                for (v, slope) in slopes.iter_mut().enumerate() {
                    *slope = V::load(self.b.add((block + i) * width + v * T::LANES));
                }
            }
            // The rows that changed last come last: their steps have time to end.
            slopes = self.add_rows(slopes, gram, block, k);
            slopes = self.add_rows(slopes, gram, 0, block);
            // One by one, so that the slopes stay in registers.
            self.coordinate::<V, LINES, ROWS, PLAIN, 0>(block, &mut slopes, &mut state, active);
            self.coordinate::<V, LINES, ROWS, PLAIN, 1>(block, &mut slopes, &mut state, active);
            self.coordinate::<V, LINES, ROWS, PLAIN, 2>(block, &mut slopes, &mut state, active);
            self.coordinate::<V, LINES, ROWS, PLAIN, 3>(block, &mut slopes, &mut state, active);
        }
        state
    }

    /// The step of coordinate `block` + I, where I < `ROWS`.
    ///
    /// # Safety
    /// As for `block`.
    #[inline(always)]
    unsafe fn coordinate<
        V: Vector<T>,
        const LINES: usize,
        const ROWS: usize,
        const PLAIN: bool,
        const I: usize,
    >(
        &self,
        block: usize,
        slopes: &mut [[V; LINES]; ROWS],
        state: &mut State<V, LINES>,
        active: &[V::Mask; LINES],
    ) {
        if I >= ROWS {
            return;
        }
        let r = block + I;
        // SAFETY: the caller vouches for row r.
        unsafe {
            if *self.sweeps.curvature.as_ptr().add(r) == T::default() {
                return;
            }
            let mut steps = [V::zero(); LINES];
            for v in 0..LINES {
                let x = self.x.add((r * LINES + v) * T::LANES);
                let own = self.diagonal.add(v * T::LANES);
                let step = self.step::<V, PLAIN>(r, slopes[I][v], x, own, active[v]);
                state.rise[v] = state.rise[v].fma(step.slope, step.delta);
                if !PLAIN {
                    state.rise[v] = state.rise[v].add(step.dearer);
                }
                state.moved[v] = state.moved[v].fma(step.curvature.mul(step.delta), step.delta);
                steps[v] = step.delta;
            }
            let gram = self
                .sweeps
                .gram
                .as_ptr()
                .add(block * self.sweeps.k + r * BLOCK);
            for l in I + 1..ROWS {
                let weight = V::splat(*gram.add(l));
                for v in 0..LINES {
                    slopes[l][v] = slopes[l][v].fma(weight, steps[v]);
                }
            }
        }
    }

    /// Adds G·x over the rows `from` to `to` of x to the slopes of a block.
    ///
    /// # Safety
    /// x holds `to` rows of `LINES` lines and `gram` a block of so many columns.
    #[inline(always)]
    unsafe fn add_rows<V: Vector<T>, const LINES: usize, const ROWS: usize>(
        &self,
        mut slopes: [[V; LINES]; ROWS],
        gram: *const T,
        from: usize,
        to: usize,
    ) -> [[V; LINES]; ROWS] {
        for s in from..to {
            // SAFETY: row s of x and column s of the block exist.
            unsafe {
                let mut lines = [V::zero(); LINES];
                for (v, line) in lines.iter_mut().enumerate() {
                    *line = V::load(self.x.add((s * LINES + v) * T::LANES));
                }
                for (i, slopes) in slopes.iter_mut().enumerate() {
                    let weight = V::splat(*gram.add(s * BLOCK + i));
                    for (slope, line) in slopes.iter_mut().zip(lines) {
                        *slope = slope.fma(weight, line);
                    }
                }
            }
        }
        slopes
    }

    /// # Safety
    /// `x` and `own` hold a line, and r is below k.
    #[inline(always)]
    unsafe fn step<V: Vector<T>, const PLAIN: bool>(
        &self,
        r: usize,
        slope: V,
        x: *mut T,
        own: *const T,
        active: V::Mask,
    ) -> Step<V> {
        let Sweeps {
            curvature,
            inverse,
            linear,
            spread,
            lower,
            upper,
            ..
        } = self.sweeps;
        // SAFETY: the caller vouches for the line and for r.
        unsafe {
            let at = V::load(x);
            let curvature = V::splat(*curvature.as_ptr().add(r));
            if PLAIN {
                let to = at
                    .less(slope, V::splat(*inverse.as_ptr().add(r)))
                    .max(V::zero());
                let to = V::choose(active, to, at);
                to.store(x);
                return Step {
                    delta: to.sub(at),
                    slope,
                    curvature,
                    dearer: V::zero(),
                };
            }
            let own = V::load(own).mul(V::splat(*spread.as_ptr().add(r)));
            let slope = slope.fma(own, at);
            let curvature = curvature.add(own);
            let linear = V::splat(*linear.as_ptr().add(r));
            let free = at.sub(slope.div(curvature));
            let shrink = linear.div(curvature);
            let shrunk = free
                .sub(shrink)
                .max(V::zero())
                .add(free.add(shrink).min(V::zero()));
            let to = shrunk.max(V::splat(*lower)).min(V::splat(*upper));
            let to = V::choose(active, to, at);
            to.store(x);
            let (before, after) = (V::zero().sub(at).max(at), V::zero().sub(to).max(to));
            Step {
                delta: to.sub(at),
                slope,
                curvature,
                dearer: linear.mul(after.sub(before)),
            }
        }
    }
}

/// A step of one coordinate, and what it costs.
struct Step<V> {
    delta: V,
    slope: V,
    curvature: V,
    dearer: V,
}

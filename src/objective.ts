/**
 * What is minimised: J = ½‖X − W·H‖² + the penalties of both factors, where W and H hold the scale.
 *
 * A factor F stands for its k rows f_r (columns of W, rows of H) of length n_F; P is its partner. Its terms in J are
 *
 *   L1       λ · Σ_r √n_P · ‖p_r‖₂ · ‖f_r‖₁
 *   L2       ½λ · Σ_r ‖p_r‖₂² · ‖f_r‖₂²
 *   L21      λ · mn · Σ_r √(σ·s_r), s_r = ‖p_r‖₂·‖f_r‖₂ / √(mn), σ² the mean square of the data
 *   angular  ½λ · Σ_{r≠s} ‖p_r‖₂ · ‖p_s‖₂ · ⟨f_r, f_s⟩
 *   graph    ½λ · Σ_ij a_ij · Σ_r ‖p_r‖₂² · (f_ri − f_rj)²
 *   remove   ½λ · Σ_r ‖p_r‖₂² · ‖U·f_r‖₂², the rows of U orthonormal
 *   attract  ½λ̄ · ‖F − c·T‖²
 *
 * All but the last are unchanged when scale moves from F to P, and comparable between data sets of different size. λ̄ = λ
 * times the mean of ‖p_r‖₂², and c = ‖F‖ / ‖T‖ where T is rescaled, follow the factors for ten iterations and stay then.
 */

export type Side = 'W' | 'H';

/** The terms one factor adds to the objective, every field set; G and T are how matrices are held: themselves, or as slots. */
export interface FactorTerms<G = unknown, T = unknown> {
  /** λ of the L1 term, ≥ 0, in units of the data. */
  readonly L1: number;
  /** λ of the L2 term, ≥ 0, a ratio: 0.1 adds 10% to the diagonal of the Gram matrix. */
  readonly L2: number;
  /** λ of the L21 term, ≥ 0, in units of the data: whole factors die. */
  readonly L21: number;
  /** λ of the angular term, ≥ 0, a ratio; only for a factor that is not negative. */
  readonly angular: number;
  /** Entries may not fall below zero. */
  readonly nonneg: boolean;
  /** Entries may not rise above this, > 0; null: they may. */
  readonly upperBound: number | null;
  readonly graph: Neighbours<G> | null;
  readonly target: Target<T> | null;
}

/** Those that an SVD can have: its pairs of vectors are then found one by one. */
export type SvdTerms = Pick<FactorTerms, 'L1' | 'nonneg'>;

/** Entries of a row of F that are neighbours are pulled together. */
export interface Neighbours<M> {
  /** a, n_F × n_F, symmetric, no number below zero. */
  readonly adjacency: M;
  /** ≥ 0, relative to the Gram matrix. */
  readonly lambda: number;
}

/** What a factor is drawn to (λ > 0), or to be rid of (λ < 0). */
export interface Target<M> {
  /** T, in the shape of the factor: features × k or k × samples. For λ < 0 the patterns U, one in each column or row. */
  readonly matrix: M;
  readonly lambda: number;
  /** 'factor': T is brought to the length of the factor; 'none': it is taken as it is. */
  readonly scale: 'factor' | 'none';
}

/** Terms of a factor without any penalty. */
export const NO_TERMS: FactorTerms<never, never> = {
  L1: 0,
  L2: 0,
  L21: 0,
  angular: 0,
  nonneg: true,
  upperBound: null,
  graph: null,
  target: null,
};

/** How W and H are scaled once a fit is over; the rest goes into `d`. */
export type Norm = 'L1' | 'L2' | 'none';

/** What the terms need to know of a factor of k rows. */
export interface FactorSums {
  /** Entries of a row. */
  readonly length: number;
  /** ‖f_r‖₁ */
  readonly l1: Float64Array;
  /** ‖f_r‖₂ */
  readonly l2: Float64Array;
  /** F·Fᵀ, k × k. */
  readonly gram: Float64Array;
  /** What the factor's own terms multiply ½‖p_r‖₂² by: λ₂·‖f_r‖₂² and those of graph and remove. */
  readonly energy: Float64Array;
  /** The attract term. */
  readonly apart: number;
}

/** What a solve for one factor adds to its normal equations: G_rs + `coupling`, G_rr + `ridge[r]`, and `linear[r]` beside ‖f_r‖₁. */
export interface StepTerms {
  readonly ridge: Float64Array;
  readonly linear: Float64Array;
  /** k × k, zero on the diagonal; null: nothing. */
  readonly coupling: Float64Array | null;
}

/**
 * The penalties as seen from a solve for one factor while its partner stands still, `rms` being σ. What links columns of
 * the factor to one another or to a target is not among them.
 *
 * Terms that hold ‖f_r‖₂ are not quadratic. Each is replaced by a parabola that touches it at the present f̃ and lies above
 * it elsewhere, so that a solve still never raises J: ‖f‖ ≤ ‖f‖² / (2‖f̃‖) + ‖f̃‖ / 2; √‖f‖ ≤ ‖f‖² / (4‖f̃‖^1.5) + …;
 * ‖f_r‖·‖f_s‖ ≤ ½(‖f_r‖²·‖f̃_s‖/‖f̃_r‖ + ‖f_s‖²·‖f̃_r‖/‖f̃_s‖). A row that is zero has an infinite ridge then: it stays zero.
 */
export function stepTerms(
  own: FactorTerms,
  partner: FactorTerms,
  ownSums: FactorSums,
  partnerSums: FactorSums,
  rms: number,
): StepTerms {
  const k = ownSums.l2.length;
  const ridge = new Float64Array(k);
  const linear = new Float64Array(k);
  const coupling = own.angular > 0 ? new Float64Array(k * k) : null;
  const ownRoot = Math.sqrt(ownSums.length);
  const partnerRoot = Math.sqrt(partnerSums.length);
  const die = (own.L21 + partner.L21) * (ownRoot * partnerRoot) ** 1.5 * Math.sqrt(rms);
  for (let r = 0; r < k; r++) {
    const [f, p] = [ownSums.l2[r], partnerSums.l2[r]];
    linear[r] = own.L1 * partnerRoot * p;
    ridge[r] = own.L2 * p * p + partnerSums.energy[r];
    let pull = partner.L1 * ownRoot * partnerSums.l1[r];
    if (partner.angular > 0) {
      for (let s = 0; s < k; s++) {
        if (s !== r) pull += partner.angular * partnerSums.gram[r * k + s] * ownSums.l2[s];
      }
    }
    if (die > 0) pull += (die / 2) * Math.sqrt(p / f);
    if (pull > 0) ridge[r] += pull / f;
    if (coupling === null) continue;
    for (let s = 0; s < k; s++) if (s !== r) coupling[r * k + s] = own.angular * p * partnerSums.l2[s];
  }
  return { ridge, linear, coupling };
}

/** The value of all penalties, `rms` being σ. */
export function penalty(W: FactorTerms, H: FactorTerms, wSums: FactorSums, hSums: FactorSums, rms: number): number {
  const k = wSums.l2.length;
  const m = Math.sqrt(wSums.length);
  const n = Math.sqrt(hSums.length);
  const die = (W.L21 + H.L21) * (m * n) ** 1.5 * Math.sqrt(rms);
  let sum = wSums.apart + hSums.apart;
  for (let r = 0; r < k; r++) {
    const w = wSums.l2[r];
    const h = hSums.l2[r];
    sum += 0.5 * (wSums.energy[r] * h * h + hSums.energy[r] * w * w);
    sum += H.L1 * m * w * hSums.l1[r] + W.L1 * n * h * wSums.l1[r] + die * Math.sqrt(w * h);
    for (let s = 0; s < r; s++) {
      const [inW, inH] = [wSums.gram[r * k + s], hSums.gram[r * k + s]];
      if (W.angular > 0) sum += W.angular * h * hSums.l2[s] * inW;
      if (H.angular > 0) sum += H.angular * w * wSums.l2[s] * inH;
    }
  }
  return sum;
}

/** Whether the terms of a factor change when scale moves between it and its partner. */
export function fixesScale({ upperBound, target }: FactorTerms): boolean {
  return upperBound !== null || (target !== null && target.lambda > 0);
}

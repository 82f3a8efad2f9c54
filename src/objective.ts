/**
 * What is minimised: J = ½‖X − W·H‖² + the penalties of both factors, where W and H hold the scale.
 *
 * A factor F stands for its k rows f_r (columns of W, rows of H) of length n_F; P is its partner. Its terms in J are
 *
 *   L1:  λ · Σ_r √n_P · ‖p_r‖₂ · ‖f_r‖₁      L2:  ½λ · Σ_r ‖p_r‖₂² · ‖f_r‖₂²
 *
 * Each is unchanged when scale moves from F to P, and comparable between data sets of different size.
 */

export type Side = 'W' | 'H';

/** The terms one factor adds to the objective, every field set. */
export interface FactorTerms {
  /** λ of the L1 term, ≥ 0, in units of the data. */
  readonly L1: number;
  /** λ of the L2 term, ≥ 0, a ratio: 0.1 adds 10% to the diagonal of the Gram matrix. */
  readonly L2: number;
  /** Entries may not fall below zero. */
  readonly nonneg: boolean;
}

/** How W and H are scaled once a fit is over; the rest goes into `d`. */
export type Norm = 'L1' | 'L2' | 'none';

/** Lengths of each factor's k rows, and how many entries a row has. */
export interface FactorNorms {
  readonly length: number;
  /** ‖f_r‖₁ */
  readonly l1: Float64Array;
  /** ‖f_r‖₂ */
  readonly l2: Float64Array;
}

/** What a solve for one factor adds to its normal equations: G_rr + `ridge[r]`, and `linear[r]` beside ‖f_r‖₁. */
export interface StepTerms {
  readonly ridge: Float64Array;
  readonly linear: Float64Array;
}

/**
 * The penalties as seen from a solve for one factor while its partner stands still.
 *
 * The partner's L1 term holds ‖f_r‖₂, which is not quadratic; it is replaced by the tangent parabola
 * ‖f_r‖₂ ≤ ‖f_r‖₂² / (2‖f̃_r‖₂) + ‖f̃_r‖₂ / 2 at the present f̃, so a solve still never raises J.
 * A row that is zero there has an infinite ridge: it stays zero.
 */
export function stepTerms(
  own: FactorTerms,
  partner: FactorTerms,
  ownNorms: FactorNorms,
  partnerNorms: FactorNorms,
): StepTerms {
  const k = ownNorms.l2.length;
  const ridge = new Float64Array(k);
  const linear = new Float64Array(k);
  const ownRoot = Math.sqrt(ownNorms.length);
  const partnerRoot = Math.sqrt(partnerNorms.length);
  for (let r = 0; r < k; r++) {
    linear[r] = own.L1 * partnerRoot * partnerNorms.l2[r];
    ridge[r] = (own.L2 + partner.L2) * partnerNorms.l2[r] * partnerNorms.l2[r];
    const pull = partner.L1 * ownRoot * partnerNorms.l1[r];
    if (pull > 0) ridge[r] += pull / ownNorms.l2[r];
  }
  return { ridge, linear };
}

/** The value of all penalties. */
export function penalty(W: FactorTerms, H: FactorTerms, wNorms: FactorNorms, hNorms: FactorNorms): number {
  const m = Math.sqrt(wNorms.length);
  const n = Math.sqrt(hNorms.length);
  let sum = 0;
  for (let r = 0; r < wNorms.l2.length; r++) {
    const w = wNorms.l2[r];
    const h = hNorms.l2[r];
    sum += 0.5 * (W.L2 + H.L2) * w * w * h * h + H.L1 * m * w * hNorms.l1[r] + W.L1 * n * h * wNorms.l1[r];
  }
  return sum;
}

/** Convergence is judged over so many accepted iterations. */
const WINDOW = 5;
/** Falls of J between these fractions of it may be true and yet too small for the measure to see. */
const INVISIBLE = { from: 1e-15, to: 1e-8 };

/** Whether J, which seems to have risen from `before`, may have fallen by `fall` all the same. */
export const isInvisible = (fall: number, before: number): boolean =>
  fall > INVISIBLE.from * before && fall < INVISIBLE.to * before;

/** Whether J has fallen by less than `tol`, relatively, over the last accepted iterates. */
export function settled(history: readonly { readonly objective: number }[], tol: number): boolean {
  if (history.length <= WINDOW) return false;
  const now = history[history.length - 1].objective;
  return Math.abs(history[history.length - 1 - WINDOW].objective - now) <= tol * now;
}

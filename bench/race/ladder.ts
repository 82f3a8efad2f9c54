/** Numbers of iterations at which a fit is looked at: all of the first, then steps of a fifth to a third. */
export function ladder(top: number): readonly number[] {
  const rungs: number[] = [];
  for (let rung = 1; rung <= top; rung = nextRung(rung)) rungs.push(rung);
  return rungs;
}

function nextRung(rung: number): number {
  if (rung < 6) return rung + 1;
  const octave = 2 ** Math.floor(Math.log2(rung));
  return rung + Math.max(1, octave / 4);
}

/** The rungs that draw a curve. */
export const isPowerOfTwo = (rung: number): boolean => Number.isInteger(Math.log2(rung));

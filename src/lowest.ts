/** So many are put in their places as they come; more are sorted. */
const FEW = 64;

/** The places of the lowest numbers but one, lowest first and of equals the first: as many as asked for, or all there are. */
export function lowest(numbers: Float64Array, most: number, but: number): readonly number[] {
  if (most > FEW)
    return Array.from(numbers.keys())
      .filter((i) => i !== but)
      .sort((a, b) => numbers[a] - numbers[b] || a - b)
      .slice(0, most);
  const found: number[] = [];
  for (let i = 0; i < numbers.length; i++) {
    if (i === but || (found.length === most && numbers[i] >= numbers[found[most - 1]])) continue;
    let at = found.length;
    while (at > 0 && numbers[found[at - 1]] > numbers[i]) at--;
    found.splice(at, 0, i);
    if (found.length > most) found.pop();
  }
  return found;
}

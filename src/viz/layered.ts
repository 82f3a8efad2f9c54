/** A vertex of a graph without cycles, after all that it reads. */
export interface Read {
  readonly id: string;
  readonly reads: readonly string[];
}

export interface Laid {
  /** Where each vertex stands: its level from 0, and its place across, in widths of a vertex. */
  readonly at: ReadonlyMap<string, { readonly level: number; readonly place: number }>;
  /** The bends of each edge from first to last, its ends among them. */
  readonly edges: readonly (readonly { readonly level: number; readonly place: number }[])[];
  readonly levels: number;
  /** Vertices and passing edges of the widest level. */
  readonly widest: number;
}

const SWEEPS = 8;

/**
 * A drawing in levels (Sugiyama, Tagawa & Toda 1981): a vertex stands below all that it reads; an edge over several levels has a
 * place in each; and places are in the order of the mean of their neighbours', over sweeps down and up.
 */
export function layered(vertices: readonly Read[]): Laid {
  const level = new Map<string, number>();
  for (const { id, reads } of vertices)
    level.set(
      id,
      reads.reduce((most, read) => Math.max(most, (level.get(read) ?? 0) + 1), 0),
    );
  // Data stand right above the first that reads them.
  for (const { id, reads } of [...vertices].reverse()) {
    const readers = vertices.filter((other) => other.reads.includes(id)).map((other) => level.get(other.id) ?? 0);
    if (reads.length === 0 && readers.length > 0) level.set(id, Math.min(...readers) - 1);
  }
  const at = (id: string) => level.get(id) ?? 0;
  const rows: string[][] = Array.from({ length: Math.max(...level.values()) + 1 }, () => []);
  for (const { id } of vertices) rows[at(id)].push(id);

  const above = new Map<string, string[]>();
  const below = new Map<string, string[]>();
  const join = (upper: string, lower: string) => {
    below.set(upper, [...(below.get(upper) ?? []), lower]);
    above.set(lower, [...(above.get(lower) ?? []), upper]);
  };
  const paths = vertices.flatMap(({ id, reads }) =>
    [...new Set(reads)].map((read) => {
      const path = [read];
      for (let l = at(read) + 1; l < at(id); l++) {
        const bend = `${read} ${id} ${l}`;
        rows[l].push(bend);
        path.push(bend);
      }
      path.push(id);
      path.slice(1).forEach((next, i) => { join(path[i], next); }); // biome-ignore format: one thought
      return path;
    }),
  );

  const widest = Math.max(...rows.map((row) => row.length));
  const place = new Map<string, number>();
  const spread = (row: readonly string[]) => row.forEach((id, i) => { place.set(id, i - (row.length - 1) / 2); }); // biome-ignore format: one thought
  rows.forEach(spread);
  const sort = (row: string[], neighbours: ReadonlyMap<string, readonly string[]>) => {
    const wanted = new Map(
      row.map((id) => {
        const own = neighbours.get(id) ?? [];
        const sum = own.reduce((total, other) => total + (place.get(other) ?? 0), 0);
        return [id, own.length === 0 ? (place.get(id) ?? 0) : sum / own.length];
      }),
    );
    row.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0));
    spread(row);
  };
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const row of rows.slice(1)) sort(row, above);
    for (const row of rows.slice(0, -1).reverse()) sort(row, below);
  }
  const bends = new Map(rows.flatMap((row, l) => row.map((id) => [id, { level: l, place: place.get(id) ?? 0 }])));
  const where = (id: string) => bends.get(id) ?? { level: 0, place: 0 };
  return {
    at: new Map(vertices.map(({ id }) => [id, where(id)])),
    edges: paths.map((path) => path.map(where)),
    levels: rows.length,
    widest,
  };
}

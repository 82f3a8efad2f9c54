import fc from 'fast-check';
import { expect, test } from 'vitest';
import { layered, type Read } from '../../src/viz/layered.js';

/** Graphs without cycles: each vertex reads some of those before it. */
const graphs = fc
  .array(fc.array(fc.nat(20), { maxLength: 3 }), { minLength: 1, maxLength: 12 })
  .map((list) => list.map((reads, i): Read => ({ id: `v${i}`, reads: i === 0 ? [] : reads.map((r) => `v${r % i}`) })));

test('every vertex stands below all that it reads, and no two in one place', () => {
  fc.assert(
    fc.property(graphs, (vertices) => {
      const { at, edges, levels, widest } = layered(vertices);
      const where = (id: string) => at.get(id) ?? { level: NaN, place: NaN };
      for (const { id, reads } of vertices)
        for (const read of reads) expect(where(read).level).toBeLessThan(where(id).level);
      const places = vertices.map(({ id }) => `${where(id).level} ${where(id).place}`);
      expect(new Set(places).size).toBe(vertices.length);
      for (const { level, place } of [...at.values()]) {
        expect(level >= 0 && level < levels).toBe(true);
        expect(Math.abs(place)).toBeLessThanOrEqual((widest - 1) / 2);
      }
      expect(edges).toHaveLength(vertices.reduce((sum, { reads }) => sum + new Set(reads).size, 0));
      for (const path of edges) path.slice(1).forEach(({ level }, i) => { expect(level).toBe(path[i].level + 1); }); // biome-ignore format: one thought
    }),
  );
});

test('two chains that are given crosswise are drawn side by side', () => {
  const { at } = layered([
    { id: 'a', reads: [] },
    { id: 'b', reads: [] },
    { id: 'of b', reads: ['b'] },
    { id: 'of a', reads: ['a'] },
  ]);
  const place = (id: string) => at.get(id)?.place ?? NaN;
  expect(Math.sign(place('a') - place('b'))).toBe(Math.sign(place('of a') - place('of b')));
});

import { describe, expect, test } from 'vitest';
import { factorInput, factorNet, factorShared, nmfLayer, type Progress, partialFit } from '../../src/index.js';
import { uniform } from '../support/matrices.js';

const x = factorInput(uniform(300, 200, 1), { name: 'x' });
const fine = nmfLayer(x, { name: 'a', k: 6, maxIter: 20 });
const chain = nmfLayer(factorShared(x, fine), { name: 'b', k: 12 });
const net = factorNet(chain, { seed: 1, maxIter: 100_000, tol: 0 });

describe.each(['reference', 'auto'] as const)('on the %s kernels', (backend) => {
  test('a cancelled fit rejects with the reason, which holds what was reached', async () => {
    const control = new AbortController();
    const reason = new Error('enough');
    const onProgress = ({ layer, iteration }: Progress) => {
      if (layer === 'b' && iteration === 5) control.abort(reason);
    };
    const error = await net.fit({ backend, signal: control.signal, onProgress }).catch((caught: unknown) => caught);
    expect(error).toBe(reason);
    const partial = partialFit(error);
    const layers = partial?.layers ?? {};
    expect([partial?.stoppedIn, partial?.seed]).toEqual(['b', 1]);
    expect(Object.keys(layers)).toEqual(['a', 'b']);
    expect(layers.a?.iterations).toBe(20);
    expect(layers.b?.iterations).toBeGreaterThanOrEqual(5);
    expect(layers.b?.converged).toBe(false);
    expect(layers.b?.history.at(-1)?.loss).toBe(layers.b?.loss);
  });

  test('cancelled before it began', async () => {
    await expect(net.fit({ backend, signal: AbortSignal.abort('no') })).rejects.toBe('no');
    expect([partialFit('no'), partialFit(undefined), partialFit(new Error('other'))]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('a reason that is no object is passed on as it is', async () => {
    const control = new AbortController();
    const fit = net.fit({ backend, signal: control.signal, onProgress: () => control.abort(42) });
    await expect(fit).rejects.toBe(42);
  });

  test('a timeout is a DOMException', async () => {
    const fit = net.fit({ backend, signal: AbortSignal.timeout(30) });
    await expect(fit).rejects.toMatchObject({ name: 'TimeoutError', partial: { seed: 1 } });
  });

  test('an error in onProgress ends the fit with that error', async () => {
    const error = new Error('in the callback');
    const fit = net.fit({
      backend,
      onProgress: () => {
        throw error;
      },
    });
    await expect(fit).rejects.toBe(error);
  });

  test('progress: every layer in order, iterations rising, one last event when a layer is done', async () => {
    const events: Progress[] = [];
    const short = factorNet(chain, { seed: 1, maxIter: 30 });
    const fit = await short.fit({ backend, onProgress: (event) => events.push(event) });
    const done = events.filter((event) => event.done);
    expect(done.map(({ layer, index, layers }) => [layer, index, layers])).toEqual([
      ['a', 1, 2],
      ['b', 2, 2],
    ]);
    expect(done[1]).toMatchObject({
      iteration: fit.b.iterations,
      loss: fit.b.loss,
      objective: fit.b.objective,
      maxIter: 30,
    });
    expect(events.indexOf(done[0])).toBeLessThan(events.findIndex(({ layer }) => layer === 'b'));
    const ofA = events.filter(({ layer, done: last }) => layer === 'a' && !last).map(({ iteration }) => iteration);
    expect(ofA).toEqual(ofA.map((_, i) => i + 1));
    const losses = new Map(fit.a.history.map(({ iteration, loss }) => [iteration, loss]));
    for (const event of events.filter(({ layer }) => layer === 'a'))
      expect(event.loss).toBe(losses.get(event.iteration));
  });

  test('cancelled in its last moment, a fit is still cancelled', async () => {
    const control = new AbortController();
    const short = factorNet(chain, { seed: 1, maxIter: 3 });
    const onProgress = ({ layer, done }: Progress) => {
      if (layer === 'b' && done) control.abort(new Error('late'));
    };
    const error = await short.fit({ backend, signal: control.signal, onProgress }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ message: 'late' });
    expect(partialFit(error)).toMatchObject({ stoppedIn: 'b', layers: { b: { iterations: 3 } } });
  });

  test('memory that can not be had is an error, and the process lives', async () => {
    const small = factorInput(uniform(3, 3, 1), { name: 'small' });
    for (const k of [60_000, 2_000_000_000]) {
      const fit = factorNet(nmfLayer(small, { name: 'a', k, maxIter: 1 })).fit({ backend });
      await expect(fit).rejects.toMatchObject({ name: 'KernelError', code: 'out-of-memory', layer: 'a' });
    }
  });

  test('fits can run side by side', async () => {
    const short = factorNet(chain, { seed: 1, maxIter: 30 });
    const fits = await Promise.all(Array.from({ length: 8 }, () => short.fit({ backend })));
    for (const fit of fits) expect(fit.b.H).toEqual(fits[0].b.H);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digamma, logGamma, trigamma } from '../src/gamma-function.js';

const positive = fc.double({ min: 1e-8, max: 1e8, noNaN: true });
const close = (a: number, b: number, to = 1e-13) =>
  expect(Math.abs(a - b)).toBeLessThanOrEqual(to * Math.max(1, Math.abs(b)));

describe('log Γ', () => {
  it('is that of factorials', () => {
    let logs = 0;
    for (let n = 1; n <= 170; n++) {
      close(logGamma(n), logs);
      logs += Math.log(n);
    }
  });

  it.each([
    [0.5, 0.5723649429247001],
    [1.5, -0.1207822376352452],
    [0.1, 2.252712651734206],
    [1e-5, 11.512919692895824],
    [100.5, 361.4355404677776],
    [1e10, 220258509288.81058],
  ])('of %d is %d', (x, value) => {
    close(logGamma(x), value);
  });

  it('steps by log x', () => {
    fc.assert(
      fc.property(positive, (x) => {
        close(logGamma(x + 1) - Math.log(x), logGamma(x), 1e-12);
      }),
    );
  });

  it('has ends', () => {
    expect(logGamma(0)).toBe(Number.POSITIVE_INFINITY);
    expect(logGamma(-0.5)).toBeNaN();
    expect(logGamma(1e300)).toBeCloseTo(1e300 * (Math.log(1e300) - 1), -290);
  });
});

describe('ψ and ψ′', () => {
  const EULER = 0.5772156649015329;

  it('have known values', () => {
    close(digamma(1), -EULER);
    close(digamma(0.5), -EULER - 2 * Math.LN2);
    close(digamma(10), 2.251752589066721);
    close(trigamma(1), Math.PI ** 2 / 6);
    close(trigamma(0.5), Math.PI ** 2 / 2);
    close(trigamma(10), 0.10516633568168575);
  });

  it('step by powers of x', () => {
    fc.assert(
      fc.property(positive, (x) => {
        close(digamma(x + 1) - 1 / x, digamma(x), 1e-12);
        close(trigamma(x + 1) + 1 / x ** 2, trigamma(x), 1e-12);
      }),
    );
  });

  it('are derivatives', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 1e3, noNaN: true }), (x) => {
        const h = 1e-4 * x;
        close((logGamma(x + h) - logGamma(x - h)) / (2 * h), digamma(x), 1e-5);
        close((digamma(x + h) - digamma(x - h)) / (2 * h), trigamma(x), 1e-5);
      }),
    );
  });

  it('have ends', () => {
    expect(digamma(0)).toBe(Number.NEGATIVE_INFINITY);
    expect(trigamma(0)).toBe(Number.POSITIVE_INFINITY);
    expect(digamma(-1)).toBeNaN();
    expect(trigamma(-1)).toBeNaN();
  });
});

// Alternating minimisation, one exact non-negative least-squares problem after the other: A ≈ Y·X, X first.
import { alternatingNnls, factorInput, factorNet, nmfLayer, rRandom } from 'factorloom';

// In R: set.seed(0); A <- matrix(runif(50), 10) %*% matrix(runif(50), 5); Y <- matrix(runif(50), 10)
const { runif } = rRandom(0);
const [left, right] = [runif(50), runif(50)];
const A = Array.from({ length: 10 }, (_, i) =>
  Array.from({ length: 10 }, (_, j) =>
    [0, 1, 2, 3, 4].reduce((sum, r) => sum + left[i + 10 * r] * right[r + 5 * j], 0),
  ),
);
const Y = { rows: 10, cols: 5, data: runif(50) };

const { W, H, residuals } = await alternatingNnls(A, { start: { W: Y }, halfSteps: 30 });
residuals.forEach((residual, t) => {
  console.log(`half-step ${t + 1}, ${t % 2 === 0 ? 'X' : 'Y'}: residual ${residual.toFixed(6)}`);
});
console.log(`smallest entry of Y ${Math.min(...W.data).toFixed(4)}, of X ${Math.min(...H.data).toFixed(4)}`);

// In a graph: an iteration of the layer is two half-steps. It takes an H to begin with, which an exact step doesn't look at.
const start = { W: Y, H: { rows: 5, cols: 10, data: new Float64Array(50).fill(1) } };
const layer = nmfLayer(factorInput(A, { name: 'a' }), { name: 'x', k: 5, solver: 'bpp', start, maxIter: 15, tol: 0 });
const { x } = await factorNet(layer).fit();
console.log(`the layer after ${x.iterations} iterations: residual ${Math.sqrt(100 * x.loss).toFixed(6)}`);

// Extrapolated, the same layer comes further in as many.
const spec = { name: 'x', k: 5, solver: 'bpp', accelerate: 'her', start, maxIter: 15, tol: 0 } as const;
const { x: faster } = await factorNet(nmfLayer(factorInput(A, { name: 'a' }), spec)).fit();
console.log(`extrapolated: residual ${Math.sqrt(100 * faster.loss).toExponential(1)}`);

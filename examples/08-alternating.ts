// Alternating minimisation, one exact non-negative least-squares problem after the other: A ≈ Y·X, X first.
import {
  alternatingNnls,
  entry,
  factorInput,
  factorNet,
  nmfLayer,
  plotHeatmap,
  plotLoss,
  rRandom,
  toRows,
} from 'factorloom';
import { save } from './save.js';

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
const YX = A.map((_, i) =>
  A.map((_, j) => [0, 1, 2, 3, 4].reduce((sum, r) => sum + entry(W, i, r) * entry(H, r, j), 0)),
);
const rest = A.map((own, i) => own.map((a, j) => a - YX[i][j]));
console.log(`smallest entry of Y ${Math.min(...W.data).toFixed(4)}, of X ${Math.min(...H.data).toFixed(4)}`);

const matrices = { A, Y: toRows(W), X: toRows(H), 'A − YX': rest };
for (const [name, rows] of Object.entries(matrices)) {
  console.log(`\n${name}`);
  for (const own of rows) console.log(own.map((x) => x.toFixed(name === 'A − YX' ? 4 : 2).padStart(7)).join(' '));
}
const history = Array.from(residuals, (residual, t) => ({ iteration: t + 1, loss: residual }));
const look = { value: '‖A − YX‖', title: 'Residual after each half-step' };
await save('alternating-residual', plotLoss({ history }, look));
await save('alternating-matrices', plotHeatmap({ A, YX }, { title: 'A, and what two factors make of it' }));

// In a graph: an iteration of the layer is two half-steps. It takes an H to begin with, which an exact step doesn't look at.
const start = { W: Y, H: { rows: 5, cols: 10, data: new Float64Array(50).fill(1) } };
const layer = nmfLayer(factorInput(A, { name: 'a' }), { name: 'x', k: 5, solver: 'bpp', start, maxIter: 15, tol: 0 });
const { x } = await factorNet(layer).fit();
console.log(`the layer after ${x.iterations} iterations: residual ${Math.sqrt(100 * x.loss).toFixed(6)}`);

// Extrapolated, the same layer comes further in as many.
const spec = { name: 'x', k: 5, solver: 'bpp', accelerate: 'her', start, maxIter: 15, tol: 0 } as const;
const { x: faster } = await factorNet(nmfLayer(factorInput(A, { name: 'a' }), spec)).fit();
console.log(`extrapolated: residual ${Math.sqrt(100 * faster.loss).toExponential(1)}`);

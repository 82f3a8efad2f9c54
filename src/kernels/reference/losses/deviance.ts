import { transpose } from '../../../matrix.js';
import type { Deviance, DevianceArgs } from '../../kernels.js';
import { blocksOf } from '../blocks.js';
import { checkDeviance } from '../check.js';
import { createPause } from '../pause.js';
import { dotColumns } from '../products.js';
import { dataOf } from './data.js';
import { deviancesOf, factsOf, modelOf } from './model.js';

/** Mean deviance of X and W·H, entry by entry, over those that are not missing, each as much as it counts. */
export async function deviance(args: DevianceArgs): Promise<Deviance> {
  checkDeviance(args);
  const { X, W, H, weights, loss } = args;
  const pause = createPause();
  const data = dataOf(blocksOf(X), weights);
  const panel = transpose(W);
  const facts = await factsOf(data, loss, pause);
  return deviancesOf(data, modelOf(loss), (i, j) => dotColumns(panel, i, H, j), facts, pause);
}

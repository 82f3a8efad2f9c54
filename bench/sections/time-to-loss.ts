import type { Context } from '../context.js';
import { Skip } from '../context.js';
import type { About, Sklearn } from '../peers/sklearn.js';
import { startSklearn } from '../peers/sklearn.js';
import type { Case } from '../race/cases.js';
import { hasty } from '../race/cases.js';
import { race } from '../race/race.js';
import type { RaceResult } from '../race/result.js';

export interface TimeToLoss {
  readonly peer: About | { readonly skipped: string };
  readonly races: readonly RaceResult[];
  readonly skipped: readonly { readonly id: string; readonly reason: string }[];
}

/** Seconds until the loss is within 1%, 0.1% and 0.01% of the best known one, ours and scikit-learn's. */
export async function timeToLoss(context: Context, cases: readonly Case[]): Promise<TimeToLoss> {
  const peer = await peerOrReason(context);
  const races: RaceResult[] = [];
  const skipped: { id: string; reason: string }[] = [];
  try {
    for (const one of cases) {
      try {
        races.push(await race(context, context.quick ? hasty(one) : one, 'skipped' in peer ? null : peer));
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (!(error instanceof Skip)) {
          process.exitCode = 1;
          console.error(error);
        }
        context.log(`${one.id}: skipped, ${reason}`);
        skipped.push({ id: one.id, reason: error instanceof Skip ? reason : `it failed: ${reason}` });
      }
    }
  } finally {
    if (!('skipped' in peer)) peer.end();
  }
  return { peer: 'skipped' in peer ? peer : peer.about, races, skipped };
}

async function peerOrReason({ threads, log }: Context): Promise<Sklearn | { readonly skipped: string }> {
  try {
    return await startSklearn(threads, log);
  } catch (error) {
    if (!(error instanceof Skip)) throw error;
    log(`scikit-learn: skipped, ${error.message}`);
    return { skipped: error.message };
  }
}

import type { NmfStep, Plan, Step, SvdStep } from '../../compiler/plan.js';
import type { Norm, Side } from '../../objective.js';

/** The step of a layer with a W and an H of its own: what is trained jointly. */
export type TrainedStep = NmfStep | SvdStep;

export const isTrained = (step: Step): step is TrainedStep => step.op === 'nmf' || step.op === 'svd';

export const trainedSteps = ({ fit }: Plan): readonly TrainedStep[] => fit.filter(isTrained);

/** Whether a factor may not fall below zero; those of an SVD may. */
export const staysPositive = (step: TrainedStep, side: Side): boolean => step.op === 'nmf' && step.args[side].nonneg;

/** The length that the vectors of a layer are brought to; those of an SVD are unit vectors. */
export const normOf = (step: TrainedStep): Norm => (step.op === 'nmf' ? step.args.norm : 'L2');

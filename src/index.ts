export { type Assessment, type AssessOptions, assess } from './assess/assess.js';
export { batchMixing } from './assess/batch-mixing.js';
export { adjustedRandIndex, normalizedMutualInformation } from './assess/clusterings.js';
export type { Metric } from './assess/distances.js';
export { type LogisticOptions, logisticAccuracy } from './assess/logistic.js';
export { type NeighbourOptions, nearestNeighbourAccuracy } from './assess/nearest-neighbours.js';
export { separability } from './assess/separability.js';
export { type SilhouetteOptions, silhouette } from './assess/silhouette.js';
export { type Bipartition, type BipartitionOptions, bipartition } from './cluster/bipartition.js';
export { type ClusterNode, type Dclust, type DclustOptions, type DclustProgress, dclust } from './cluster/dclust.js';
export { type Aligned, type AlignOptions, align } from './compare/align.js';
export { type BipartiteMatch, bipartiteMatch } from './compare/bipartite-match.js';
export type { Factors } from './compare/factors.js';
export { correlation, cosine, type LinesOptions } from './compare/similarity.js';
export { type FactorSparsity, type Sparsity, sparsity } from './compare/sparsity.js';
export type { Plan } from './compiler/plan.js';
export type { Merge } from './consensus/average-linkage.js';
export { factorAdd, factorConcat, factorCondition, factorShared } from './dsl/combine.js';
export type {
  AddOptions,
  ConditionOptions,
  FactorConfig,
  FactorOptions,
  GivenStart,
  GraphConfig,
  InputOptions,
  NmfSpec,
  SharedOptions,
  SvdSpec,
  Weight,
} from './dsl/config.js';
export { H, W } from './dsl/config.js';
export type {
  Condition,
  ConditionExpr,
  ConditionOn,
  ConditionRef,
  FactorExpr,
  FactorRef,
  GraphTypeError,
  InputExpr,
  InputRef,
  InputsOf,
  LayerExpr,
  LayerMap,
  LayerOn,
  LayerRef,
  LayersOf,
  MembersOf,
  MergedLayers,
  ModalityOf,
  NoLayers,
  PartsOf,
  RankOf,
  Ref,
  SharedExpr,
  SharedOn,
  SharedRef,
  Simplify,
} from './dsl/expr.js';
export { factorInput } from './dsl/input.js';
export { nmfLayer, svdLayer } from './dsl/layers.js';
export { type Environment, environment, type OptionalPeer } from './environment/environment.js';
export {
  BackendUnavailableError,
  GraphError,
  IoError,
  type IoErrorCode,
  type IoPlace,
  KernelError,
  type KernelErrorCode,
  MissingPeerError,
  ModelFileError,
  type ModelFileErrorCode,
  ReportError,
  SweepStoreError,
  type SweepStoreErrorCode,
  SweepWorkerError,
  type SweepWorkerErrorCode,
} from './errors.js';
export type { MatrixFormat } from './files/formats/detect.js';
export { type FileFacts, inspectFile } from './files/inspect-file.js';
export { type ReadLabelsOptions, readLabels } from './files/read-labels.js';
export { type FileMatrix, type FileNames, type ReadMatrixOptions, readMatrix } from './files/read-matrix.js';
export type { ReadProgress } from './files/watch.js';
export { type WriteMatrixOptions, type WrittenFormat, writeMatrix } from './files/write-matrix.js';
export { computeTarget, type TargetOptions } from './guidance/compute-target.js';
export { type RefineOptions, refine } from './guidance/refine.js';
export { loadGraph, saveGraph } from './io/graph-file.js';
export type { DataPlace, GraphFile, GraphFileNode, JsonOptions } from './io/graph-schema.js';
export { loadFit, type SavedFit, saveFit } from './io/model-file.js';
export { type GraphData, graphFromJSON, type ReadGraph } from './io/read-graph.js';
export { type GraphFileOptions, graphToJSON } from './io/write-graph.js';
export { type WriteH5adOptions, writeH5ad } from './io/write-h5ad.js';
export type { GraphIssue, GraphIssueCode } from './issues.js';
export type { JsonValue } from './json.js';
export type { Backend } from './kernels/select.js';
export type { Label } from './labels.js';
export { type ChooseLossOptions, chooseLoss, type LossCandidate, type LossChoice } from './likelihood/choose-loss.js';
export type { CountDiagnostics } from './likelihood/count-diagnostics.js';
export type { CountLoss, LossOption, LossParameter } from './loss.js';
export type { EntrySet, MaskInput } from './mask.js';
export {
  type CscMatrix,
  column,
  type DenseData,
  type DenseMatrix,
  entry,
  type Floats,
  type Matrix,
  row,
  toRows,
} from './matrix.js';
export type { MatrixInput } from './matrix-input.js';
export { type CheckpointOptions, type FactorNet, type FitOptions, factorNet } from './net/net.js';
export {
  type AlternatingNnls,
  type AlternatingNnlsOptions,
  alternatingNnls,
} from './nnls/alternating.js';
export { type Nnls, type NnlsOptions, nnls } from './nnls/nnls.js';
export { type ConsensusNmf, type ConsensusOptions, consensusNmf } from './plain/consensus-nmf.js';
export { type EvaluateOptions, evaluate, type Model, mse } from './plain/evaluate.js';
export { nmf, type PlainNmfOptions } from './plain/nmf.js';
export type { PlainFit, PlainOptions } from './plain/one-layer.js';
export { project } from './plain/project.js';
export { reconstruct } from './plain/reconstruct.js';
export { type PlainSvdOptions, pca, svd } from './plain/svd.js';
export { type LogNormalizeOptions, logNormalize } from './prepare/log-normalize.js';
export type { Prepared } from './prepare/prepare.js';
export { type ScaleFeaturesOptions, type ScaleSamplesOptions, scaleFeatures, scaleSamples } from './prepare/scale.js';
export { type TfidfOptions, tfidf } from './prepare/tfidf.js';
export { type RRandom, rRandom } from './random/r-random.js';
export type { FitReportOptions, SweepReportOptions } from './report-options.js';
export type {
  FactorSet,
  FitSummary,
  GraphFit,
  HistoryEntry,
  InputSummary,
  LayerFit,
  Progress,
  ProjectOptions,
  ReconstructOptions,
  Strongest,
  Variance,
} from './runtime/fit.js';
export { type PartialFit, partialFit } from './runtime/partial.js';
export type { Similarity } from './similarity.js';
export { type Simulated, type SimulateNmfOptions, simulateNmf } from './simulate/simulate-nmf.js';
export { type Limb, type SimulateSwimmerOptions, type Swimmer, simulateSwimmer } from './simulate/simulate-swimmer.js';
export type { Acceleration, Memory, Precision, Rng, Solver, StartMethod, SvdSolver } from './solver.js';
export type { Eliminated, PointSummary } from './sweep/choice.js';
export { crossValidateRank, type RankOptions } from './sweep/cross-validate-rank.js';
export type { Diagnostics, RankDiagnostics } from './sweep/diagnose.js';
export type { Asked as SweepFits } from './sweep/fits/ask.js';
export type { Keep } from './sweep/fits/settle.js';
export type { HoldOutKind } from './sweep/held-out.js';
export type { SweepOptions, SweepRunOptions } from './sweep/options.js';
export type { SweepProgress } from './sweep/progress.js';
export { type RankSurvey, type RankSurveyOptions, rankSurvey, type SurveyedRank } from './sweep/rank-survey.js';
export type { FailedRow, FittedRow, Look, RowError, SweepRow } from './sweep/rows.js';
export type { InputScore } from './sweep/score.js';
export type { Work } from './sweep/shared-steps.js';
export { type ParamsOf, type ParamValue, type Range, type RangeOptions, range, type Space } from './sweep/space.js';
export { openSweep, type StoredSweep } from './sweep/store/open-sweep.js';
export { crossValidateGraph, graphSweep, type Sweep, SweepError, type SweepResult } from './sweep/sweep.js';
export { type AgreementOptions, plotAgreement } from './viz/agreement.js';
export { type AssignmentsOptions, plotAssignments, type WithEmbedding } from './viz/assignments.js';
export {
  type CompositionOptions,
  type FactorsByGroupOptions,
  plotComposition,
  plotFactorsByGroup,
} from './viz/by-group.js';
export type { Ramp } from './viz/colours.js';
export { type ConnectionsOptions, type LayerNameOf, plotConnections } from './viz/connections.js';
export { type GraphPlotOptions, plotGraph } from './viz/graph.js';
export { type ConsensusPlotOptions, type HeatmapOptions, plotConsensus, plotHeatmap } from './viz/heatmap.js';
export { type ImportanceOptions, plotImportance } from './viz/importance.js';
export { type LoadingsOptions, plotLoadings } from './viz/loadings.js';
export { type LossPlotOptions, plotLoss, type WithLooks } from './viz/loss.js';
export { type MatchesOptions, plotMatches } from './viz/matches.js';
export { type ParallelOptions, plotParallel } from './viz/parallel.js';
export { type PartsPlotOptions, plotParts } from './viz/parts.js';
export type { Picture, PngOptions, Spec } from './viz/picture.js';
export { type PlanPlotOptions, plotPlan } from './viz/plan.js';
export { plotRankSurvey, type RankSurveyPlotOptions, type SurveyedRanks } from './viz/rank-survey.js';
export { plotScatter, type ScatterOptions } from './viz/scatter.js';
export { plotSweep, type SweepPlotOptions } from './viz/sweep.js';
export { plotSweepHistory, type SweepHistoryOptions, type SweptRows } from './viz/sweep-history.js';
export type { SweptPoints } from './viz/swept.js';
export { plotVariance, type VariancePlotOptions } from './viz/variance.js';
export type { WeightsInput } from './weights.js';

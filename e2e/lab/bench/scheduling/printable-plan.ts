import type {Plan, Stage} from '#shared/scheduling/allocation/plan.ts';

/** A plan as `npm run plan` prints it; nodes that no plan can use count as spares. */
export function printablePlan(plan: Plan, impossible: readonly string[]) {
  return {
    pipelines: plan.pipelines.map(({stages, stepMs}) => ({
      stages: stages.map(printableStage),
      stepMs,
    })),
    replicas: plan.replicas.map(printableStage),
    spares: [...plan.spares, ...impossible],
    missing: plan.missing,
  };
}

export function printableStage({nodeId, startLayer, endLayer}: Stage) {
  return {node: nodeId, startLayer, endLayer};
}

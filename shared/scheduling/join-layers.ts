import type {LayerSpan} from './scheduling-event.ts';

/** Parts of a model, in order: those that follow each other and are alike are one. */
export function joinLayers<Part extends LayerSpan>(
  parts: readonly Part[],
  areAlike: (a: Part, b: Part) => boolean = () => true,
): readonly Part[] {
  const joined: Part[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    const isNext = last?.endLayer === part.startLayer && areAlike(last, part);
    if (isNext) joined.pop();
    joined.push(isNext ? {...part, startLayer: last.startLayer} : part);
  }
  return joined;
}

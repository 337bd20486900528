import {roundToWire} from '../../model/storage/format/binary16.ts';
import type {Crossing} from './reference-forward.ts';

/** Float32 behind the layers of a cell is off by less, as a part of the largest number of the hidden state. */
const FLOAT32_ERROR = 1e-5;

/**
 * What an engine let cross the boundaries of its grid, for a reference that shall be compared closely with it. Where
 * float64 lies within the error of float32 of the middle of two f16, either of them is right, and a whole step of
 * f16 lies between them: more than all else in which the two differ. There the reference goes on
 * from what the engine chose; anywhere else from its own number, and what differs is counted.
 */
export class EngineRoundings {
  readonly #behind: ReadonlyMap<number, Float32Array>;
  /** Numbers that crossed. */
  crossed = 0;
  /** Those of the engine that are not the nearest f16, and that float32 explains. */
  followed = 0;
  /** Those that it does not explain. */
  unexplained = 0;

  /** @param behind what the engine has in front of a layer, `[tokenCount, hiddenSize]`, by that layer. */
  constructor(behind: ReadonlyMap<number, Float32Array>) {
    this.#behind = behind;
  }

  readonly crossing: Crossing = (hidden, {layer, position}) => {
    const start = position * hidden.length;
    const chosen = this.#behind.get(layer)?.subarray(start, start + hidden.length);
    const error =
      hidden.reduce((most, value) => Math.max(most, Math.abs(value)), 0) * FLOAT32_ERROR;
    return hidden.map((value, at) => {
      const nearest = roundToWire(Math.fround(value));
      const other = chosen?.[at];
      if (other === undefined) return nearest;
      this.crossed += 1;
      if (other === nearest) return nearest;
      const isExplained =
        other >= roundToWire(value - error) && other <= roundToWire(value + error);
      if (!isExplained) {
        this.unexplained += 1;
        return nearest;
      }
      this.followed += 1;
      return other;
    });
  };
}

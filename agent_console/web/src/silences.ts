// Where nobody speaks: found in the samples themselves, so that it is marked where it is heard. Pure.

export interface Stretch {
  from: number;
  to: number;
}

const QUIET = 0.01; // -40 dBFS: a telephone line's own noise stays below it
const WINDOW_S = 0.1;

/** Stretches of at least `least_s` seconds in which every channel stays quiet; in seconds. */
export function silences(channels: readonly Float32Array[], rate: number, least_s = 3): Stretch[] {
  const window = Math.round(rate * WINDOW_S);
  const length = Math.max(0, ...channels.map((one) => one.length));
  const found: Stretch[] = [];
  let begin: number | null = null;
  for (let at = 0; at < length; at += window) {
    const quiet = channels.every((one) => isQuiet(one, at, Math.min(at + window, one.length)));
    if (quiet && begin === null) begin = at;
    if (!quiet && begin !== null) {
      found.push({ from: begin / rate, to: at / rate });
      begin = null;
    }
  }
  if (begin !== null) found.push({ from: begin / rate, to: length / rate });
  return found.filter((one) => one.to - one.from >= least_s);
}

function isQuiet(samples: Float32Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (Math.abs(samples[at] ?? 0) > QUIET) return false;
  return true;
}

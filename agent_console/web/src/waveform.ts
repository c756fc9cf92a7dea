// The picture of a recording and its playing: the only file that knows wavesurfer.

import WaveSurfer from "wavesurfer.js";
import { colourAt } from "./colour";
import { silences, type Stretch } from "./silences";

/** What a player shows and does. Seconds are those of the recording. */
export interface Waveform {
  playPause(): void;
  to(second: number): void;
  speed(rate: number): void;
  end(): void;
}

export interface Told {
  ready(length: number, quiet: Stretch[]): void;
  at(second: number): void;
  playing(yes: boolean): void;
  failed(): void;
}

const HEIGHT = 64;

/** Draws the sound of `address` into `place`, the caller's leg above and what he heard below. */
export function drawn(place: HTMLElement, address: string, told: Told): Waveform {
  const colour = (name: string) => colourAt(place, name);
  const legs = [
    { waveColor: colour("--main"), progressColor: colour("--soft") },
    { waveColor: colour("--good"), progressColor: colour("--soft") },
  ];
  const wave = WaveSurfer.create({
    container: place,
    height: HEIGHT,
    splitChannels: legs,
    cursorColor: colour("--alarm"),
    cursorWidth: 2,
    dragToSeek: true,
    cspNonce: document.querySelector<HTMLLinkElement>("link[nonce]")?.nonce ?? "",
  });
  wave.on("ready", () => {
    const sound = wave.getDecodedData();
    const channels = sound ? Array.from({ length: sound.numberOfChannels }, (_, n) => sound.getChannelData(n)) : [];
    told.ready(wave.getDuration(), silences(channels, sound?.sampleRate ?? 8000));
  });
  wave.on("timeupdate", (second) => told.at(second));
  wave.on("play", () => told.playing(true));
  wave.on("pause", () => told.playing(false));
  let over = false;
  wave.load(address).catch(() => over || told.failed());
  return {
    playPause: () => void wave.playPause(),
    to: (second) => wave.setTime(Math.min(Math.max(0, second), wave.getDuration())),
    speed: (rate) => wave.setPlaybackRate(rate, true),
    end: () => {
      over = true;
      wave.destroy();
    },
  };
}

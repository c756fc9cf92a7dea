// Microphone, loudspeaker and bell. An audio context costs a tenth of a core while open: closed when not needed.

export class NoMicrophone extends Error {}

/** The microphone; asking for it also lets the browser give real addresses (webrtc.md, trap 7). `gone`: pulled out. */
export async function openMicrophone(gone: () => void): Promise<MediaStream> {
  try {
    const wanted = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    const stream = await navigator.mediaDevices.getUserMedia({ audio: wanted, video: false });
    for (const track of stream.getTracks()) track.onended = gone; // not told of a track that we stop ourselves
    return stream;
  } catch (error) {
    throw new NoMicrophone(String(error));
  }
}

export function closeMicrophone(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** Tells the level of a stream, 0..1, ten times a second until the returned deed is called. */
export function watchLevel(stream: MediaStream, tell: (level: number) => void): () => void {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const watching = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    tell(Math.min(1, Math.sqrt(power) * 4));
  }, 100);
  return () => {
    clearInterval(watching);
    void context.close();
  };
}

const loudspeaker = new Audio();
loudspeaker.autoplay = true;

/** Plays the caller; false when the browser wants a click first. */
export async function play(stream: MediaStream): Promise<boolean> {
  loudspeaker.srcObject = stream;
  try {
    await loudspeaker.play();
    return true;
  } catch {
    return false;
  }
}

export function hush(): void {
  loudspeaker.srcObject = null;
}

let bell: AudioContext | null = null;

/** Two soft tones a second until `stopRinging`. */
export function ring(): void {
  stopRinging();
  const context = new AudioContext();
  bell = context;
  const gain = context.createGain();
  gain.gain.value = 0;
  gain.connect(context.destination);
  for (const hertz of [440, 480]) {
    const tone = context.createOscillator();
    tone.frequency.value = hertz;
    tone.connect(gain);
    tone.start();
  }
  for (let second = 0; second < 60; second += 2) {
    gain.gain.setTargetAtTime(0.12, context.currentTime + second, 0.02);
    gain.gain.setTargetAtTime(0, context.currentTime + second + 0.8, 0.02);
  }
}

export function stopRinging(): void {
  void bell?.close();
  bell = null;
}

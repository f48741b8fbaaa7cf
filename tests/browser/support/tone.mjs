// Tones in and out: the fake microphone's file, and what the page plays.
import { writeFileSync } from 'node:fs';

const RATE = 48_000;

/** One second of a tone as 16-bit mono WAV. Whole waves, so that Chromium loops it without a seam. */
export function writeTone(path, hz) {
  const samples = new Int16Array(RATE);
  for (let at = 0; at < RATE; at += 1) {
    samples[at] = Math.round(0.5 * 32_767 * Math.sin((2 * Math.PI * hz * at) / RATE));
  }
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + samples.byteLength, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(RATE, 24);
  header.writeUInt32LE(RATE * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(samples.byteLength, 40);
  writeFileSync(path, Buffer.concat([header, Buffer.from(samples.buffer)]));
}

/** Levels in dBFS of some tones in what the page's caller element plays now. */
export function tonesPlayed(page, frequencies) {
  return page.evaluate(async (wanted) => {
    const stream = document.querySelector('audio[data-ringdown=caller]')?.srcObject;
    if (!stream) return null;
    const context = new AudioContext();
    await context.resume();
    const analyser = context.createAnalyser();
    analyser.fftSize = 32_768;
    context.createMediaStreamSource(stream).connect(analyser);
    await new Promise((resolve) => setTimeout(resolve, (1_000 * analyser.fftSize) / context.sampleRate + 100));
    const samples = new Float32Array(analyser.fftSize);
    analyser.getFloatTimeDomainData(samples);
    const levels = {};
    for (const hz of wanted) {
      const step = 2 * Math.cos((2 * Math.PI * hz) / context.sampleRate);
      let [last, before] = [0, 0];
      for (const sample of samples) [last, before] = [sample + step * last - before, last];
      const power = last * last + before * before - step * last * before;
      levels[hz] = 20 * Math.log10((2 * Math.sqrt(Math.max(power, 0))) / samples.length + 1e-9);
    }
    await context.close();
    return levels;
  }, frequencies);
}

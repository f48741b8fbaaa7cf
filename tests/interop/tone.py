"""Tones: making them, and finding them in what was heard."""

import array
import math

RATE = 48_000
CALLER_HZ = 440.0
AGENT_HZ = 880.0
# Nobody plays this one, and no harmonic of the other two falls on it.
NOBODY_HZ = 610.0
# A tone counts as heard when it stands this far above what should not be there, in dB.
CLEARLY_DB = 20.0
HEARD_DB = -45.0


def sine(hz, start, samples):
    """16-bit samples of a tone at half of full scale, going on from `start`."""
    step = 2 * math.pi * hz / RATE
    return array.array("h", (int(16_000 * math.sin(step * (start + n))) for n in range(samples)))


class Ear:
    """The newest second of mono sound."""

    def __init__(self):
        self.samples = array.array("h")
        self.total = 0

    def hear(self, samples):
        self.total += len(samples)
        self.samples.extend(samples)
        if len(self.samples) > 2 * RATE:
            del self.samples[: len(self.samples) - RATE]

    def level(self, hz):
        """Level of a tone in dBFS (Goertzel's recurrence under a Hann window)."""
        pcm = self.samples[-RATE // 2 :]
        if len(pcm) < RATE // 4:
            return -120.0
        factor = 2 * math.cos(2 * math.pi * hz / RATE)
        step = 2 * math.pi / len(pcm)
        last = before = weight = 0.0
        for index, sample in enumerate(pcm):
            window = 0.5 - 0.5 * math.cos(step * index)
            last, before = sample * window + factor * last - before, last
            weight += window
        power = last * last + before * before - factor * last * before
        amplitude = 2 * math.sqrt(max(power, 0.0)) / weight
        return max(-120.0, 20 * math.log10(amplitude / 32_767 + 1e-9))

    def levels(self):
        return {hz: self.level(hz) for hz in (CALLER_HZ, AGENT_HZ, NOBODY_HZ)}


def hears_only(levels, wanted):
    """Whether one tone is clearly there, and neither of the others is."""
    others = [level for hz, level in levels.items() if hz != wanted]
    return levels[wanted] > HEARD_DB and levels[wanted] > max(others) + CLEARLY_DB

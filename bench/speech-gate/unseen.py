"""Sound without speech that the fit never uses: other generators than those of synth.py, after recordings of such sounds.

Each function takes a generator of random numbers and a number of samples at 16 kHz.
"""
import numpy as np

RATE = 16_000


def time(n):
    return np.arange(n) / RATE


def white(rng, n):
    return rng.normal(size=n)


def low_pass(x, hz):
    f = np.fft.rfftfreq(len(x), 1 / RATE)
    return np.fft.irfft(np.fft.rfft(x) / (1 + (f / hz) ** 2), len(x))


def high_pass(x, hz):
    return x - low_pass(x, hz)


def scaled(x, rms=0.1):
    return x * (rms / (np.sqrt(np.mean(x * x)) + 1e-12))


def walk(rng, n, per_s, size):
    """A random walk between points, linear in between."""
    points = np.cumsum(rng.normal(size=max(3, int(n / RATE * per_s) + 2))) * size
    return np.interp(np.linspace(0, len(points) - 1, n), np.arange(len(points)), points)


def diesel(rng, n):
    """Combustion pulses through an exhaust pipe; the speed wanders."""
    speed = rng.uniform(12, 45) * np.exp(np.clip(walk(rng, n, 1.0, 0.08), -0.5, 0.5))
    phase = np.cumsum(speed) / RATE
    fired = np.flatnonzero(np.diff(np.floor(phase * 2)))
    pulses = np.zeros(n)
    pulses[fired] = rng.uniform(0.6, 1, len(fired))
    decay = np.exp(-time(1600) / rng.uniform(0.006, 0.02)) * np.sin(2 * np.pi * rng.uniform(60, 240) * time(1600))
    return np.convolve(pulses, decay)[:n] + 0.05 * low_pass(white(rng, n), 900)


def motorcycle(rng, n):
    """A sawtooth that is revved up and down, with its exhaust."""
    f = 50 * np.exp(np.interp(time(n), np.linspace(0, n / RATE, 7), rng.uniform(0, 1.5, 7)))
    x = 2 * ((np.cumsum(f) / RATE) % 1) - 1
    return low_pass(x, rng.uniform(500, 2500)) + 0.1 * low_pass(white(rng, n), 2000)


def fan(rng, n):
    """Noise of air with the rate of the blades and a motor's hum."""
    rate = rng.uniform(20, 120)
    air = low_pass(high_pass(white(rng, n), 100), rng.uniform(400, 3000)) * (1 + 0.4 * np.sin(2 * np.pi * rate * time(n)))
    return scaled(air) + scaled(sum(np.sin(2 * np.pi * rate * k * time(n)) / k for k in range(1, 7)), rng.uniform(0.01, 0.1))


def vacuum_cleaner(rng, n):
    pitch = rng.uniform(180, 420) * np.exp(np.clip(walk(rng, n, 2.0, 0.03), -0.2, 0.2))
    whine = sum(np.sin(2 * np.pi * np.cumsum(pitch) / RATE * k + k) / k**0.7 for k in range(1, 12))
    return scaled(whine, 0.05) + scaled(high_pass(white(rng, n), 300))


def helicopter(rng, n):
    beat = (time(n) * rng.uniform(8, 22)) % 1
    return low_pass(white(rng, n), 700) * np.exp(-6 * beat) + 0.05 * np.sin(2 * np.pi * 95 * time(n))


def train(rng, n):
    period = rng.uniform(0.35, 1.1)
    at = time(n) % period
    knocks = np.exp(-40 * at) + np.exp(-40 * np.abs(at - 0.16))
    return low_pass(white(rng, n), 600) * (0.3 + knocks)


def fax(rng, n):
    """Calling tone, answer tone, then frames of 300 baud and an image of 2400 symbols a second."""
    t, parts = time(n), []
    bits = np.repeat(rng.integers(0, 2, n // 53 + 1), 53)[:n]
    parts.append(np.sin(2 * np.pi * np.cumsum(np.where(bits > 0, 1650, 1850)) / RATE))
    symbols = np.repeat(rng.integers(0, 8, n // 7 + 1), 7)[:n]
    parts.append(np.sin(2 * np.pi * 1700 * t + symbols * np.pi / 4))
    parts += [np.sin(2 * np.pi * 1100 * t) * (t % 3.5 < 0.5), np.sin(2 * np.pi * 2100 * t)]
    edges = np.sort(rng.uniform(0, n, 3)).astype(int)
    x, order = np.zeros(n), rng.permutation(4)
    for part, (start, end) in zip(order, zip([0, *edges], [*edges, n])):
        x[start:end] = parts[part][start:end]
    return x


def fsk_bursts(rng, n):
    """Packets of telemetry: bursts of two tones with pauses."""
    baud, low, shift = rng.choice([45, 100, 300, 1200]), rng.uniform(500, 2000), rng.choice([85, 170, 200, 425, 850, 1000])
    step = int(RATE / baud)
    bits = np.repeat(rng.integers(0, 2, n // step + 1), step)[:n]
    x = np.sin(2 * np.pi * np.cumsum(low + shift * bits) / RATE)
    return x * ((time(n) / rng.uniform(0.3, 1.5)) % 1 < rng.uniform(0.4, 0.95))


def dialling(rng, n):
    """Keys of a telephone, pressed by hand."""
    x, at = np.zeros(n), 0
    while at < n:
        m = min(n - at, int(rng.uniform(0.08, 0.35) * RATE))
        pair = rng.choice([697, 770, 852, 941]), rng.choice([1209, 1336, 1477])
        x[at : at + m] = sum(np.sin(2 * np.pi * f * time(m)) for f in pair)
        at += m + int(rng.uniform(0.05, 0.6) * RATE)
    return x


def morse(rng, n):
    unit, x, at = rng.uniform(0.04, 0.12), np.zeros(n), 0
    while at < n:
        m = min(n - at, int(unit * rng.choice([1, 3]) * RATE))
        x[at : at + m] = np.sin(2 * np.pi * 700 * time(m))
        at += m + int(unit * rng.choice([1, 1, 1, 3, 7]) * RATE)
    return low_pass(x, 3000)


def ambulance(rng, n):
    """Two tones or a wail through a horn, with echoes."""
    t = time(n)
    f = np.where(t % 1.1 < 0.55, 435, 580) if rng.random() < 0.5 else 700 + 500 * np.sin(2 * np.pi * rng.uniform(0.15, 4) * t)
    x = np.tanh(3 * np.sin(2 * np.pi * np.cumsum(f) / RATE))
    delay = int(rng.uniform(0.05, 0.3) * RATE)
    x[delay:] += 0.4 * x[:-delay]
    return x + 0.1 * low_pass(white(rng, n), 1500)


def smoke_alarm(rng, n):
    return np.sin(2 * np.pi * rng.uniform(2900, 3300) * time(n)) * (time(n) % 1.5 < 0.5)


def alarm_clock(rng, n):
    t = time(n)
    return np.sign(np.sin(2 * np.pi * rng.uniform(800, 2200) * t)) * (t % 0.125 < 0.07) * (t % 1 < 0.5)


def nightingale(rng, n):
    """Phrases of whistles that glide, repeat and buzz."""
    x, at = np.zeros(n), 0
    while at < n:
        m = min(n - at, int(rng.uniform(0.05, 0.4) * RATE))
        if m < 100:
            break
        start, end = rng.uniform(1200, 5000, 2)
        f = np.linspace(start, end, m) + rng.choice([0, 300]) * np.sin(2 * np.pi * rng.uniform(20, 80) * time(m))
        one = np.sin(2 * np.pi * np.cumsum(f) / RATE) * np.sin(np.pi * np.linspace(0, 1, m)) ** 0.5
        for _ in range(rng.integers(1, 5)):
            room = max(0, min(m, n - at))
            x[at : at + room] += one[:room]
            at += room + int(rng.uniform(0.02, 0.15) * RATE)
        at += int(rng.uniform(0, 0.6) * RATE)
    return x + 0.01 * white(rng, n)


def crickets(rng, n):
    t = time(n)
    return np.sin(2 * np.pi * rng.uniform(3500, 5500) * t) * (np.sin(2 * np.pi * rng.uniform(30, 70) * t) > 0) * (t % 0.4 < 0.25) + 0.02 * white(rng, n)


def typing(rng, n):
    x, at = 0.002 * white(rng, n), 0.0
    while at < n / RATE:
        for offset, level in ((0, 1), (rng.uniform(0.06, 0.1), 0.5)):
            first = int((at + offset) * RATE)
            m = min(n - first, 400)
            if m > 10:
                x[first : first + m] += level * rng.uniform(0.3, 1) * high_pass(white(rng, m), 1500) * np.exp(-time(m) / 0.004)
        at += rng.gamma(3, 0.06)
    return x


def applause(rng, n):
    x = np.zeros(n)
    for _ in range(int(n / RATE * rng.uniform(30, 300))):
        first, m = rng.integers(0, n), 320
        m = min(m, n - first)
        if m > 10:
            x[first : first + m] += rng.uniform(0.2, 1) * low_pass(high_pass(white(rng, m), 500), 2500) * np.exp(-time(m) / 0.005)
    return x


def rain(rng, n):
    return high_pass(white(rng, n), 1000) * (1 + 0.2 * walk(rng, n, 2, 0.2)) + 0.3 * high_pass(white(rng, n) * (rng.random(n) < 0.003) * 20, 800)


def surf(rng, n):
    return low_pass(white(rng, n), 1500) * (0.2 + np.sin(np.pi * time(n) / rng.uniform(3, 7)) ** 2)


def washing_machine(rng, n):
    t = time(n)
    return low_pass(white(rng, n), 400) * (1 + 0.8 * np.sin(2 * np.pi * rng.uniform(0.8, 2) * t)) + 0.2 * np.sin(2 * np.pi * 100 * t)


def drum_kit(rng, n):
    x, beat = np.zeros(n), 60 / rng.uniform(80, 160)
    for k in range(int(n / RATE / beat * 2)):
        first = int(k * beat / 2 * RATE)
        m = min(n - first, 4000)
        if m > 10:
            kick = np.sin(2 * np.pi * 60 * time(m)) * np.exp(-time(m) * 15)
            snare = white(rng, m) * np.exp(-time(m) * 30)
            x[first : first + m] += [kick, 0.3 * snare, snare + kick, 0.3 * snare][k % 4]
    return x


def piano(rng, n):
    x, at = np.zeros(n), 0
    while at < n:
        m = min(n - at, 2 * RATE)
        for step in rng.choice([0, 4, 7, 12, -5], rng.integers(1, 4), False):
            f = 261.6 * 2 ** ((step + rng.integers(-7, 8)) / 12)
            x[at : at + m] += sum(np.sin(2 * np.pi * f * k * 1.0004 ** (k * k) * time(m)) * np.exp(-time(m) * (1 + k)) / k for k in range(1, 9) if f * k < 7500)
        at += int(rng.choice([0.2, 0.25, 0.4, 0.5, 0.8]) * RATE)
    return x


UNSEEN = {
    "engines (diesel, motorcycle)": (diesel, motorcycle),
    "fans, vacuum cleaners": (fan, vacuum_cleaner, washing_machine),
    "helicopters, trains": (helicopter, train),
    "fax, telemetry": (fax, fsk_bursts),
    "dialling, Morse code": (dialling, morse),
    "sirens, alarms": (ambulance, smoke_alarm, alarm_clock),
    "birds, crickets": (nightingale, crickets),
    "typing, applause": (typing, applause),
    "rain, surf": (rain, surf),
    "drums, piano": (drum_kit, piano),
}

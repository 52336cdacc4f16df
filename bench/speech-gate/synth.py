"""Synthetic sound without speech, and disturbances of speech. All at 16 kHz, float32."""
import numpy as np
SR = 16000
def t_(n): return np.arange(n) / SR
def norm(x, rms=0.1):
    r = np.sqrt(np.mean(x * x)) + 1e-12
    return (x * (rms / r)).astype(np.float32)
def colored(rng, n, slope):
    "noise whose power falls by `slope` x 10 dB per decade"
    m = n // 2 + 1
    f = np.fft.rfftfreq(n, 1 / SR); f[0] = f[1]
    z = (rng.normal(size=m) + 1j * rng.normal(size=m)) * np.maximum(f, 15.0) ** (-slope / 2)
    z[0] = 0
    return norm(np.fft.irfft(z, n))
def band(x, lo, hi, soft=0.15):
    n = len(x); f = np.fft.rfftfreq(n, 1 / SR)
    g = 1 / (1 + np.exp(-(np.log(f + 1e-3) - np.log(lo)) / soft)) / (1 + np.exp((np.log(f + 1e-3) - np.log(hi)) / soft))
    return np.fft.irfft(np.fft.rfft(x) * g, n)
def smooth_noise(rng, n, rate):
    k = max(4, int(n / SR * rate) + 3)
    return np.interp(np.linspace(0, k - 1, n), np.arange(k), rng.normal(size=k))
def env_on_off(rng, n, segs):
    "gate: list of (on/off level, seconds), repeated; 5 ms edges"
    e = np.zeros(n); i = int(rng.integers(0, SR * 0.5)) * 0; k = 0
    while i < n:
        v, s = segs[k % len(segs)]; j = i + max(1, int(s * SR)); e[i:j] = v; i = j; k += 1
    w = np.ones(80) / 80
    return np.convolve(e, w, "same")
def hum(rng, n):
    f0 = rng.choice([50.0, 60.0, rng.uniform(40, 130)]); k = int(rng.integers(1, 20))
    a = rng.uniform(0.0, 1.0, k) * np.arange(1, k + 1) ** -rng.uniform(0.3, 2.0)
    a[0] = max(a[0], 0.3)
    x = sum(a[i] * np.sin(2 * np.pi * f0 * (i + 1) * t_(n) + rng.uniform(0, 7)) for i in range(k))
    if rng.random() < .4: x = x * (1 + .3 * np.sin(2 * np.pi * rng.uniform(.3, 8) * t_(n)))
    if rng.random() < .5: x = norm(x) + norm(colored(rng, n, rng.uniform(0, 2)), 0.1 * 10 ** -rng.uniform(.3, 2))
    return norm(x)
def noise(rng, n):
    x = colored(rng, n, rng.uniform(-1.2, 3.2))
    k = rng.integers(0, 7)
    if k == 0: lo = rng.uniform(50, 3000); x = band(x, lo, lo * rng.uniform(1.3, 6))
    if k == 1: x = x * np.exp(rng.uniform(.2, 1.0) * smooth_noise(rng, n, rng.uniform(.3, 3)))       # wind, surf
    if k == 2: x = x * (1 + rng.uniform(.3, 1) * np.sin(2 * np.pi * rng.uniform(.2, 20) * t_(n)))      # machines
    if k == 3:  # drifting resonance
        p = rng.uniform(200, 3000) * np.exp(.5 * smooth_noise(rng, n, 1.0)); c = np.cumsum(p) / SR
        y = np.convolve(rng.normal(size=n), np.ones(60) / 60, "same"); x = .5 * norm(x) + norm(y * np.sin(2 * np.pi * c))
    return norm(x)
def bursts(rng, n):
    "clicks, typing, rain, steps, knocks, applause"
    x = np.zeros(n); rate = 10 ** rng.uniform(-.1, 2.5); count = max(1, int(rate * n / SR))
    length = 10 ** rng.uniform(-2.7, -.7); regular = rng.random() < .4; lo = rng.uniform(60, 2500); hi = lo * rng.uniform(1.5, 20)
    src = norm(band(rng.normal(size=n), lo, min(hi, 7800)))
    for i in range(count):
        at = int((i + .5) * n / count) if regular else int(rng.integers(0, n))
        m = min(n - at, int(length * 6 * SR)); 
        if m <= 1: continue
        s = int(rng.integers(0, n - m + 1))
        x[at:at + m] += rng.uniform(.4, 1) * src[s:s + m] * np.exp(-t_(m) / length)
    if rng.random() < .4: x = norm(x) + norm(colored(rng, n, rng.uniform(0, 2)), .1 * 10 ** -rng.uniform(.3, 1.7))
    return norm(x)
def wave(kind, phase, rng=None, h=8):
    if kind == 0: return np.sin(phase)
    if kind == 1: return np.sign(np.sin(phase)) * .7
    if kind == 2: return sum(np.sin(phase * k) / k for k in range(1, h))
    return sum(np.sin(phase * k) / k ** 1.5 for k in range(1, h, 2))
def tones(rng, n):
    k = rng.integers(0, 7)
    if k == 0:
        x = sum(rng.uniform(.2, 1) * np.sin(2 * np.pi * 10 ** rng.uniform(1.7, 3.8) * t_(n)) for _ in range(rng.integers(1, 5)))
    elif k == 1: x = wave(rng.integers(0, 4), 2 * np.pi * 10 ** rng.uniform(1.8, 3.3) * t_(n))
    elif k == 2:  # siren, sweep
        f = 10 ** rng.uniform(2.3, 3.2) * 2 ** (rng.uniform(.2, 1.5) * np.sin(2 * np.pi * rng.uniform(.1, 5) * t_(n)))
        x = wave(rng.integers(0, 4), 2 * np.pi * np.cumsum(f) / SR)
    elif k == 3:  # beeps
        on, off = 10 ** rng.uniform(-1.3, 0), 10 ** rng.uniform(-1.3, .5)
        f = 10 ** rng.uniform(2.4, 3.6); x = wave(rng.integers(0, 4), 2 * np.pi * f * t_(n)) * env_on_off(rng, n, [(1, on), (0, off)])
    elif k == 4:  # two-tone alarm
        f1, f2 = 10 ** rng.uniform(2.5, 3.3, 2); d = 10 ** rng.uniform(-1.2, 0)
        f = env_on_off(rng, n, [(f1, d), (f2, d)]); x = wave(rng.integers(0, 4), 2 * np.pi * np.cumsum(f) / SR)
    elif k == 5:  # chirp
        f = np.geomspace(10 ** rng.uniform(1.7, 3.7), 10 ** rng.uniform(1.7, 3.7), n); x = wave(rng.integers(0, 4), 2 * np.pi * np.cumsum(f) / SR)
    else:  # birds
        x = np.zeros(n)
        for _ in range(rng.integers(2, 20)):
            at = int(rng.integers(0, n)); m = min(n - at, int(rng.uniform(.04, .3) * SR))
            if m < 50: continue
            f = rng.uniform(1800, 6000) * 2 ** (rng.uniform(-.6, .6) * np.linspace(0, 1, m) + rng.uniform(0, .2) * np.sin(2 * np.pi * rng.uniform(5, 40) * t_(m)))
            x[at:at + m] += np.sin(2 * np.pi * np.cumsum(f) / SR) * np.hanning(m)
    return norm(x)
DT = [(350, 440), (425,), (400, 450), (440,), (450,), (425, 450)]
CAD = [[(1, .5), (0, .5)], [(1, .25), (0, .25)], [(1, 2), (0, 4)], [(1, 1), (0, 4)], [(1, 1), (0, 3)], [(1, .4), (0, .2), (1, .4), (0, 2)], [(1, .33), (0, .33)], [(1, 1.5), (0, 3)], [(1, .2), (0, .2)]]
def phone(rng, n):
    k = rng.integers(0, 5)
    if k == 0: x = sum(np.sin(2 * np.pi * f * t_(n)) for f in DT[rng.integers(0, len(DT))])
    elif k in (1, 2):
        fs = [(440, 480), (425,), (400, 450), (480, 620), (450,), (420,)][rng.integers(0, 6)]
        x = sum(np.sin(2 * np.pi * f * t_(n)) for f in fs) * env_on_off(rng, n, CAD[rng.integers(0, len(CAD))])
        if rng.random() < .3: x = x * (1 + .85 * np.sin(2 * np.pi * rng.choice([16.7, 20, 25]) * t_(n)))
    elif k == 3: x = dtmf(rng, n)
    else:
        if rng.random() < .5:  # SIT
            f = env_on_off(rng, n, [(950, .33), (1400, .33), (1800, .33), (0, 1)]); x = np.sin(2 * np.pi * np.cumsum(f) / SR) * (f > 100)
        else:  # modem
            baud = rng.choice([45, 75, 300, 1200]); bits = np.repeat(rng.integers(0, 2, int(n / SR * baud) + 2), SR // baud + 1)[:n]
            f1 = rng.choice([980, 1180, 1270, 1300, 1650, 2100]); f = np.where(bits > 0, f1, f1 + rng.choice([170, 200, 800])); x = np.sin(2 * np.pi * np.cumsum(np.resize(f, n)) / SR)
    if rng.random() < .5: x = norm(x) + norm(colored(rng, n, rng.uniform(0, 1.5)), .1 * 10 ** -rng.uniform(1, 2.5))
    return norm(x)
def dtmf(rng, n):
    L, H = [697, 770, 852, 941], [1209, 1336, 1477, 1633]; x = np.zeros(n); i = int(rng.uniform(0, .3) * SR)
    on, off = rng.uniform(.05, .25), rng.uniform(.04, .3)
    while i < n:
        m = min(n - i, int(on * SR)); x[i:i + m] = np.sin(2 * np.pi * L[rng.integers(4)] * t_(m)) + np.sin(2 * np.pi * H[rng.integers(4)] * t_(m))
        i += m + int(off * SR * rng.uniform(.8, 1.2))
    return x
def note(rng, f, m, kind):
    "one note of an instrument"
    d = t_(m)
    if kind == 0:  # plucked string
        p = max(2, int(SR / f)); buf = rng.normal(size=p); y = np.zeros(m); b = buf.copy(); dec = .996
        for i in range(0, m, p):
            y[i:i + p] = b[:min(p, m - i)]; b = dec * .5 * (b + np.roll(b, 1))
        return y
    if kind == 1:  # organ, strings: harmonics with vibrato
        v = 2 ** (rng.uniform(0, .03) * np.sin(2 * np.pi * rng.uniform(4, 7) * d)); ph = 2 * np.pi * np.cumsum(f * v) / SR
        y = sum(np.sin(ph * k + k) / k ** rng.uniform(.6, 1.6) for k in range(1, min(12, int(7000 / f) + 1) + 1))
        a = min(m // 2, int(rng.uniform(.005, .15) * SR)); e = np.ones(m); e[:a] = np.linspace(0, 1, a); e[m - a:] = np.linspace(1, 0, a); return y * e
    if kind == 2:  # piano, bell
        inh = rng.choice([0, .0005, .35]); y = sum(np.exp(-d * k * rng.uniform(.8, 3)) * np.sin(2 * np.pi * f * k * (1 + inh * k * .2) * d) / k for k in range(1, min(8, int(7000 / f) + 1) + 1)); return y
    if kind == 3:  # brass, FM
        return np.sin(2 * np.pi * f * d + rng.uniform(1, 5) * np.exp(-d * rng.uniform(.5, 4)) * np.sin(2 * np.pi * f * rng.choice([1, 2, .5, 1.41]) * d)) * np.exp(-d * rng.uniform(0, 3))
    return wave(rng.integers(0, 4), 2 * np.pi * f * d) * np.exp(-d * rng.uniform(0, 4))
SCALES = [[0, 2, 4, 5, 7, 9, 11], [0, 2, 3, 5, 7, 8, 10], [0, 3, 5, 7, 10], [0, 2, 4, 7, 9]]
def music(rng, n):
    beat = 60 / rng.uniform(60, 180); root = 110 * 2 ** rng.uniform(0, 1.5); sc = SCALES[rng.integers(0, 4)]; x = np.zeros(n)
    deg = lambda k: root * 2 ** ((sc[k % len(sc)] + 12 * (k // len(sc))) / 12)
    def track(kind, lo, hi, durs, level, chord=1, legato=1.0):
        i = int(rng.uniform(0, beat) * SR * (rng.random() < .5)); k = int(rng.integers(lo, hi + 1))
        while i < n:
            dur = beat * rng.choice(durs); m = min(n - i, int(dur * legato * SR))
            if m < 80: break
            k = int(np.clip(k + rng.integers(-2, 3), lo, hi))
            if rng.random() < .9:
                for c in range(chord): x[i:i + m] += level * rng.uniform(.7, 1) * note(rng, deg(k + 2 * c), m, kind)[:m] / chord ** .5
            i += int(dur * SR)
    parts = rng.integers(1, 4)
    for _ in range(parts):
        r = rng.random()
        if r < .4: track(int(rng.integers(0, 5)), 0, 14, [.25, .5, .5, 1, 2], 1, 1, rng.uniform(.6, 1.3))
        elif r < .75: track(int(rng.integers(0, 5)), 0, 6, [1, 2, 4], .7, int(rng.integers(2, 5)), rng.uniform(.8, 1.5))
        else: track(int(rng.integers(0, 5)), -7, 2, [.5, 1, 2], 1, 1)
    if rng.random() < .45:
        step = beat / rng.choice([1, 2, 4]); i = 0; k = 0; g = rng.uniform(.3, 3); pat = rng.integers(0, 4, 8)
        while i < n:
            m = min(n - i, int(.25 * SR)); d = t_(m); p = pat[k % 8]
            if p == 0: x[i:i + m] += g * np.sin(2 * np.pi * 50 * d + 8 * (1 - np.exp(-d * 30))) * np.exp(-d * 12)
            if p == 1: x[i:i + m] += g * .6 * rng.normal(size=m) * np.exp(-d * 25)
            if p == 2: x[i:i + m] += g * .3 * np.diff(rng.normal(size=m + 1)) * np.exp(-d * 60)
            i += int(step * SR); k += 1
    if rng.random() < .5: x = reverb(rng, x)
    if rng.random() < .3: x = norm(x) + norm(colored(rng, n, 1), .1 * 10 ** -rng.uniform(1, 2))
    return norm(x)
def chords(rng, n):
    x = np.zeros(n); i = 0; kind = int(rng.integers(0, 5)); dur = 10 ** rng.uniform(-.5, .7)
    while i < n:
        m = min(n - i, int(dur * SR)); f = 110 * 2 ** rng.uniform(0, 2)
        if m < 80: break
        for s in [[0, 4, 7], [0, 3, 7], [0, 4, 7, 11], [0, 5, 7], [0, 7, 12], [0, 3, 6]][rng.integers(0, 6)]:
            x[i:i + m] += note(rng, f * 2 ** (s / 12), m, kind)[:m] if rng.random() < .8 else np.sin(2 * np.pi * f * 2 ** (s / 12) * t_(m))
        i += m
    return norm(x)
def engine(rng, n):
    f = rng.uniform(15, 120) * 2 ** (.3 * smooth_noise(rng, n, rng.uniform(.1, 1.5))); ph = 2 * np.pi * np.cumsum(f) / SR
    x = np.zeros(n)
    for k in range(1, 25): x += np.sin(ph * k + rng.uniform(0, 7)) * rng.uniform(0, 1) / k ** rng.uniform(0, 1)
    x = norm(x) + norm(colored(rng, n, rng.uniform(.5, 2.5)) * (1 + .7 * np.sin(ph)), .1 * 10 ** rng.uniform(-1.5, .3))
    return norm(x)
def reverb(rng, x):
    m = int(rng.uniform(.1, .6) * SR); h = rng.normal(size=m) * np.exp(-t_(m) * rng.uniform(5, 20)); h[0] = rng.uniform(2, 12)
    N = len(x) + m; return np.fft.irfft(np.fft.rfft(x, N) * np.fft.rfft(h, N), N)[:len(x)]
def whisper(rng, x):
    "noise vocoder: the envelope of 20 bands, carried by noise"
    n = len(x); edges = np.geomspace(150, 7600, 21); y = np.zeros(n); w = np.ones(240) / 240
    for lo, hi in zip(edges, edges[1:]):
        b = band(x, lo, hi, .03); e = np.sqrt(np.convolve(b * b, w, "same").clip(0)); c = norm(band(rng.normal(size=n), lo, hi, .03), 1.0); y += c * e * (min(1.0, lo / 500.0))
    return y
FAMILIES = {"hum": hum, "noise": noise, "bursts": bursts, "tones": tones, "phone": phone, "chords": chords, "music": music, "engine": engine}
WEIGHTS = {"hum": 1, "noise": 2, "bursts": 1.5, "tones": 1.5, "phone": 1.5, "chords": 1, "music": 5, "engine": 1}
def negative(rng, n, family=None):
    names = list(FAMILIES); w = np.array([WEIGHTS[k] for k in names]); family = family or names[rng.choice(len(names), p=w / w.sum())]
    x = FAMILIES[family](rng, n)
    if rng.random() < .12: 
        other = names[rng.choice(len(names), p=w / w.sum())]; x = norm(x) + norm(FAMILIES[other](rng, n), .1 * 10 ** -rng.uniform(0, 1))
    if rng.random() < .2: x = band(x, 280, 3500, .05)
    return norm(x).astype(np.float32), family

# --- further sound without speech ----------------------------------------------------------------------
def resonances(rng, x, count=None):
    "boxes, pipes and horns: some resonant peaks"
    n = len(x); f = np.fft.rfftfreq(n, 1 / SR); g = np.full(len(f), .05)
    for _ in range(count or rng.integers(1, 4)):
        c = 10 ** rng.uniform(2.2, 3.5); g += rng.uniform(.3, 1) / (1 + ((f - c) / (c * rng.uniform(.05, .4))) ** 2)
    return np.fft.irfft(np.fft.rfft(x) * g, n)
def drone(rng, n):
    "engines, fans, drills, transformers: harmonics whose pitch and level move slowly, with noise"
    t = t_(n); f0 = 10 ** rng.uniform(1.3, 2.5)
    f = f0 * 2 ** (rng.uniform(0, .5) * smooth_noise(rng, n, rng.uniform(.1, 2)) + rng.uniform(0, .06) * np.sin(2 * np.pi * rng.uniform(.2, 7) * t))
    if rng.random() < .25:  # gears and throttle: slow ramps and steps
        f = f * 2 ** np.interp(t, np.linspace(0, t[-1] + 1e-3, 6), rng.uniform(-.7, .7, 6))
    ph = 2 * np.pi * np.cumsum(f) / SR; x = np.zeros(n); k_max = int(rng.integers(2, 40)); tilt = rng.uniform(0, 1.6)
    for k in range(1, k_max + 1):
        if k * f0 < 7600: x += rng.uniform(.1, 1) * np.sin(ph * k + rng.uniform(0, 7)) / k ** tilt
    x = norm(x) * (1 + rng.uniform(0, .9) * np.sin(2 * np.pi * rng.uniform(.2, 9) * t + rng.uniform(0, 7)))
    x = x * np.exp(rng.uniform(0, .5) * smooth_noise(rng, n, rng.uniform(.3, 4)))
    if rng.random() < .6: x = resonances(rng, x)
    if rng.random() < .8: x = norm(x) + norm(colored(rng, n, rng.uniform(0, 2.5)) * (1 + rng.uniform(0, .9) * np.sin(ph / max(1, int(rng.integers(1, 5))))), .1 * 10 ** -rng.uniform(-.3, 1.5))
    return norm(x)
def keyed(rng, n, baud, tones_hz, smooth):
    "continuous-phase FSK with as many tones"
    step = max(1, int(SR / baud)); bits = np.repeat(rng.integers(0, len(tones_hz), n // step + 2), step)[:n]; f = np.asarray(tones_hz)[bits]
    if smooth > 1: f = np.convolve(f, np.ones(smooth) / smooth, "same")
    return np.sin(2 * np.pi * np.cumsum(f) / SR)
def psk(rng, n, baud, carrier, points):
    "phase and amplitude keying: data of modems and fax"
    step = max(2, int(SR / baud)); m = n // step + 2; a = rng.choice([1.0, 1.0, .6]) if rng.random() < .5 else 1.0
    level = np.where(rng.random(m) < .5, 1.0, a); phase = np.cumsum(rng.integers(0, points, m)) * 2 * np.pi / points
    w = np.hanning(2 * step + 1); i, q = (np.convolve(np.repeat(level * fn(phase), step)[:n], w / w.sum(), "same") for fn in (np.cos, np.sin))
    c = 2 * np.pi * carrier * t_(n); return i * np.cos(c) - q * np.sin(c)
def modem_part(rng, n):
    k = rng.integers(0, 7); t = t_(n)
    if k == 0:
        pair = [(980, 1180), (1650, 1850), (1270, 1070), (2225, 2025), (1300, 2100), (390, 450), (1400, 1800), (2125, 2295)][rng.integers(8)]
        return keyed(rng, n, rng.choice([45.45, 50, 75, 110, 150, 300, 600, 1200]), np.array(pair) + rng.uniform(-30, 30), int(rng.integers(1, 20)))
    if k == 1:
        c = rng.uniform(400, 2600); return keyed(rng, n, 10 ** rng.uniform(.7, 3), c + np.arange(rng.integers(2, 17)) * rng.uniform(15, 200), int(rng.integers(1, 30)))
    if k == 2: return psk(rng, n, rng.choice([300, 600, 1200, 1600, 2400, 3000]), rng.choice([1200, 1700, 1800, 1829, 2400]), rng.choice([2, 4, 8]))
    if k == 3:  # calling and called tones, with reversals and 15 Hz
        x = np.sin(2 * np.pi * rng.choice([1100, 1300, 2100, 2250, 2100]) * t)
        if rng.random() < .5: x = x * np.sign(np.sin(2 * np.pi * t / .9 + 1e-3))
        return x * (1 + rng.choice([0, .2]) * np.sin(2 * np.pi * 15 * t))
    if k == 4:  # probing: many tones at once
        return sum(np.sin(2 * np.pi * 150 * j * t + rng.uniform(0, 7)) for j in rng.choice(np.arange(1, 26), rng.integers(3, 22), False))
    if k == 5: return band(rng.normal(size=n), 300, 3400, .03)
    x = np.sin(2 * np.pi * rng.choice([600, 750, 1200, 1800, 2400]) * t)
    return x * (np.sin(2 * np.pi * rng.uniform(4, 120) * t) > 0) if rng.random() < .5 else x
def modem(rng, n):
    "modems and fax machines: bursts of tones and data one after another"
    x, i = np.zeros(n), 0; fast = 10 ** rng.uniform(-1.2, .4)
    while i < n:
        m = min(n - i, max(400, int(fast * rng.uniform(.5, 2) * SR)))
        part = norm(modem_part(rng, m)) * rng.uniform(.4, 1); edge = min(80, m // 4); w = np.ones(m); w[:edge] = np.linspace(0, 1, edge); w[m - edge:] = np.linspace(1, 0, edge)
        x[i:i + m] = part * w; i += m
        if rng.random() < .4: i += int(rng.uniform(0, .4) * min(fast, 1) * SR)
    if rng.random() < .5: x = band(x, 300, 3400, .05)
    if rng.random() < .5: x = norm(x) + norm(colored(rng, n, rng.uniform(0, 1.5)), .1 * 10 ** -rng.uniform(.7, 2.5))
    return norm(x)
def siren(rng, n):
    "sirens, horns and alarms with harmonics, room and noise"
    t = t_(n); k = rng.integers(0, 5); lo, hi = np.sort(10 ** rng.uniform(2.3, 3.4, 2)); rate = 10 ** rng.uniform(-1, 1.1)
    if k == 0: f = lo + (hi - lo) * (.5 + .5 * np.sin(2 * np.pi * rate * t))
    elif k == 1: f = lo + (hi - lo) * ((t * rate) % 1)
    elif k == 2: f = np.where((t * rate) % 1 < .5, lo, hi)
    elif k == 3: f = lo + (hi - lo) * np.minimum((t * rate) % 1 * 4, 1)
    else: f = lo * 2 ** (rng.uniform(.01, .1) * np.sin(2 * np.pi * rng.uniform(3, 40) * t))
    x = wave(rng.integers(0, 4), 2 * np.pi * np.cumsum(f) / SR, h=int(rng.integers(3, 16)))
    if rng.random() < .4: x = x * env_on_off(rng, n, [(1, 10 ** rng.uniform(-1.2, .3)), (0, 10 ** rng.uniform(-1.2, .3))])
    if rng.random() < .5: x = resonances(rng, x)
    if rng.random() < .4: x = reverb(rng, x)
    if rng.random() < .6: x = norm(x) + norm(colored(rng, n, rng.uniform(0, 2)), .1 * 10 ** -rng.uniform(0, 2))
    return norm(x)
def animals(rng, n):
    "birds, crickets, frogs: notes that glide, trill and repeat in phrases"
    x, i = np.zeros(n), int(rng.uniform(0, .3) * SR); base = 10 ** rng.uniform(2.9, 3.75); h = int(rng.integers(1, 5)); gap = 10 ** rng.uniform(-1.7, -.3)
    kinds = [(rng.uniform(.03, .3), rng.uniform(-1, 1), rng.uniform(0, .4), rng.uniform(5, 60)) for _ in range(rng.integers(1, 5))]
    while i < n:
        length, slide, trill, rate = kinds[rng.integers(len(kinds))]; m = min(n - i, int(length * rng.uniform(.8, 1.2) * SR))
        if m < 60: break
        f = base * 2 ** (slide * np.linspace(-.5, .5, m) ** rng.integers(1, 3) + trill * np.sin(2 * np.pi * rate * t_(m)))
        ph = 2 * np.pi * np.cumsum(f) / SR; note_ = sum(np.sin(ph * (j + 1)) / (j + 1) ** 2 for j in range(h) if base * (j + 1) < 7000)
        x[i:i + m] += note_ * np.hanning(m) * rng.uniform(.4, 1); i += m + int(gap * rng.uniform(.5, 2) * SR)
    if rng.random() < .5: x = reverb(rng, x)
    if rng.random() < .7: x = norm(x) + norm(colored(rng, n, rng.uniform(0, 2)), .1 * 10 ** -rng.uniform(.3, 2))
    return norm(x)
def strokes(rng, n):
    "keyboards, claps and tools: clusters of short sounds with a resonance, each press with its release"
    x, i = np.zeros(n), 0; pace = 10 ** rng.uniform(-1.3, -.2); shapes = [resonances(rng, rng.normal(size=int(.12 * SR)), 2) for _ in range(5)]
    many = rng.random() < .3
    while i < n:
        for at in ((i,) if rng.random() < .3 else (i, i + int(rng.uniform(.04, .12) * SR))):
            m = min(n - at, int(rng.uniform(.01, .12) * SR))
            if m > 20: x[at:at + m] += norm(shapes[rng.integers(5)][:m]) * np.exp(-t_(m) / 10 ** rng.uniform(-2.6, -1.5)) * rng.uniform(.3, 1)
        i += max(40, int(pace * rng.exponential() * SR / (20 if many else 1)))
        if rng.random() < .1 and not many: i += int(rng.uniform(.2, 1.2) * SR)
    if rng.random() < .6: x = norm(x) + norm(colored(rng, n, rng.uniform(0, 2)), .1 * 10 ** -rng.uniform(.3, 2))
    if rng.random() < .4: x = reverb(rng, x)
    return norm(x)
FAMILIES.update({"drone": drone, "modem": modem, "siren": siren, "animals": animals, "strokes": strokes})
WEIGHTS.update({"drone": 3, "modem": 3, "siren": 1.5, "animals": 1.5, "strokes": 1.5})

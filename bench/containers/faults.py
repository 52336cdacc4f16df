"""Faults of files.

Each takes a random generator, an entry, another entry of the same format and one of any format, and returns the bytes and, where
all audio of some intact files must be in them, the entries of those; or `None` where it does not apply.
"""
from pathlib import Path


def read(entry):
    return Path(entry["path"]).read_bytes()


def cut_at_end(rng, entry, _other, _foreign):
    data = read(entry)
    return data[: int(len(data) * rng.uniform(0.05, 0.999))], None


def cut_last_bytes(rng, entry, _other, _foreign):
    data = read(entry)
    return data[: -rng.randint(1, 64)], None


def cut_at_start(rng, entry, _other, _foreign):
    data = read(entry)
    return data[int(len(data) * rng.uniform(0.01, 0.7)) :], None


def cut_in_the_middle(rng, entry, _other, _foreign):
    data = read(entry)
    at = int(len(data) * rng.uniform(0.2, 0.9))
    return data[:at] + data[at + rng.randint(1, max(2, len(data) // 10)) :], None


def flip(rng, data, count, first=0.0):
    data = bytearray(data)
    for _ in range(count):
        data[rng.randrange(int(len(data) * first), len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


def one_bit(rng, entry, _other, _foreign):
    return flip(rng, read(entry), 1), None


def twenty_bits(rng, entry, _other, _foreign):
    return flip(rng, read(entry), 20), None


def header_bit(rng, entry, _other, _foreign):
    data = read(entry)
    return flip(rng, data[:256], 1) + data[256:], None


def zeroed_block(rng, entry, _other, _foreign):
    data = bytearray(read(entry))
    size = min(rng.choice([64, 512, 4096]), len(data) // 4)
    at = rng.randrange(len(data) // 10, len(data) - size)
    data[at : at + size] = bytes(size)
    return bytes(data), None


def inserted_bytes(rng, entry, _other, _foreign):
    data = read(entry)
    at = int(len(data) * rng.uniform(0.2, 0.95))
    return data[:at] + rng.randbytes(rng.randint(1, 2000)) + data[at:], None


def appended(rng, entry, _other, _foreign):
    tail = rng.choice([b"<html><body>504 Gateway Timeout</body></html>", bytes(3000), b"TAG" + b" " * 125, rng.randbytes(700)])
    return read(entry) + tail, [entry]


def joined(_rng, entry, other, _foreign):
    return read(entry) + read(other), [entry, other]


def joined_three(_rng, entry, other, _foreign):
    return read(entry) + read(other) + read(entry), [entry, other, entry]


def joined_formats(_rng, entry, _other, foreign):
    return read(entry) + read(foreign), [entry, foreign]


def joined_cut(rng, entry, other, _foreign):
    data = read(entry)
    return data[: int(len(data) * rng.uniform(0.3, 0.99))] + read(other), None


def spliced(rng, entry, other, _foreign):
    first, second = read(entry), read(other)
    return first[: int(len(first) * rng.uniform(0.3, 0.9))] + second[int(len(second) * rng.uniform(0.1, 0.7)) :], None


def wrong_sizes(rng, entry, _other, _foreign):
    """Sizes and counts of WAV, AIFF and MP3 headers that are below or above the truth."""
    data = bytearray(read(entry))
    places = [(data.find(b"RIFF", 0, 64) + 4, "little"), (data.find(b"FORM", 0, 64) + 4, "big"), (data.find(b"Xing", 0, 4096) + 8, "big"),
              (data.find(b"Info", 0, 4096) + 8, "big"), (data.find(b"data", 0, 4096) + 4 if data[:4] == b"RIFF" else 3, "little")]
    places = [(at, order) for at, order in places if at not in (3, 7)]
    if not places:
        return None
    at, order = rng.choice(places)
    value = int.from_bytes(data[at : at + 4], order)
    value = rng.choice([0, value // 2, max(0, value - 8), value + 8, 2 * value, 0xFFFFFFFF]) & 0xFFFFFFFF
    data[at : at + 4] = value.to_bytes(4, order)
    return bytes(data), [entry]


FAULTS = {
    "cut at the end": cut_at_end,
    "last bytes missing": cut_last_bytes,
    "cut at the start": cut_at_start,
    "cut in the middle": cut_in_the_middle,
    "one flipped bit": one_bit,
    "20 flipped bits": twenty_bits,
    "flipped bit in the header": header_bit,
    "block of zeros": zeroed_block,
    "inserted bytes": inserted_bytes,
    "bytes behind the end": appended,
    "two joined": joined,
    "three joined": joined_three,
    "joined formats": joined_formats,
    "joined, first cut": joined_cut,
    "spliced": spliced,
    "wrong sizes": wrong_sizes,
}

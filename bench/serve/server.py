"""The server under load, its input, and the output of figures."""

import collections
import os
import pathlib
import re
import struct
import subprocess
import sys
import threading
import wave

ROOT = pathlib.Path(__file__).resolve().parents[2]


def report(what, figure, target, met):
    """One line for a target of the service: the figure beside it."""
    print(f"  {'met   ' if met else 'MISSED'} {what}: {figure} (target: {target})")
    return met


def at(values, q):
    """A quantile of values; infinity where there are none."""
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))] if values else float("inf")


def percentiles(values):
    """Times in seconds, in words."""
    if not values:
        return "none"
    names = [("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999), ("max", 1)]
    return ", ".join(f"{name} {1000 * at(values, q):.0f} ms" for name, q in names)


def speech(seconds):
    """16-bit samples of the shipped recording, repeated to a length."""
    with wave.open(str(ROOT / "assets/sample.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16000, 1, 2)
        once = file.readframes(file.getnframes())
    wanted = int(seconds * 16000) * 2
    return (once * (wanted // len(once) + 1))[:wanted]


def wav(samples):
    head = struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", 36 + len(samples), b"WAVEfmt ", 16, 1, 1, 16000, 32000, 2, 16,
                       b"data", len(samples))
    return head + samples


class Server:
    """A server, started here or not."""

    def __init__(self, args):
        self.process = None
        if args.server:
            host, port = args.server.rsplit(":", 1)
            self.address = (host, int(port))
            return
        command = [args.clstm, "serve", "--host", "127.0.0.1", "--port", "0", "--log", "warn"]
        command += ["--precision", args.precision] if args.precision else []
        command += ["--model", args.model] if args.model else []
        if args.decode_workers is not None:
            command += ["--decode-workers", str(args.decode_workers)]
        command += ["--max-streams", str(max(256, args.streams))]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        found = re.search(r"http://([\d.]+):(\d+)/", line)
        if not found:
            sys.exit(f"the server does not start: {line}{self.process.stderr.read()}")
        self.address = (found[1], int(found[2]))
        # A full pipe would stop the server at its next line of the log.
        threading.Thread(target=collections.deque, args=(self.process.stderr, 0), daemon=True).start()

    def cost(self):
        """CPU seconds so far, and most and present memory in MiB; where it was started here, on Linux."""
        if not self.process:
            return None
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        mib = lambda key: int(re.search(rf"{key}:\s+(\d+)", status)[1]) / 1024
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK"), mib("VmHWM"), mib("VmRSS")

    def print_cost(self, before):
        """What it took since `before`; the most memory in MB, if that is known."""
        after = self.cost()
        if not (before and after):
            return None
        print(f"  server: {after[0] - before[0]:.1f} s of CPU, at most {after[1]:.0f} MiB resident, "
              f"now {after[2]:.0f} MiB; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        return after[1] * 1.048576

    def end(self):
        if self.process:
            self.process.terminate()
            self.process.wait(60)

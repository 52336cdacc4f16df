#!/usr/bin/env python3
"""Load on `clstm serve`: live streams in real time, and recordings from many clients.

    bench/serve/run.py streams --streams 200 --seconds 60
    bench/serve/run.py recognize --clients 32 --seconds 60
    bench/serve/run.py recognize --clients 320 --seconds 60     # refusals, and how soon it is well again

Starts target/release/clstm (or --clstm PATH) on a free port, or asks a running one (--server HOST:PORT).
Standard library only. The client runs on the same cores as the server and takes its share of them: the figures
are what a client on the same machine sees.
"""

import argparse
import asyncio
import json
import os
import pathlib
import re
import resource
import struct
import subprocess
import sys
import time
import wave

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHUNK_S = 0.1


def percentiles(values):
    values = sorted(values)
    if not values:
        return "none"
    at = lambda q: values[min(len(values) - 1, int(q * len(values)))]
    names = [("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999)]
    figures = [f"{name} {1000 * at(q):.0f} ms" for name, q in names]
    return ", ".join(figures + [f"max {1000 * values[-1]:.0f} ms"])


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
        command = [args.clstm, "serve", "--listen", "127.0.0.1:0", "--log", "warn"]
        command += ["--precision", args.precision] + (["--model", args.model] if args.model else [])
        command += ["--max-streams", str(max(256, getattr(args, "streams", 0)))]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        found = re.search(r"http://([\d.]+):(\d+)/", line)
        if not found:
            sys.exit(f"the server does not start: {line}{self.process.stderr.read()}")
        self.address = (found[1], int(found[2]))

    def cost(self):
        """CPU seconds so far, and most and present memory in MiB; where it was started here, on Linux."""
        if not self.process:
            return None
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        mib = lambda key: int(re.search(rf"{key}:\s+(\d+)", status)[1]) / 1024
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK"), mib("VmHWM"), mib("VmRSS")

    def end(self):
        if self.process:
            self.process.terminate()
            self.process.wait(60)


# --- streams ------------------------------------------------------------------------------------------


def frame(payload):
    """A binary message whose mask is zero, so that the payload stands as it is (RFC 6455, 5.3)."""
    n = len(payload)
    head = struct.pack("!BB", 0x82, 0x80 | n) if n < 126 else struct.pack("!BBH", 0x82, 0x80 | 126, n)
    return head + bytes(4) + payload


async def read_message(reader):
    first, length = await reader.readexactly(2)
    length &= 127
    if length == 126:
        (length,) = struct.unpack("!H", await reader.readexactly(2))
    elif length == 127:
        (length,) = struct.unpack("!Q", await reader.readexactly(8))
    return first & 15, await reader.readexactly(length)


async def stream(address, sound, seconds, start_at, latencies, failures):
    """Sends a sound in real time; notes how long after the sample that ends a moment its answer came."""
    try:
        reader, writer = await asyncio.open_connection(*address)
        key = "dGhlIHNhbXBsZSBub25jZQ=="
        writer.write((f"GET /v1/stream HTTP/1.1\r\nHost: {address[0]}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                      f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n").encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            failures.append(head.split(b"\r\n")[0].decode())
            return
        sent_at = []  # when each chunk was sent
        size = int(CHUNK_S * 16000) * 2
        moments = 0

        async def send():
            await asyncio.sleep(max(0.0, start_at - time.monotonic()))
            began = time.monotonic()
            for i in range(int(seconds / CHUNK_S)):
                await asyncio.sleep(max(0.0, began + (i + 1) * CHUNK_S - time.monotonic()))
                at = (i * size) % (len(sound) - size)
                sent_at.append(time.monotonic())
                writer.write(frame(sound[at:at + size]))
                await writer.drain()

        sending = asyncio.create_task(send())
        due = int(seconds / 0.5 + 1e-9)
        try:
            # The last moment may want a frame of the detector more than there is.
            while moments < due - 1:
                kind, payload = await asyncio.wait_for(read_message(reader), 30)
                if kind == 8:
                    failures.append("closed by the server")
                    return
                if kind == 1:
                    event = json.loads(payload)
                    if event["type"] == "error":
                        failures.append(event["error"]["kind"])
                    if event["type"] == "moment":
                        moments += 1
                        # The chunk that holds the moment's last sample.
                        chunk = max(0, round(event["end_s"] / CHUNK_S) - 1)
                        latencies.append((time.monotonic() - sent_at[chunk], event["label"] is not None))
        finally:
            sending.cancel()
            writer.close()
    except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError) as error:
        failures.append(type(error).__name__)


async def streams(server, args):
    sound = speech(30)
    latencies, failures = [], []
    before = server.cost()
    base = time.monotonic() + 1 + args.streams / 200
    # Spread over the half second of a hop, as people who do not know each other are.
    tasks = [stream(server.address, sound, args.seconds, base + 0.5 * i / args.streams, latencies, failures)
             for i in range(args.streams)]
    await asyncio.gather(*tasks)
    after = server.cost()
    times = [latency for latency, _ in latencies]
    late = sum(latency > 1 for latency in times)
    heard = sum(answered for _, answered in latencies)
    print(f"streams: {args.streams} for {args.seconds} s in chunks of {1000 * CHUNK_S:.0f} ms, an answer each 500 ms")
    print(f"  answers: {len(times)} ({heard} with speech), failures: {len(failures)} {sorted(set(failures))}")
    print(f"  from the sample that ends a moment to its answer: {percentiles(times)}")
    print(f"  later than 1 s: {late}")
    return before, after


# --- recordings ---------------------------------------------------------------------------------------


async def client(address, request, until, times, refusals, failures):
    while time.monotonic() < until:
        reader = writer = None
        try:
            reader, writer = await asyncio.open_connection(*address)
            while time.monotonic() < until:
                began = time.monotonic()
                writer.write(request)
                await writer.drain()
                head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)).lower()
                length = re.search(rb"content-length: (\d+)", head)
                body = await (reader.readexactly(int(length[1])) if length else reader.read())
                status = int(head.split(b" ", 2)[1])
                if status == 200:
                    json.loads(body)["label"]
                    times.append(time.monotonic() - began)
                elif status == 503 and b"retry-after: " in head:
                    refusals.append(time.monotonic() - began)
                    await asyncio.sleep(1)
                else:
                    failures.append(status)
                if b"connection: close" in head:
                    break
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError) as error:
            failures.append(type(error).__name__)
            await asyncio.sleep(0.1)
        finally:
            if writer:
                writer.close()


async def recognize(server, args):
    body = wav(speech(args.clip))
    head = f"POST /v1/recognize HTTP/1.1\r\nHost: {server.address[0]}\r\nContent-Length: {len(body)}\r\n\r\n"
    request = head.encode() + body
    calm = []
    await client(server.address, request, time.monotonic() + 2, calm, [], [])
    before = server.cost()
    times, refusals, failures = [], [], []
    began = time.monotonic()
    until = began + args.seconds
    await asyncio.gather(*(client(server.address, request, until, times, refusals, failures)
                           for _ in range(args.clients)))
    took = time.monotonic() - began
    after = server.cost()
    print(f"recognize: {args.clients} clients at once with clips of {args.clip} s for {args.seconds} s")
    print(f"  answers: {len(times)} ({len(times) / took:.1f} a second), refusals (503): {len(refusals)}, "
          f"failures: {len(failures)} {sorted(set(map(str, failures)))}")
    print(f"  time to an answer: {percentiles(times)}")
    if refusals:
        print(f"  time to a refusal: {percentiles(refusals)}")
        ended = time.monotonic()
        usual = sorted(calm)[len(calm) // 2]
        while time.monotonic() - ended < 60:
            single = []
            await client(server.address, request, time.monotonic() + 0.01, single, [], [])
            if single and single[0] < 2 * usual + 0.02:
                break
        print(f"  one client alone is answered as before ({1000 * usual:.0f} ms) after {time.monotonic() - ended:.1f} s")
    return before, after


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("load", choices=["streams", "recognize"])
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clip", type=float, default=4, help="seconds of a recording")
    parser.add_argument("--clstm", default=str(ROOT / "target/release/clstm"))
    parser.add_argument("--model", help="a model file instead of the one inside")
    parser.add_argument("--precision", default="f32", choices=["f32", "bf16"])
    parser.add_argument("--server", help="HOST:PORT of a running one")
    args = parser.parse_args()
    wanted = 4096
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, wanted)), hard))
    server = Server(args)
    try:
        before, after = asyncio.run({"streams": streams, "recognize": recognize}[args.load](server, args))
        if before and after:
            print(f"  server: {after[0] - before[0]:.1f} s of CPU, at most {after[1]:.0f} MiB resident, "
                  f"now {after[2]:.0f} MiB; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    finally:
        server.end()


if __name__ == "__main__":
    main()

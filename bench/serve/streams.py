"""Live streams in real time."""

import asyncio
import json
import struct
import time

from server import at, percentiles, speech, report

CHUNK_S = 0.1
# The target: this many streams, each with a frame every 500 ms, none later than 1 s.
STREAMS = 200
LATEST_S = 1.0


def frame(payload):
    """A binary message whose mask is zero, so that the payload is not changed (RFC 6455, 5.3)."""
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
    """Sends a sound in real time; records the delay of each frame after its last sample."""
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
                offset = (i * size) % (len(sound) - size)
                sent_at.append(time.monotonic())
                writer.write(frame(sound[offset:offset + size]))
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
                    if event["type"] == "frame":
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
    """Whether the target is met."""
    sound = speech(30)
    latencies, failures = [], []
    before = server.cost()
    base = time.monotonic() + 1 + args.streams / 200
    # Spread over the half second of a hop, as people who do not know each other are.
    tasks = [stream(server.address, sound, args.seconds, base + 0.5 * i / args.streams, latencies, failures)
             for i in range(args.streams)]
    await asyncio.gather(*tasks)
    times = [latency for latency, _ in latencies]
    late = sum(latency > LATEST_S for latency in times)
    with_speech = sum(with_prediction for _, with_prediction in latencies)
    print(f"streams: {args.streams} for {args.seconds} s in chunks of {1000 * CHUNK_S:.0f} ms, a frame each 500 ms")
    print(f"  responses: {len(times)} ({with_speech} with speech), failures: {len(failures)} {sorted(set(failures))}")
    print(f"  from the last sample of a frame to its prediction: {percentiles(times)}")
    server.print_cost(before)
    due = args.streams * (int(args.seconds / 0.5 + 1e-9) - 1)
    figure = f"{len(times)} of {due} frames, {late} later than {LATEST_S:.0f} s, the last after {at(times, 1):.2f} s"
    return report(f"{args.streams} streams", figure,
                f"{STREAMS} streams, a frame each 500 ms, none later than {LATEST_S:.0f} s",
                not failures and late == 0 and len(times) == due)

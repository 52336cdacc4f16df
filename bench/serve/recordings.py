"""Recordings from many clients at once."""

import asyncio
import json
import re
import time

from server import at, percentiles, speech, report, wav

# The targets: one client alone gets its responses soon; each of several in time, and all together many; with ten times as many the excess is
# refused cleanly.
ALONE_P50_S = 0.008
CLIENTS = 32
P99_S = 0.25
RESPONSES_PER_S = 450
OVERLOAD = 10 * CLIENTS
MEMORY_MB = 500
WELL_AGAIN_S = 5


async def client(address, request, until, times, refusals, failures):
    """Sends one request after the other. A request with neither a response nor a refusal counts as lost."""
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
                elif status in (429, 503) and b"retry-after: " in head:
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


def request_of(server, seconds):
    body = wav(speech(seconds))
    head = f"POST /v1/recognize HTTP/1.1\r\nHost: {server.address[0]}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def load(server, args, clients):
    """Response times, refusals and failures of the given number of clients."""
    request = request_of(server, args.clip)
    times, refusals, failures = [], [], []
    began = time.monotonic()
    until = began + args.seconds
    await asyncio.gather(*(client(server.address, request, until, times, refusals, failures) for _ in range(clients)))
    took = time.monotonic() - began
    print(f"recognize: {clients} clients at once with clips of {args.clip:g} s for {args.seconds:g} s")
    print(f"  responses: {len(times)} ({len(times) / took:.1f} a second), refusals: {len(refusals)}, "
          f"failures: {len(failures)} {sorted(set(map(str, failures)))}")
    print(f"  response time: {percentiles(times)}")
    if refusals:
        print(f"  time to a refusal: {percentiles(refusals)}")
    return times, refusals, failures


async def latency(server, args):
    """Whether the target is met by one client on a machine without other work."""
    await client(server.address, request_of(server, args.clip), time.monotonic() + 1, [], [], [])
    before = server.cost()
    times, refusals, failures = await load(server, args, 1)
    server.print_cost(before)
    p50 = at(times, 0.5)
    return report("one client", f"p50 {1000 * p50:.1f} ms", f"p50 at most {1000 * ALONE_P50_S:.0f} ms",
                p50 <= ALONE_P50_S and not refusals and not failures)


async def recognize(server, args):
    """Whether the targets are met."""
    await client(server.address, request_of(server, args.clip), time.monotonic() + 1, [], [], [])
    before = server.cost()
    times, refusals, failures = await load(server, args, args.clients)
    server.print_cost(before)
    errors, rate = len(refusals) + len(failures), len(times) / args.seconds
    soon = report(f"{args.clients} clients", f"p99 {1000 * at(times, 0.99):.0f} ms, {errors} errors",
                f"{CLIENTS} clients, p99 under {1000 * P99_S:.0f} ms, no errors", at(times, 0.99) < P99_S and not errors)
    many = report(f"{args.clients} clients", f"{rate:.0f} responses a second", f"{RESPONSES_PER_S}", rate >= RESPONSES_PER_S)
    return soon and many


async def overload(server, args):
    """Whether all of the targets are met."""
    request = request_of(server, args.clip)
    calm = []
    await client(server.address, request, time.monotonic() + 2, calm, [], [])
    usual = at(calm, 0.5)
    before = server.cost()
    times, refusals, failures = await load(server, args, args.overload)
    ended = time.monotonic()
    well = float("inf")
    while time.monotonic() - ended < 60:
        single = []
        await client(server.address, request, time.monotonic() + 0.01, single, [], [])
        if single and single[0] < 2 * usual + 0.02:
            well = time.monotonic() - ended
            break
    memory = server.print_cost(before)
    clean = report(f"{args.overload} clients", f"{len(times)} processed, {len(refusals)} refused with Retry-After, "
                 f"{len(failures)} lost", f"{OVERLOAD} clients, processed or refused, none lost",
                 bool(times and not failures))
    small = memory is None or report("memory", f"{memory:.0f} MB", f"under {MEMORY_MB} MB", memory < MEMORY_MB)
    soon = report("response time of one client afterwards", f"{1000 * usual:.0f} ms, after {well:.1f} s",
                f"within {WELL_AGAIN_S} s", well < WELL_AGAIN_S)
    return clean and small and soon

"""What the decode workers cost: the same requests with them and without."""

import asyncio
import copy
import os
import pathlib
import re
import statistics
import time

from recordings import request_of
from server import Server, percentiles

ROUNDS = 8
REQUESTS = 40


def cpu(pid):
    """CPU seconds of a process and its children."""
    seconds = 0.0
    threads = pathlib.Path(f"/proc/{pid}/task").iterdir()
    children = {child for thread in threads for child in (thread / "children").read_text().split()}
    for process in [pid, *children]:
        stat = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
        seconds += (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


async def one_by_one(server, request, count, times):
    """Sends requests on one connection."""
    reader, writer = await asyncio.open_connection(*server.address)
    try:
        for _ in range(count):
            began = time.monotonic()
            writer.write(request)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"the server responds {head[:40]}")
            await reader.readexactly(int(re.search(rb"content-length: (\d+)", head.lower())[1]))
            times.append(time.monotonic() - began)
    finally:
        writer.close()


async def decoding(server, args):
    """Prints the cost; there is no target."""
    without_args = copy.copy(args)
    without_args.decode_workers = 0
    without = Server(without_args)
    try:
        spent, times = {server: [], without: []}, {server: [], without: []}
        for one in (server, without):
            await one_by_one(one, request_of(one, args.clip), 5, [])
        # In turn, so that other load on the machine meets both.
        for _ in range(ROUNDS):
            for one in (server, without):
                before = cpu(one.process.pid)
                await one_by_one(one, request_of(one, args.clip), REQUESTS, times[one])
                spent[one].append(1000 * (cpu(one.process.pid) - before) / REQUESTS)
        print(f"decoding: {ROUNDS} rounds of {REQUESTS} requests one after the other, WAV of {args.clip:g} s")
        for name, one in (("with workers", server), ("without", without)):
            print(f"  {name}: {statistics.median(spent[one]):.1f} ms of CPU a request (median of the rounds, "
                  f"{min(spent[one]):.1f} to {max(spent[one]):.1f}); response time {percentiles(times[one])}")
        cost = statistics.median(a - b for a, b in zip(spent[server], spent[without]))
        print(f"  decode workers take {cost:.1f} ms of CPU more for a request (median of the differences of rounds)")
        return True
    finally:
        without.end()

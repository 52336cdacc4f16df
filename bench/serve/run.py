#!/usr/bin/env python3
"""The targets of `clstm serve`: loads, and what came of them beside what is wanted.

    bench/serve/run.py streams       # 200 live streams in real time: a frame each 500 ms, none later than 1 s
    bench/serve/run.py latency       # one client with clips of 4 s: p50 at most 8 ms
    bench/serve/run.py recognize     # 32 clients with clips of 4 s: p99 under 250 ms, no errors, 450 responses a second
    bench/serve/run.py overload      # ten times as many: refused cleanly, none lost, under 500 MB, well again in 5 s
    bench/serve/run.py decoding      # CPU time of a request with decode workers and without
    bench/serve/run.py all           # one after the other, each with a server of its own

Starts target/release/clstm (or --clstm PATH) on a free port, or asks a running one (--server HOST:PORT).
Standard library only. The client runs on the same cores as the server and takes its share of them: the figures
are what a client on the same machine sees. Ends with 1 where a target is missed. The start of the command, the
fourth target of the service, is bench/cold-start.
"""

import argparse
import asyncio
import resource
import sys

from decoding import decoding
from recordings import CLIENTS, OVERLOAD, latency, overload, recognize
from server import ROOT, Server
from streams import STREAMS, streams

LOADS = {"streams": streams, "latency": latency, "recognize": recognize, "overload": overload, "decoding": decoding}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("load", choices=[*LOADS, "all"])
    parser.add_argument("--streams", type=int, default=STREAMS)
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--overload", type=int, default=OVERLOAD, help="clients that are too many")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clip", type=float, default=4, help="seconds of a recording")
    parser.add_argument("--clstm", default=str(ROOT / "target/release/clstm"))
    parser.add_argument("--model", help="a model file instead of the one inside")
    parser.add_argument("--precision", choices=["f32", "bf16"], help="that of the server, where it is not to choose")
    parser.add_argument("--server", help="HOST:PORT of a running one")
    args = parser.parse_args()
    args.decode_workers = None
    wanted = 4096
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, wanted)), hard))
    met = True
    for load in LOADS if args.load == "all" else [args.load]:
        server = Server(args)
        try:
            met &= asyncio.run(LOADS[load](server, args))
        finally:
            server.end()
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()

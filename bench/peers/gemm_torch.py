#!/usr/bin/env python3
"""The GEMM that PyTorch brings (MKL or oneDNN), for the machine's peak."""

import sys

sys.dont_write_bytecode = True

import torch  # noqa: E402
from peer import arguments, serve  # noqa: E402


def main():
    args = arguments(__doc__, ["gemm"]).parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    kind = {"f32": torch.float32, "bf16": torch.bfloat16}[args.precision]
    a, b = (torch.rand(args.batch, args.batch).to(kind) for _ in range(2))
    product = torch.empty_like(a)

    @torch.inference_mode()
    def step():
        torch.mm(a, b, out=product)

    serve(step, version=torch.__version__, products=1)


if __name__ == "__main__":
    main()

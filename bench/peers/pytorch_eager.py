#!/usr/bin/env python3
"""PyTorch eager: checks that it computes what we compute, then times it. See ../README.md."""

import sys

sys.dont_write_bytecode = True

import torch  # noqa: E402

from contender import arguments, read_check, report  # noqa: E402
from network import CenterLoss, Network, read_model  # noqa: E402

CENTER_LOSS = 0.003
LEARNING_RATE = 1e-4

# Logits of the same weights: float32 sums in another order, over four recurrent layers.
LOGITS_BOUND = 1e-4


def main():
    args = arguments(__doc__)
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    config, weights = read_model(args.model)
    check = read_check(args.check)
    difference = compare(config, weights, check)

    # nn.GRU even where our network resets before the product: PyTorch has no other, and a loop is slower.
    network = Network(config, library_gru=True)
    network.load(weights)
    run = train_step if args.what == "train_step" else infer_clip
    seconds = run(network, config, check, args)
    report(args, seconds, max_logit_difference=difference, version=torch.__version__)


def compare(config, weights, check):
    """The largest difference of the logits from ours; ends the program where it is too large."""
    network = Network(config)
    network.load(weights)
    network.eval()
    with torch.inference_mode():
        _, logits = network(check["segments"])
    difference = float((logits - check["logits"]).abs().max())
    print(f"largest difference of the logits: {difference:.1e}", file=sys.stderr)
    if not difference < LOGITS_BOUND:
        sys.exit(f"the logits differ by {difference:.1e}: not the same network, nothing timed")
    return difference


def train_step(network, config, check, args):
    """Forward, backward and Adam over one batch, weights and inputs already in memory."""
    loss = CenterLoss(config["classes"], config["features"], CENTER_LOSS)
    parameters = [*network.parameters(), *loss.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=LEARNING_RATE, fused=True)
    segments, labels = (check[name][: args.batch].contiguous() for name in ("segments", "labels"))
    labels = labels.long()
    network.train()

    def step():
        optimizer.zero_grad(set_to_none=True)
        value = loss(*network(segments), labels)
        value.backward()
        optimizer.step()
        return value.item()

    return args.time(step)


def infer_clip(network, config, check, args):
    """The probabilities of one clip."""
    segments = check["segments"][: args.batch].contiguous()
    network.eval()

    @torch.inference_mode()
    def step():
        _, logits = network(segments)
        return torch.softmax(logits, dim=1).numpy()

    return args.time(step)


if __name__ == "__main__":
    main()

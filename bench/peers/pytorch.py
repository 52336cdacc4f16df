#!/usr/bin/env python3
"""PyTorch, eager or compiled: checks that it computes what we compute, then times it. See ../README.md."""

import sys
from contextlib import nullcontext

sys.dont_write_bytecode = True

import torch  # noqa: E402
from peer import agree, arguments, read_check, serve  # noqa: E402
from model_file import read_model  # noqa: E402
from torch_network import Branches, CenterLoss, ConvLstm, Network, first_step, later_step  # noqa: E402

CENTER_LOSS = 0.003
LEARNING_RATE = 1e-4

# Parts of a network that only `Branches` has.
PLUS = {"compression", "filterbank", "convolutions", "branches"}


def main():
    parser = arguments(__doc__)
    parser.add_argument("--compile", choices=["steps", "whole"], help="what torch.compile is given")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    if args.compile == "steps":
        compile_steps()
    config, weights = read_model(args.model, further=args.what == "infer")
    weights = {name: torch.from_numpy(values) for name, values in weights.items()}
    prepare = {"train_step": train_step, "infer": infer}[args.what]
    step, differences = prepare(args, config, weights, read_check(args.check))
    step()  # what is compiled is compiled now
    serve(step, version=torch.__version__, differences=differences)


def compile_steps():
    """Compiles a ConvLSTM's step alone: 24 steps of 4 blocks in one graph take minutes to compile."""
    # Every block, and the checked batch beside the timed one, is a graph of its own.
    torch._dynamo.config.recompile_limit = 64
    ConvLstm.first_step = staticmethod(torch.compile(first_step, dynamic=False))
    ConvLstm.later_step = staticmethod(torch.compile(later_step, dynamic=False))


def network(args, config, weights):
    """The network with our weights."""
    if PLUS & set(config):
        network = Branches(config, weights)
    else:
        network = Network(config)
        network.load(weights)
    return torch.compile(network, dynamic=False) if args.compile == "whole" else network


def autocast(args):
    """Where bfloat16 is asked for, PyTorch's own choice of what runs in it."""
    return torch.autocast("cpu", torch.bfloat16) if args.precision == "bf16" else nullcontext()


def train_step(args, config, weights, check):
    """Forward, backward and Adam over one batch, weights and inputs already in memory."""

    def learner(config):
        net = network(args, config, weights).train()
        loss = CenterLoss(config["classes"], config["features"], CENTER_LOSS)
        return net, loss, [*net.parameters(), *loss.parameters()]

    def forward(net, loss, count):
        segments = torch.from_numpy(check.segments[:count])
        labels = torch.from_numpy(check.labels[:count])
        with autocast(args):
            return loss(*net(segments), labels)

    # No two programs draw the same dropout.
    net, loss, parameters = learner(config | {"dropout": 0.0})
    value = forward(net, loss, check.checked)
    value.backward()
    square = sum(float(p.grad.double().square().sum()) for p in parameters)
    square -= sum(float(g.double().square().sum()) for g in net.gflb.extra_gradients())
    differences = agree(args, check, loss=value.item(), gradient_norm=square**0.5)

    net, loss, parameters = learner(config)
    optimizer = torch.optim.Adam(parameters, lr=LEARNING_RATE, fused=True)

    def step():
        optimizer.zero_grad(set_to_none=True)
        value = forward(net, loss, args.batch)
        value.backward()
        optimizer.step()
        return value.item()

    return step, differences


def infer(args, config, weights, check):
    """The probabilities of a batch of clips."""
    net = network(args, config, weights).eval()

    @torch.inference_mode()
    def logits(count):
        with autocast(args):
            return net(torch.from_numpy(check.segments[:count]))[1].float()

    differences = agree(args, check, logits=logits(check.checked).numpy())
    return lambda: torch.softmax(logits(args.batch), dim=1).numpy(), differences


if __name__ == "__main__":
    main()

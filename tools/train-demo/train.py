"""Trains one network of the demo pair: `train.py detector|pose PACK OUT`. Writes an OpenMMLab-layout .pth and its figures.

The folder PACK is what `footage.py` and `bodies.py` made. Without `--hold-out` everything is learned; with it, the clips
named are left out, with their backgrounds, and the network is judged on them. The seed, the number of iterations and the
device decide the weights.
"""

import argparse
import copy
import json
import math
import time
from pathlib import Path

import torch
from torch import nn

import detector
import pose
from compose import Backgrounds, People
from figures import Bodies, Random

RENEWED, EVERY = 64, 8  # rendered people exchanged, every so many iterations


def trained(model, loss, batch, renew, learning_rate, iterations, seconds):
    """AdamW, linear warm-up, cosine to zero, and a running average of the weights, which is returned.

    Ends after `iterations`, or earlier after `seconds`: then the schedule follows the clock.
    """
    average = copy.deepcopy(model).eval().requires_grad_(False)
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": 0.05}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=learning_rate)
    start, step, done = time.time(), 0, 0.0
    while done < 1:
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * min(1, (step + 1) / 300) * max(0.5 * (1 + math.cos(math.pi * done)), 0.005)
        value = loss(model, batch())
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        blend(average, model, min(0.9985, (step + 1) / (step + 10)))
        if step % EVERY == 0:
            renew()
        step += 1
        if step % 200 == 0:
            print(f"{time.time() - start:6.1f} s, iteration {step}, loss {value.item():.4f}", flush=True)
        done = max(step / iterations, (time.time() - start) / seconds)
    return average, step


@torch.no_grad()
def blend(average, model, keep):
    ours, theirs = list(average.state_dict().values()), list(model.state_dict().values())
    floats = [(a, b) for a, b in zip(ours, theirs) if a.dtype.is_floating_point]
    torch._foreach_lerp_([a for a, _ in floats], [b for _, b in floats], 1 - keep)
    for a, b in zip(ours, theirs):
        if not a.dtype.is_floating_point:
            a.copy_(b)


@torch.no_grad()
def round_to_half(model):
    """Leaves only numbers that f16 can say, so that the f16 file that is shipped is the very same network."""
    for tensor in model.state_dict().values():
        if tensor.dtype.is_floating_point:
            tensor.copy_(tensor.half())


def save(model, path, config, meta, seed):
    weights = {name: tensor.cpu().contiguous() for name, tensor in model.state_dict().items()}
    torch.save({"meta": {"cfg": config, "dataset_meta": meta, "seed": seed}, "state_dict": weights}, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", choices=["detector", "pose"])
    parser.add_argument("pack", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--hold-out", nargs="*", default=[], metavar="CLIP")
    parser.add_argument("--iterations", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=math.inf)
    parser.add_argument("--rendered", type=int, default=4_096, help="people rendered ahead")
    parser.add_argument("--batch", type=int)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    start = time.time()
    options.out.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(options.seed)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True

    def learned(clip):
        return clip not in options.hold_out

    def unseen(clip):
        return clip in options.hold_out

    random, bodies = Random(options.seed, device), Bodies(options.pack / "bodies.npz", device)
    with torch.no_grad():
        people = People(options.pack, bodies, options.rendered, random, options.seed + 1, learned)
        backgrounds = Backgrounds(options.pack, random, learned)
    counts = f"{people.filmed} people filmed, {options.rendered} rendered, {len(backgrounds.pictures)} backgrounds"
    print(f"{counts}: {time.time() - start:.0f} s", flush=True)
    part = {"detector": detector, "pose": pose}[options.network]
    if part is detector:
        frames = detector.Frames(options.pack, device, learned)
        source = detector.Scenes(frames, people, backgrounds, random)
    else:
        source = pose.Crops(people, backgrounds, random)
    model = part.network().to(device).train()

    def batch():
        with torch.no_grad():
            return source.batch(options.batch or part.BATCH)

    def renew():
        with torch.no_grad():
            people.renew(min(RENEWED, options.rendered))

    average, iterations = trained(model, part.loss, batch, renew, part.LEARNING_RATE, options.iterations, options.seconds)
    round_to_half(average)
    figures = dict(seconds=round(time.time() - start), iterations=iterations, held_out=options.hold_out)
    if part is detector:
        figures["learned"] = detector.judge(average, frames) if len(frames.pictures) else None
        if options.hold_out:
            figures["unseen"] = detector.judge(average, detector.Frames(options.pack, device, unseen))
    else:
        figures["learned"] = pose.judge(average, people, backgrounds, random)
        if options.hold_out:
            others = People(options.pack, bodies, 0, random, options.seed, unseen)
            figures["unseen"] = pose.judge(average, others, backgrounds, random)
    print(json.dumps(figures), flush=True)
    name = f"{options.network}{'_held_out' if options.hold_out else ''}"
    (options.out / f"{name}.json").write_text(json.dumps(figures, indent=1))
    save(average, options.out / f"{name}.pth", part.CONFIG, part.META, options.seed)


if __name__ == "__main__":
    main()

"""The pose network's batches, its loss, and how it is judged.

A crop is that of mmpose's top-down data: the box padded by 1.25, 192 x 256, UDP (Huang et al., 2020); targets are
Gaussians of sigma 2 on a 48 x 64 heatmap.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F

import networks
from compose import FLIP, among, coarse, cover, photograph, relight, sample, soften

WIDTH, HEIGHT = 192, 256
PADDING = 1.25
DIM, DEPTH, HEADS, DECONV = 192, 8, 3, 128
BATCH, LEARNING_RATE = 224, 1.3e-3
FILMED = 0.45  # share of filmed people in a batch

CODEC = "dict(type='UDPHeatmap', input_size=(192, 256), heatmap_size=(48, 64), sigma=2)"
CONFIG = f"""codec = {CODEC}
model = dict(
    type='TopdownPoseEstimator',
    data_preprocessor=dict(
        type='PoseDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True),
    backbone=dict(
        type='mmpretrain.VisionTransformer',
        arch=dict(embed_dims={DIM}, num_layers={DEPTH}, num_heads={HEADS}, feedforward_channels={4 * DIM}),
        img_size=(256, 192), patch_size=16, qkv_bias=True, drop_path_rate=0.0, with_cls_token=False,
        out_type='featmap', patch_cfg=dict(padding=2)),
    head=dict(
        type='HeatmapHead', in_channels={DIM}, out_channels=17, deconv_out_channels=({DECONV}, {DECONV}),
        deconv_kernel_sizes=(4, 4), loss=dict(type='KeypointMSELoss', use_target_weight=True), decoder={CODEC}),
    test_cfg=dict(flip_test=True, flip_mode='heatmap', shift_heatmap=False))
"""
META = {"dataset_name": "coco"}
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


def network():
    model = networks.ViTPose(DIM, DEPTH, HEADS, DECONV)
    nn.init.trunc_normal_(model.backbone.pos_embed, std=0.02)
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.02)
            nn.init.zeros_(module.bias)
        if isinstance(module, nn.ConvTranspose2d):
            nn.init.normal_(module.weight, std=0.03)
    nn.init.normal_(model.head.final_layer.weight, std=0.01)
    nn.init.zeros_(model.head.final_layer.bias)
    return model


def normalize(x):
    mean, std = (torch.tensor(v, device=x.device).view(1, 3, 1, 1) for v in (MEAN, STD))
    return (x - mean) / std


class Crops:
    """Crops of people from the pool, with heatmaps to learn."""

    def __init__(self, people, backgrounds, random):
        self.people, self.backgrounds, self.random = people, backgrounds, random

    def placement(self, rows, plain):
        """Where each crop lies in its tile: a matrix and a centre, and which crops are mirrored."""
        r, n = self.random, len(rows)
        box = self.people.boxes[rows]
        centre, size = (box[:, :2] + box[:, 2:]) / 2, box[:, 2:] - box[:, :2]
        side = torch.maximum(size[:, 0] * HEIGHT / WIDTH, size[:, 1]) * PADDING
        angle, stretch, mirrored = torch.zeros(n, device=r.device), torch.ones(n, device=r.device), r.chance(0.5, n)
        if plain:
            mirrored = torch.zeros_like(mirrored)
        else:
            centre = centre + (r.uniform(n, 2) - 0.5) * 0.22 * side[:, None]
            side = side * torch.exp(r.uniform(n, low=-0.35, high=0.35))
            angle = r.normal(n, std=0.35) + r.chance(0.1, n) * r.uniform(n, low=-3.1, high=3.1)
            stretch = torch.exp(r.uniform(n, low=-0.15, high=0.15))
        # UDP: the crop spans WIDTH - 1 and HEIGHT - 1 intervals between pixel centres.
        step = torch.stack([side * WIDTH / HEIGHT / (WIDTH - 1) * stretch, side / (HEIGHT - 1)], 1)
        step[:, 0] = torch.where(mirrored, -step[:, 0], step[:, 0])
        turn = torch.stack([torch.stack([angle.cos(), -angle.sin()], -1), torch.stack([angle.sin(), angle.cos()], -1)], 1)
        return turn * step[:, None], centre, mirrored

    def keypoints(self, rows, matrix, centre, mirrored):
        """Keypoints in crop pixels and their weights."""
        offset = self.people.keypoints[rows] - centre[:, None]
        middle = torch.tensor([(WIDTH - 1) / 2, (HEIGHT - 1) / 2], device=offset.device)
        points = torch.einsum("nij,nkj->nki", torch.linalg.inv(matrix), offset) + middle
        weights = self.people.weights[rows]
        return (torch.where(mirrored[:, None, None], points[:, FLIP], points), torch.where(mirrored[:, None], weights[:, FLIP], weights))

    def beside(self, x, low, high):
        """Somebody else pasted beside the middle of each picture, `low` to `high` of its width away."""
        r, n = self.random, len(x)
        rows = self.people.choose(n, FILMED)
        matrix, centre, _ = self.placement(rows, plain=False)
        sideways = r.uniform(n, low=low, high=high) * torch.where(r.chance(0.5, n), 1.0, -1.0) * WIDTH
        shift = torch.stack([sideways, r.normal(n, std=0.15 * HEIGHT)], -1)
        other = sample(self.people.pictures[rows], matrix, centre - (matrix @ shift[..., None])[..., 0], HEIGHT, WIDTH)
        alpha = other[:, 3:] / 255
        return x * (1 - alpha) + relight(other[:, :3], r) * alpha

    def batch(self, count):
        """Normalised crops (n, 3, 256, 192), heatmaps (n, 17, 64, 48) and weights (n, 17)."""
        r, people = self.random, self.people
        rows = people.choose(count, FILMED)
        matrix, centre, mirrored = self.placement(rows, plain=False)
        tiles = sample(people.pictures[rows], matrix, centre, HEIGHT, WIDTH)
        person, alpha = tiles[:, :3], tiles[:, 3:] / 255
        behind = self.backgrounds.draw(count, HEIGHT, WIDTH)
        behind = among(behind, 0.3, r, lambda x: self.beside(x, 0.3, 0.7))
        tint = r.uniform(count, 3, 1, 1, low=0.5, high=1.5)
        part = F.interpolate(r.chance(0.5, count, 1, 6, 4).float(), (HEIGHT, WIDTH), mode="bilinear")
        recoloured = person * (1 - part) + person * tint * part
        in_place = (rows < people.filmed) & r.chance(0.5, count)
        person = torch.where((r.chance(0.4, count) & ~in_place)[:, None, None, None], recoloured, person)
        alpha = soften(alpha, r)
        pasted = relight(person, r) * alpha + behind * (1 - alpha)
        x = torch.where(in_place[:, None, None, None], person, pasted)
        x = among(x, 0.15, r, lambda x: self.beside(x, 0.4, 0.75))
        points, weights = self.keypoints(rows, matrix, centre, mirrored)
        x = torch.where(faces(points, r, 0.12), coarse(x, 5 + int(r.integers(6, 1))), x)
        for _ in range(3):
            x = cover(x, self.backgrounds, r, 0.2)
        return normalize(photograph(x, r)), heatmaps(points), weights


def faces(points, r, probability):
    """Where some pictures' faces are, (n, 1, 256, 192): published footage often has them made unrecognisable."""
    n = len(points)
    middle = points[:, :5].mean(1)[:, :, None, None]
    radius = (points[:, 5:7].mean(1)[:, :, None, None] - middle).norm(dim=1) * r.uniform(n, 1, 1, low=0.4, high=0.9)
    row, column = torch.arange(HEIGHT, device=points.device)[:, None], torch.arange(WIDTH, device=points.device)
    distance = torch.maximum((column - middle[:, 0]).abs(), (row - middle[:, 1]).abs())
    return ((distance < radius) & r.chance(probability, n, 1, 1))[:, None]


def heatmaps(points):
    """Unnormalised Gaussians of sigma 2; nothing for a keypoint outside the crop."""
    inside = ((points > -4) & (points < torch.tensor([WIDTH + 4, HEIGHT + 4], device=points.device))).all(-1)
    x, y = (points * torch.tensor([47 / (WIDTH - 1), 63 / (HEIGHT - 1)], device=points.device)).unbind(-1)
    column = torch.arange(48, device=points.device).view(1, 1, 1, 48)
    row = torch.arange(64, device=points.device).view(1, 1, 64, 1)
    return torch.exp(-((column - x[..., None, None]) ** 2 + (row - y[..., None, None]) ** 2) / 8) * inside[..., None, None]


def loss(model, batch):
    x, target, weights = batch
    with torch.autocast(x.device.type, torch.bfloat16):
        predicted = model(x)
    return ((predicted.float() - target) ** 2 * weights[..., None, None]).mean() * 1000


@torch.no_grad()
def judge(model, people, backgrounds, random):
    """PCK@0.2 (torso) of the heatmaps' maxima, by person filmed, over keypoints that the teacher is sure of."""
    crops = Crops(people, backgrounds, random)
    result = {}
    for who in sorted(set(people.who)):
        rows = torch.tensor([i for i, w in enumerate(people.who) if w == who], device=random.device)
        hits = total = 0
        for part in rows.split(64):
            matrix, centre, mirrored = crops.placement(part, plain=True)
            x = sample(people.pictures[part], matrix, centre, HEIGHT, WIDTH)[:, :3]
            points, weights = crops.keypoints(part, matrix, centre, mirrored)
            best = model(normalize(x)).float().flatten(2).argmax(-1)
            found = torch.stack([best % 48, best // 48], -1) * torch.tensor([(WIDTH - 1) / 47, (HEIGHT - 1) / 63], device=x.device)
            torso = (points[:, 5:7].mean(1) - points[:, 11:13].mean(1)).norm(dim=-1, keepdim=True)
            hits += (((found - points).norm(dim=-1) < 0.2 * torso) * weights).sum().item()
            total += weights.sum().item()
        result[who] = round(hits / total, 4)
    return result

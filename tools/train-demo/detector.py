"""The detector's batches, its loss, and how it is judged.

Half of the pictures are whole frames of the footage, warped; the other half backgrounds with up to five people pasted in.
The loss is RTMDet's (Lyu et al., 2022): dynamic soft labels, quality focal loss and twice GIoU.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torchvision.ops import nms

import networks
from compose import TILE, extent, photograph, read, relight, sample, soften

SIDE = 640  # of the network's input
TRAINED = 512  # side of the training pictures
STRIDES = (8, 16, 32)
DEEPEN, WIDEN = 0.33, 0.25
BATCH, LEARNING_RATE = 56, 2.5e-3
FILMED = 0.4
MOST = 6  # people a picture

CONFIG = f"""model = dict(
    type='RTMDet',
    data_preprocessor=dict(
        type='DetDataPreprocessor', mean=[103.53, 116.28, 123.675], std=[57.375, 57.12, 58.395], bgr_to_rgb=False),
    backbone=dict(
        type='CSPNeXt', arch='P5', expand_ratio=0.5, deepen_factor={DEEPEN}, widen_factor={WIDEN},
        channel_attention=True, norm_cfg=dict(type='SyncBN'), act_cfg=dict(type='SiLU', inplace=True)),
    neck=dict(
        type='CSPNeXtPAFPN', in_channels=[64, 128, 256], out_channels=64, num_csp_blocks=1, expand_ratio=0.5,
        norm_cfg=dict(type='SyncBN'), act_cfg=dict(type='SiLU', inplace=True)),
    bbox_head=dict(
        type='RTMDetSepBNHead', num_classes=1, in_channels=64, stacked_convs=2, feat_channels=64,
        anchor_generator=dict(type='MlvlPointGenerator', offset=0, strides=[8, 16, 32]),
        bbox_coder=dict(type='DistancePointBBoxCoder'), with_objectness=False, exp_on_reg=True, share_conv=True,
        pred_kernel_size=1, norm_cfg=dict(type='SyncBN'), act_cfg=dict(type='SiLU', inplace=True)),
    test_cfg=dict(nms_pre=1000, min_bbox_size=0, score_thr=0.05, nms=dict(type='nms', iou_threshold=0.6), max_per_img=100))
"""
META = {"classes": ("person",)}
BGR_MEAN, BGR_STD = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)


def network():
    model = networks.RTMDet(DEEPEN, WIDEN)
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.03
    for classify, regress in zip(model.bbox_head.rtm_cls, model.bbox_head.rtm_reg):
        nn.init.normal_(classify.weight, std=0.01)
        nn.init.constant_(classify.bias, -4.6)
        nn.init.normal_(regress.weight, std=0.01)
        nn.init.constant_(regress.bias, 1.0)
    return model.to(memory_format=torch.channels_last)


def normalize(rgb):
    mean, std = (torch.tensor(v, device=rgb.device).view(1, 3, 1, 1) for v in (BGR_MEAN, BGR_STD))
    return ((rgb.flip(1) - mean) / std).contiguous(memory_format=torch.channels_last)


class Frames:
    """Whole frames of the footage on grey squares, and the outlines of who is in them.

    pictures (N, 4, SIDE, SIDE), opaque where the frame is; outlines (N, MOST, 24, 2); boxes (N, MOST, 4); and which of them
    are real (N, MOST).
    """

    def __init__(self, folder, device, keep):
        listed = json.loads((Path(folder) / "frames.json").read_text())
        listed = [f for f in listed if keep(f["clip"])]
        self.pictures = torch.full((len(listed), 4, SIDE, SIDE), 114, dtype=torch.uint8, device=device)
        self.pictures[:, 3] = 0
        self.outlines = torch.zeros(len(listed), MOST, 24, 2, device=device)
        self.real = torch.zeros(len(listed), MOST, dtype=torch.bool, device=device)
        for row, frame in enumerate(listed):
            picture = read(Path(folder) / frame["file"])
            self.pictures[row, :3, : picture.shape[1], : picture.shape[2]] = picture
            self.pictures[row, 3, : picture.shape[1], : picture.shape[2]] = 255
            for slot, outline in enumerate(frame["outlines"]):
                self.outlines[row, slot], self.real[row, slot] = torch.tensor(outline), True
        self.boxes = torch.cat([self.outlines.amin(2), self.outlines.amax(2)], -1)


class Scenes:
    """Pictures with people and their boxes, to learn from."""

    def __init__(self, frames, people, backgrounds, random):
        self.frames, self.people, self.backgrounds, self.random = frames, people, backgrounds, random

    def batch(self, count):
        """Normalised pictures (n, 3, TRAINED, TRAINED), boxes (n, MOST, 4) and which of them are asked for."""
        whole = int(count * FILMED) if len(self.frames.pictures) else 0
        parts = [self.filmed(whole)] if whole else []
        parts.append(self.composed(count - whole))
        x, boxes, asked = (torch.cat(part) for part in zip(*parts))
        x = photograph(x, self.random)
        x, boxes, asked = self.letterboxed(x, boxes, asked)
        return normalize(x), boxes, asked

    def filmed(self, n):
        """Frames scaled, stretched, turned a little, moved and mirrored, with up to two people pasted into a third of them."""
        r = self.random
        rows = r.integers(len(self.frames.pictures), n)
        scale = torch.exp(r.uniform(n, low=-0.9, high=0.6)) * SIDE / TRAINED  # frame pixels a training pixel
        matrix = self.turns(scale) * torch.exp(r.uniform(n, 1, 2, low=-0.12, high=0.12))
        centre = SIDE / 2 + r.uniform(n, 2, low=-0.28, high=0.28) * SIDE
        warped = sample(self.frames.pictures[rows], matrix, centre, TRAINED, TRAINED)
        alpha = warped[:, 3:] / 255
        pictures = warped[:, :3] * alpha + self.backgrounds.draw(n, TRAINED, TRAINED) * (1 - alpha)
        outlines = self.frames.outlines[rows] - centre[:, None, None]
        outlines = torch.einsum("nij,nbkj->nbki", torch.linalg.inv(matrix), outlines) + TRAINED / 2
        turned = torch.cat([outlines.amin(2), outlines.amax(2)], -1)
        boxes = turned.clamp(0, TRAINED)
        asked = self.frames.real[rows] & (area(boxes) > 0.25 * area(turned)) & ((boxes[..., 2:] - boxes[..., :2]).amin(-1) > 6)
        count = r.chance(0.33, n).long() * (1 + r.integers(2, n))
        pictures = self.backgrounds.clutter(pictures, 0.3, 0.08)
        return self.paste(pictures, boxes, asked, first=MOST - 2, count=count, largest=350)

    def composed(self, n):
        """Backgrounds with up to five people, most often few."""
        r = self.random
        boxes = torch.zeros(n, MOST, 4, device=r.device)
        asked = torch.zeros(n, MOST, dtype=torch.bool, device=r.device)
        count = 1 + (r.uniform(n) ** 1.7 * 5).long() - r.chance(0.08, n).long()
        x = self.backgrounds.draw(n, TRAINED, TRAINED)
        for _ in range(5):
            x = self.backgrounds.clutter(x, 0.6, 0.35)
        return self.paste(x, boxes, asked, first=0, count=count, largest=600)

    def turns(self, scale):
        """Matrices that scale, turn a little and sometimes mirror."""
        r, n = self.random, len(scale)
        angle, sign = r.normal(n, std=0.22), torch.where(r.chance(0.5, n), -1.0, 1.0)
        rows = [torch.stack([sign * angle.cos(), -angle.sin()], -1), torch.stack([sign * angle.sin(), angle.cos()], -1)]
        return torch.stack(rows, 1) * scale[:, None, None]

    def paste(self, x, boxes, asked, first, count, largest):
        """`count` people a picture pasted in, small ones first; their boxes go to the slots from `first`."""
        r, n = self.random, len(x)
        slots = min(MOST - first, 5)
        sizes = torch.exp(r.uniform(n, slots, low=np.log(30), high=np.log(largest)))
        sizes = torch.where(torch.arange(slots, device=r.device) < count[:, None], sizes, torch.inf).sort(1).values
        for slot in range(slots):
            rows = self.people.choose(n, FILMED)
            height = (self.people.boxes[rows, 2:] - self.people.boxes[rows, :2]).amax(1)
            scale = height / sizes[:, slot].clamp(max=largest)
            matrix = self.turns(scale)
            place = r.uniform(n, 2, low=-0.48, high=0.48) * TRAINED
            tiles = sample(self.people.pictures[rows], matrix, TILE / 2 - (matrix @ place[..., None])[..., 0], TRAINED, TRAINED)
            there = count > slot
            alpha = soften(tiles[:, 3:] / 255, r) * there[:, None, None, None]
            x = x * (1 - alpha) + relight(tiles[:, :3], r) * alpha
            solid = alpha[:, 0] > 0.5
            new = extent(solid)
            visible = solid.flatten(1).sum(1) * scale**2 > 0.25 * (self.people.pictures[rows, 3] > 127).flatten(1).sum(1)
            visible &= there & ((new[:, 2:] - new[:, :2]).amin(1) > 6)
            hidden = intersection(boxes, new[:, None]) / area(boxes).clamp(min=1) > 0.75
            asked = asked & ~(hidden & visible[:, None])
            boxes[:, first + slot], asked[:, first + slot] = new, visible
        return x, boxes, asked

    def letterboxed(self, x, boxes, asked):
        """Grey bars on the right or below in a third of the pictures, as the letterbox of a long frame has them."""
        r, n = self.random, len(x)
        edge = torch.where(r.chance(0.35, n), (r.uniform(n, low=0.5, high=1) * TRAINED).long(), TRAINED)
        right = r.chance(0.5, n)
        limit = torch.stack([torch.where(right, edge, TRAINED), torch.where(right, TRAINED, edge)], 1)
        line = torch.arange(TRAINED, device=x.device)
        bars = (line[None, None, :] >= limit[:, 0, None, None]) | (line[None, :, None] >= limit[:, 1, None, None])
        x = torch.where(bars[:, None], 114.0, x)
        cut = torch.minimum(boxes, limit.repeat(1, 2)[:, None].float())
        return x, cut, asked & (area(cut) > 0.4 * area(boxes)) & ((cut[..., 2:] - cut[..., :2]).amin(-1) > 6)


def area(boxes):
    return (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(-1)


def intersection(a, b):
    return (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0).prod(-1)


def overlap(a, b):
    """IoU and GIoU (Rezatofighi et al., 2019) of boxes that broadcast."""
    common = intersection(a, b)
    union = (area(a) + area(b) - common).clamp(min=1e-6)
    hull = (torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])).clamp(min=0).prod(-1).clamp(min=1e-6)
    return common / union, common / union - (hull - union) / hull


def points(side, device):
    """Every prior's place (N, 2) and stride (N)."""
    places, strides = [], []
    for stride in STRIDES:
        line = torch.arange(side // stride, device=device) * stride
        places.append(torch.cartesian_prod(line, line).flip(1))
        strides.append(torch.full((len(places[-1]),), stride, device=device))
    return torch.cat(places).float(), torch.cat(strides).float()


def predict(output, places):
    """Logits (n, N) and boxes (n, N, 4) of all priors."""
    logits = torch.cat([c.flatten(2) for c in output[0]], 2)[:, 0].float()
    distances = torch.cat([d.flatten(2) for d in output[1]], 2).transpose(1, 2).float()
    return logits, torch.cat([places - distances[..., :2], places + distances[..., 2:]], -1)


@torch.no_grad()
def assign(logits, boxes, truth, asked, places, strides):
    """mmdet's DynamicSoftLabelAssigner with its top 13: which priors are positive, their boxes and their soft labels."""
    iou, _ = overlap(boxes[:, :, None], truth[:, None])
    place = places[None, :, None]
    inside = ((place > truth[:, None, :, :2]) & (place < truth[:, None, :, 2:])).all(-1) & asked[:, None]
    middle = (truth[:, None, :, :2] + truth[:, None, :, 2:]) / 2
    distance = ((place - middle).norm(dim=-1) / strides[None, :, None]).clamp(max=12)
    logit = logits[..., None].expand_as(iou)
    focal = F.binary_cross_entropy_with_logits(logit, iou, reduction="none") * (iou - logit.sigmoid()).abs() ** 2
    cost = focal - 3 * torch.log(iou + 1e-7) + 10 ** (distance - 3)
    cost = torch.where(inside, cost, 1e12)
    wanted = (iou * inside).topk(13, 1).values.sum(1).long().clamp(min=1)
    value, index = cost.topk(13, 1, largest=False)
    keep = (torch.arange(13, device=cost.device)[None, :, None] < wanted[:, None]) & (value < 1e11)
    matched = torch.zeros_like(cost, dtype=torch.bool).scatter_(1, index, keep)
    matched &= F.one_hot(torch.where(matched, cost, 1e13).argmin(-1), cost.shape[-1]).bool()
    positive, which = matched.any(-1), matched.float().argmax(-1)
    target = truth.gather(1, which[..., None].expand(-1, -1, 4))
    quality = torch.where(positive, iou.gather(2, which[..., None])[..., 0], 0.0)
    return positive, target, quality


def loss(model, batch):
    x, truth, asked = batch
    places, strides = points(TRAINED, x.device)
    with torch.autocast(x.device.type, torch.bfloat16):
        output = model(x)
    logits, boxes = predict(output, places)
    positive, target, quality = assign(logits, boxes, truth, asked, places, strides)
    focal = F.binary_cross_entropy_with_logits(logits, quality, reduction="none") * (quality - logits.sigmoid()).abs() ** 2
    _, giou = overlap(boxes, target)
    box_loss = ((1 - giou) * quality * positive).sum()
    return (focal.sum() + 2 * box_loss) / quality.sum().clamp(min=1)


@torch.no_grad()
def judge(model, frames):
    """AP50, the share of people found (IoU > 0.5, score > 0.3) and false boxes a frame, on whole frames at 640."""
    places, _ = points(SIDE, frames.boxes.device)
    hits, scores, people, found = [], [], 0, 0
    for picture, boxes, real in zip(frames.pictures, frames.boxes, frames.real):
        logits, predicted = predict(model(normalize(picture[None, :3].float())), places)
        score = logits[0].sigmoid()
        best = score.topk(300).indices
        kept = best[nms(predicted[0, best], score[best], 0.6)]
        iou, _ = overlap(predicted[0, kept][:, None], boxes[real][None])
        taken = torch.zeros(int(real.sum()), dtype=torch.bool, device=iou.device)
        for row, value in zip(iou, score[kept]):
            free = torch.where(taken, 0.0, row)
            hit = bool(free.max() > 0.5)
            if hit:
                taken[free.argmax()] = True
                found += bool(value > 0.3)
            hits.append(hit)
            scores.append(value.item())
        people += len(taken)
    order = np.argsort(-np.array(scores), kind="stable")
    hit, confident = np.array(hits, float)[order], np.array(scores) > 0.3
    precision = hit.cumsum() / np.arange(1, len(hit) + 1)
    recall = hit.cumsum() / people
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    grid = np.searchsorted(recall, np.linspace(0, 1, 101))
    ap = np.append(envelope, 0.0)[np.minimum(grid, len(envelope))].mean()
    false = (confident & ~np.array(hits)).sum()
    return dict(ap50=round(float(ap), 4), found=round(found / people, 4), false_a_frame=round(false / len(frames.pictures), 3))

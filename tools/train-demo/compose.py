"""The training pictures' ingredients on the GPU: people, backgrounds, and what happens to a picture on its way to a network.

In: the folder packed by `footage.py` and the renderer. Out: batched tensors; pictures are RGB floats 0..255, (n, 3, h, w).
"""

import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torchvision.io import ImageReadMode, decode_image, read_file

from render import Renderer

TILE = 384  # side of a person's picture in the pool
BACKGROUND = 640
CUTS = 6  # backgrounds cut from each picture
FLIP = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]


def read(path, mode=ImageReadMode.RGB):
    return decode_image(read_file(str(path)), mode)


def resize(pictures, height, width):
    return F.interpolate(pictures.float(), (height, width), mode="bilinear", antialias=True).round().byte()


class People:
    """A pool of people, filmed ones first, then rendered ones, which are renewed as training goes on.

    pictures (N, 4, TILE, TILE) RGBA bytes; keypoints (N, 17, 2) and boxes (N, 4) in tile pixels; weights (N, 17): how much
    a keypoint counts; a filmed person's picture keeps its surroundings, a rendered one has none.
    """

    def __init__(self, folder, bodies, rendered, random, seed, keep):
        self.random, self.renderer = random, Renderer(bodies, seed, TILE)
        people = [p for p in json.loads((Path(folder) / "people.json").read_text()) if keep(p["clip"])]
        self.filmed, size = len(people), len(people) + rendered
        device = bodies.device
        self.pictures = torch.zeros(size, 4, TILE, TILE, dtype=torch.uint8, device=device)
        self.keypoints = torch.zeros(size, 17, 2, device=device)
        self.weights = torch.zeros(size, 17, device=device)
        self.boxes = torch.zeros(size, 4, device=device)
        for row, person in enumerate(people):
            self.add_filmed(row, person, Path(folder))
        self.who = [person["who"] for person in people]
        counts = {who: self.who.count(who) for who in set(self.who)}
        # Everyone filmed is shown equally often, however many frames there are of him; the rare ones a little less.
        self.share = torch.tensor([counts[who] ** -0.6 for who in self.who], device=device)
        for start in range(0, rendered, 64):
            self.render(torch.arange(start, min(start + 64, rendered), device=device))
        self.next = 0

    def add_filmed(self, row, person, folder):
        picture = read(folder / f"p{person['number']:03d}.jpg")
        mask = read(folder / f"p{person['number']:03d}m.jpg", ImageReadMode.GRAY)
        scale = TILE / picture.shape[-1]
        self.pictures[row] = resize(torch.cat([picture, mask])[None].to(self.pictures.device), TILE, TILE)[0]
        self.keypoints[row] = torch.tensor(person["keypoints"])[:, :2] * scale
        self.weights[row] = torch.tensor(person["sure"]).float()
        self.boxes[row] = torch.tensor(person["box"]) * scale

    def render(self, slots):
        """New rendered people in `slots`."""
        rows = self.filmed + slots
        self.pictures[rows], self.keypoints[rows], seen = self.renderer.draw(len(rows))
        self.weights[rows] = 0.5 + 0.5 * seen.float()
        solid = self.pictures[rows, 3] > 127
        self.boxes[rows] = extent(solid)

    def renew(self, count):
        """Replaces the oldest `count` rendered people."""
        rendered = len(self.pictures) - self.filmed
        self.render((torch.arange(count, device=self.boxes.device) + self.next) % rendered)
        self.next = (self.next + count) % rendered

    def choose(self, count, filmed):
        """Rows of the pool, a share of `filmed` from the footage."""
        rendered = self.filmed + self.random.integers(len(self.pictures) - self.filmed, count)
        if self.filmed == 0:
            return rendered
        real = torch.multinomial(self.share, count, replacement=True, generator=self.random.generator)
        return torch.where(self.random.chance(filmed, count), real, rendered)


def extent(solid):
    """Boxes (n, 4) around the true pixels of (n, h, w); the far edges lie behind the last pixel."""
    columns, rows = solid.any(1).float(), solid.any(2).float()
    width, height = columns.shape[1], rows.shape[1]
    return torch.stack([columns.argmax(1), rows.argmax(1), width - columns.flip(1).argmax(1), height - rows.flip(1).argmax(1)], 1).float()


class Backgrounds:
    """Crops of people-free pictures, and made-up ones: flat, with blobs, with edges."""

    def __init__(self, folder, random, keep):
        self.random = random
        files = sorted(Path(folder).glob("b*.jpg"))
        kept = json.loads((Path(folder) / "backgrounds.json").read_text())
        pictures = []
        for path, clip in zip(files, kept, strict=True):
            if keep(clip):
                pictures += [self.cut(read(path).to(random.device)) for _ in range(CUTS)]
        self.pictures = torch.stack(pictures)

    def cut(self, picture):
        height, width = picture.shape[-2:]
        side = int(min(height, width) * self.random.uniform(1, low=0.4, high=1).item())
        top, left = (int(self.random.integers(n - side + 1, 1)) for n in (height, width))
        return resize(picture[None, :, top : top + side, left : left + side], BACKGROUND, BACKGROUND)[0]

    def draw(self, count, height, width):
        r = self.random
        scale, angle = r.uniform(count, low=0.3, high=1), r.uniform(count, low=-0.5, high=0.5)
        matrix = torch.stack([scale * angle.cos(), -scale * angle.sin(), scale * angle.sin(), scale * angle.cos()], -1)
        matrix = torch.cat([matrix.view(count, 2, 2), r.uniform(count, 2, 1, low=-0.4, high=0.4)], -1)
        grid = F.affine_grid(matrix, (count, 3, height, width), align_corners=False)
        chosen = self.pictures[r.integers(len(self.pictures), count)].float()
        filmed = F.grid_sample(chosen, grid, padding_mode="reflection", align_corners=False)
        coarse = (r.uniform(count, 3, 5, 5) - 0.5) * r.uniform(count, 1, 1, 1) * 300
        hard = (r.uniform(count, 3, 7, 7) - 0.5) * r.uniform(count, 1, 1, 1) * 200 * r.chance(0.5, count, 1, 1, 1)
        smooth = F.interpolate(coarse, (height, width), mode="bicubic")
        made = r.uniform(count, 3, 1, 1) * 255 + smooth + F.interpolate(hard, (height, width))
        return torch.where(r.chance(0.8, count, 1, 1, 1), filmed, made).clamp(0, 255)

    def clutter(self, x, share, largest):
        """A thing pasted into a `share` of the pictures: a box, disc or bar, plain or of another picture's stuff.

        Without things nobody asks for, a network learns to find what is pasted, and not people (Dwibedi et al., 2017).
        """
        r = self.random

        def one(x):
            n, _, h, w = x.shape
            row, column = torch.arange(h, device=x.device).view(1, h, 1), torch.arange(w, device=x.device).view(1, 1, w)
            angle = r.uniform(n, 1, 1, high=3.15)
            half = torch.exp(r.uniform(n, 2, 1, 1, low=math.log(0.01), high=math.log(largest))) * h
            right, down = column - r.uniform(n, 1, 1) * w, row - r.uniform(n, 1, 1) * h
            along, across = right * angle.cos() + down * angle.sin(), down * angle.cos() - right * angle.sin()
            power = torch.where(r.chance(0.5, n, 1, 1), 2.0, 8.0)
            inside = (along / half[:, 0]).abs() ** power + (across / half[:, 1]).abs() ** power
            soft = r.uniform(n, 1, 1, low=0.02, high=0.4)
            alpha = ((1 - inside) / soft).clamp(0, 1)[:, None]
            shade = 1 + (across / half[:, 1])[:, None] * r.uniform(n, 1, 1, 1, low=-0.5, high=0.5)
            plain = torch.where(r.chance(0.5, n, 1, 1, 1), r.uniform(n, 3, 1, 1), r.uniform(n, 1, 1, 1)).expand(n, 3, 1, 1) * 255
            stuff = torch.where(r.chance(0.5, n, 1, 1, 1), self.draw(n, h, w), plain)
            return x * (1 - alpha) + (stuff * shade).clamp(0, 255) * alpha

        return among(x, share, r, one)


def soften(alpha, r):
    """Edges of cut-out people, sharp or soft, wide or narrow."""
    alpha = alpha ** r.uniform(len(alpha), 1, 1, 1, low=0.5, high=1.6)
    return among(alpha, 0.3, r, lambda alpha: F.avg_pool2d(alpha, 3, 1, 1))


def relight(x, r):
    """A person or a picture in other light and other colours."""
    n = len(x)
    x = x * torch.exp(r.normal(n, 1, 1, 1, std=0.2)) * r.uniform(n, 3, 1, 1, low=0.88, high=1.12)
    return 255 * (x.clamp(0, 255) / 255) ** torch.exp(r.normal(n, 1, 1, 1, std=0.22))


def among(x, share, r, change):
    """`x` with `change` done to a `share` of its pictures, drawn anew at each call."""
    rows = torch.randperm(len(x), generator=r.generator, device=x.device)[: round(share * len(x))]
    if len(rows):
        x[rows] = change(x[rows])
    return x


def photograph(x, r):
    """What a camera does: exposure, contrast, saturation, hue, gamma, lost resolution, blur, blocks, noise."""
    n, _, h, w = x.shape
    x = relight(x, r)
    mean = x.mean((1, 2, 3), keepdim=True)
    x = mean + (x - mean) * r.uniform(n, 1, 1, 1, low=0.6, high=1.4)
    grey = x.mean(1, keepdim=True)
    saturation = torch.where(r.chance(0.12, n, 1, 1, 1), r.uniform(n, 1, 1, 1, high=0.1), r.uniform(n, 1, 1, 1, low=0.5, high=1.6))
    x = grey + (x - grey) * saturation
    factor = 2 + int(r.integers(4, 1))
    length = 3 + 2 * int(r.integers(4, 1))
    kernel = torch.zeros(3, 1, length, length, device=x.device)
    line = torch.arange(length, device=x.device)
    kernel[:, 0, line if r.chance(0.5, 1) else length // 2, line] = 1 / length
    x = among(x, 0.12, r, lambda x: x * 0.5 + torch.roll(x, 1, 1) * 0.5)
    x = among(x, 0.2, r, lambda x: F.interpolate(F.interpolate(x, (h // factor, w // factor), mode="area"), (h, w), mode="bilinear"))
    x = among(x, 0.12, r, lambda x: F.conv2d(x, kernel, padding=length // 2, groups=3))
    x = among(x, 0.1, r, lambda x: x * 0.6 + coarse(x, 8) * 0.4)
    return (x + r.normal(*x.shape) * r.uniform(n, 1, 1, 1, high=10)).clamp(0, 255)


def coarse(x, size):
    """Every block of `size` pixels in its mean colour."""
    return F.interpolate(F.avg_pool2d(x, size, ceil_mode=True), scale_factor=size)[..., : x.shape[2], : x.shape[3]]


def cover(x, backgrounds, r, share):
    """A rectangle of a `share` of the pictures covered with something else."""

    def one(x):
        n, _, h, w = x.shape
        row, column = torch.arange(h, device=x.device).view(1, h, 1), torch.arange(w, device=x.device).view(1, 1, w)
        width, height = r.uniform(n, 1, 1, low=0.04, high=0.3) * w, r.uniform(n, 1, 1, low=0.04, high=0.3) * h
        left, top = r.uniform(n, 1, 1) * w - width / 2, r.uniform(n, 1, 1) * h - height / 2
        inside = (column >= left) & (column < left + width) & (row >= top) & (row < top + height)
        return torch.where(inside[:, None], backgrounds.draw(n, h, w), x)

    return among(x, share, r, one)


def sample(pictures, matrix, centre, height, width):
    """Warps square pictures: output pixel p (from its centre) shows the picture's pixel `matrix` p + `centre`.

    Floats (n, 4, height, width); what lies outside the picture is see-through.
    """
    y, x = torch.meshgrid(torch.arange(height, device=centre.device), torch.arange(width, device=centre.device), indexing="ij")
    place = torch.stack([x - (width - 1) / 2, y - (height - 1) / 2], -1).float()
    source = torch.einsum("nij,hwj->nhwi", matrix, place) + centre[:, None, None]
    grid = (source + 0.5) / pictures.shape[-1] * 2 - 1
    return F.grid_sample(pictures.float(), grid, align_corners=False)

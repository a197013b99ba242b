"""Dresses posed bodies and draws them: a z-buffer in PyTorch, cloth and hair as functions of the place on the body.

In: `figures.Bodies` and `figures.Poser`. Out: RGBA pictures (n, 4, side, side) of bytes, keypoints (n, 17, 2) in their
pixels, and which keypoints the body itself hides. To look at some: `render.py bodies.npz SHEET.png SEED`.
"""

import math

import torch
import torch.nn.functional as F

from figures import Bodies, Poser, Random, X, Z, rotation, unit

SUPERSAMPLING = 2
FILLED = 0.82  # of the picture's side, by the figure's longer side


def rasterize(points, depth, faces, side):
    """The pixels that some face covers, (m) in n * side * side, the nearest face's corners (m, 3) and the place on it (m, 3).

    points: (n, V, 2) pixels; depth: (n, V), larger is farther. Every pixel centre inside a face's bounding box is tried,
    so the cost is the number of pixels that the boxes cover. The place is in barycentric coordinates.
    """
    count = len(points)
    corners = points[:, faces]  # n F 3 2
    edge = corners[:, :, 1:] - corners[:, :, :1]
    area = edge[:, :, 0, 0] * edge[:, :, 1, 1] - edge[:, :, 0, 1] * edge[:, :, 1, 0]
    low = (corners.amin(2) - 0.5).ceil().clamp(0, side).long()
    high = (corners.amax(2) - 0.5).floor().clamp(-1, side - 1).long() + 1
    width = (high - low).clamp(min=0)
    pixels = torch.where(area > 1e-6, width[..., 0] * width[..., 1], 0).flatten()
    face = torch.repeat_interleave(torch.arange(len(pixels), device=points.device), pixels)
    first = pixels.cumsum(0) - pixels
    within = torch.arange(len(face), device=points.device) - first[face]
    columns = width[..., 0].flatten()[face]
    x = low[..., 0].flatten()[face] + within % columns
    y = low[..., 1].flatten()[face] + torch.div(within, columns, rounding_mode="floor")
    weights = barycentric(corners.flatten(0, 1)[face], area.flatten()[face], x, y)
    inside = (weights >= 0).all(-1)
    face, x, y, weights = face[inside], x[inside], y[inside], weights[inside]
    picture = torch.div(face, len(faces), rounding_mode="floor")
    near = (depth[:, faces].flatten(0, 1)[face] * weights).sum(-1)
    # The nearest face of each pixel: depth in the high bits, face in the low ones, one atomic minimum.
    key = ((near.clamp(0, 63.99) * 2**25).long() << 32) | face
    pixel = (picture * side + y) * side + x
    best = torch.full((count * side * side,), 2**62, device=points.device, dtype=torch.long)
    best.scatter_reduce_(0, pixel, key, "amin")
    pixel = (best < 2**62).nonzero()[:, 0]
    face = best[pixel] & (2**32 - 1)
    y = torch.div(pixel, side, rounding_mode="floor") % side
    weights = barycentric(corners.flatten(0, 1)[face], area.flatten()[face], pixel % side, y)
    return pixel, faces[face % len(faces)], weights


def barycentric(corners, area, x, y):
    """Barycentric coordinates of pixel centres in triangles: (m, 3)."""
    centre = torch.stack([x, y], -1) + 0.5 - corners[:, 0]
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    one = (centre[:, 0] * second[:, 1] - centre[:, 1] * second[:, 0]) / area
    two = (first[:, 0] * centre[:, 1] - first[:, 1] * centre[:, 0]) / area
    return torch.stack([1 - one - two, one, two], -1)


class Wardrobe:
    """What each figure of a batch wears, and the colour of every place on it."""

    def __init__(self, count, random):
        r, self.random = random, random
        self.bare = r.chance(0.22, count)  # no top
        self.sleeve = torch.where(r.chance(0.6, count), r.uniform(count, low=0.15, high=0.95), r.uniform(count, low=1.6, high=2.0))
        self.sleeve = torch.where(r.chance(0.12, count), r.uniform(count, low=0.0, high=0.1), self.sleeve)
        self.hem = r.uniform(count, low=-0.25, high=0.15)
        self.waist = r.uniform(count, low=0.05, high=0.3)
        self.leg = torch.where(r.chance(0.5, count), r.uniform(count, low=0.2, high=1.1), r.uniform(count, low=1.6, high=2.05))
        self.leg = torch.where(r.chance(0.08, count), r.uniform(count, low=0.0, high=0.15), self.leg)
        self.shoes, self.socks = r.chance(0.75, count), r.uniform(count, low=1.6, high=2.1)
        self.hairline = torch.where(r.chance(0.12, count), 9.0, r.uniform(count, low=-0.25, high=0.35))
        self.cap = r.chance(0.25, count)
        self.neckline = r.uniform(count, low=0.95, high=1.2)
        self.loose_top = r.uniform(count, high=0.03) * r.chance(0.7, count)
        self.loose_leg = r.uniform(count, high=0.04) * r.chance(0.7, count)
        self.hair_depth = r.uniform(count, low=0.004, high=0.045)
        self.colours = {name: self.cloth(count) for name in ("top", "leg", "shoes", "socks")}
        self.skin, self.hair_colour = self.skin_tones(count), self.hair_tones(count)
        self.cap_colour = r.uniform(count, 3)

    def cloth(self, count):
        """Two colours, a pattern's wave vectors, and how much of the second colour there is."""
        r = self.random
        grey = r.uniform(count, 1) * torch.ones(3, device=r.device)
        first = torch.where(r.chance(0.45, count, 1), (grey + r.normal(count, 3, std=0.04)).clamp(0.02, 1), r.uniform(count, 3))
        second = torch.where(r.chance(0.5, count, 1), r.uniform(count, 3), r.uniform(count, 1) * torch.ones(3, device=r.device))
        waves = unit(r.normal(count, 2, 3)) * torch.exp(r.uniform(count, 2, 1, low=math.log(15), high=math.log(250)))
        return first, second, waves, r.integers(6, count)

    def skin_tones(self, count):
        """From very light to very dark, along the line that sRGB skin lies on."""
        r = self.random
        light, dark = (torch.tensor(c, device=r.device) for c in ((0.94, 0.78, 0.69), (0.27, 0.16, 0.11)))
        t = r.uniform(count, 1) ** 1.8
        return (light * (1 - t) + dark * t + r.normal(count, 3, std=0.025)).clamp(0.05, 1)

    def hair_tones(self, count):
        r = self.random
        black, brown, light, blond, grey = (8, 6, 5), (22, 14, 9), (40, 27, 15), (75, 60, 38), (60, 60, 60)
        tones = torch.tensor([black, brown, light, blond, grey], device=r.device) / 100
        return (tones[r.integers(len(tones), count)] + r.normal(count, 3, std=0.03)).clamp(0.02, 1)

    def swell(self, bodies, vertices):
        """The vertices pushed out by loose cloth and by hair, before the body is posed."""
        wrinkles = 0.6 + 0.4 * waves(vertices, self.random.normal(len(vertices), 1, 3, 3, std=25.0))
        top, leg = self.covered(bodies.arm, bodies.leg, bodies.height, bodies.head, lambda values: values[:, None])
        hair = (bodies.hair > self.hairline[:, None]) & (bodies.head > 0.5)
        out = top * self.loose_top[:, None] * (0.5 + 0.5 * bodies.arm.clamp(max=1.2))
        out = out + leg * self.loose_leg[:, None] * (0.3 + 0.5 * bodies.leg.clamp(max=1.4))
        out = out * wrinkles + hair * self.hair_depth[:, None] * (0.7 + 0.3 * wrinkles)
        return vertices + bodies.normals(vertices) * out[..., None]

    def covered(self, arm, leg, height, head, of):
        """Where the top and the trousers are. `of` spreads a number a figure over the figure's places."""
        body = head < 0.5
        top = body & (arm < of(self.sleeve)) & (height > of(self.hem)) & (height < of(self.neckline)) & (leg < 0.5) & ~of(self.bare)
        legs = body & (height < of(self.waist)) & (leg < of(self.leg)) & (arm < 0.05)
        return top, legs

    def paint(self, name, place, noise, owner):
        """The cloth's colour: plain, stripes, checks, blotches or dots."""
        first, second, vectors, pattern = (values[owner] for values in self.colours[name])
        stripes, across = (place[:, None] * vectors).sum(-1).sin().unbind(1)
        second_there = torch.zeros_like(noise, dtype=torch.bool)
        for kind, where in enumerate((stripes > 0.2, stripes * across > 0, noise > 0.4, (stripes > 0.6) & (across > 0.6)), 1):
            second_there |= (pattern == kind) & where
        return torch.where(second_there[:, None], second, first)

    def colour(self, places, owner):
        """The colour (m, 3) of places on the figures `owner` (m). places: (m, 11), the renderer's attributes."""
        place, (arm, leg, head, hair, foot, height, eye, brow) = places[:, :3], places[:, 3:].unbind(-1)
        r, count = self.random, len(self.sleeve)
        noise = waves(place, r.normal(count, 4, 3, std=30.0)[owner])
        wobble = noise * 0.04
        colour = self.skin[owner] * (1 + 0.06 * waves(place, r.normal(count, 3, 3, std=60.0)[owner])[:, None])

        def of(values):
            return values[owner]

        def put(where, paint):
            nonlocal colour
            colour = torch.where(where[:, None], paint, colour)

        top, legs = self.covered(arm + wobble, leg + wobble, height + wobble, head, of)
        put((leg > of(self.socks)) & of(self.shoes), self.paint("socks", place, noise, owner))
        put(legs, self.paint("leg", place, noise, owner))
        put(top, self.paint("top", place, noise, owner))
        put((leg + wobble > 1.97) & (foot > 0.4) & of(self.shoes), self.paint("shoes", place, noise, owner))
        put((head > 0.5) & (hair + wobble > of(self.hairline)), self.hair_colour[owner] * (0.85 + 0.3 * noise[:, None]))
        put((head > 0.5) & (brow > -0.1) & of(self.cap), self.cap_colour[owner])
        put(eye > 0.5, torch.tensor([0.2, 0.17, 0.16], device=r.device))
        return colour


def waves(place, vectors):
    """A smooth random function of the place, within -1 and 1: a mean of sines. place: (..., 3); vectors: (..., k, 3)."""
    phase = (place[..., None, :] * vectors).sum(-1) + vectors.sum(-1) * 7
    return phase.sin().mean(-1)


class Renderer:
    """Draws figures: `draw(n)` is n new people."""

    def __init__(self, bodies, seed, side):
        self.bodies, self.side = bodies, side
        self.random = Random(seed, bodies.device)
        self.poser = Poser(bodies, self.random)
        extra = (bodies.arm, bodies.leg, bodies.head, bodies.hair, bodies.foot, bodies.height, bodies.eye, bodies.brow)
        self.attributes = torch.cat([bodies.vertices.mean(0), torch.stack(extra, 1)], 1)

    def draw(self, count):
        """RGBA bytes (n, 4, side, side), keypoints (n, 17, 2) in pixels and whether each is in sight (n, 17)."""
        bodies, r = self.bodies, self.random
        wardrobe = Wardrobe(count, r)
        which = r.integers(len(bodies.vertices), count)
        rest, bones = bodies.pose(which, self.poser.turns(count))
        vertices = bodies.skin(wardrobe.swell(bodies, rest), bones)
        joints = bodies.regressor @ bodies.skin(rest, bones)
        points, depth, pixel = self.look(vertices, joints)
        fine = self.side * SUPERSAMPLING
        covered, corners, weights = rasterize(points * SUPERSAMPLING, depth, bodies.faces, fine)
        owner = torch.div(covered, fine * fine, rounding_mode="floor")

        def at(values):
            """Values of the figures' vertices, (n, V, c), at the pixels covered, (m, c)."""
            return sum(weights[:, i, None] * values[owner, corners[:, i]] for i in range(3))

        picture = torch.zeros(count * fine * fine, 4, device=r.device)
        picture[covered, :3] = self.shade(wardrobe, vertices, at, owner)
        picture[covered, 3] = 1.0
        surface = torch.full((count * fine * fine,), math.inf, device=r.device)
        surface[covered] = at(vertices)[:, 1]
        picture = F.avg_pool2d(picture.view(count, fine, fine, 4).permute(0, 3, 1, 2), SUPERSAMPLING)
        colour = picture[:, :3] / picture[:, 3:].clamp(min=1e-3)
        picture = (torch.cat([colour, picture[:, 3:]], 1).clamp(0, 1) * 255).round().byte()
        return picture, pixel, self.seen(pixel * SUPERSAMPLING, joints, surface.view(count, fine, fine))

    def look(self, vertices, joints):
        """A camera around each figure: vertices in pixels, their depth in metres, joints in pixels. Moves both in place."""
        r, count = self.random, len(vertices)
        elevation = torch.where(r.chance(0.7, count), r.normal(count, std=9) + 4, r.uniform(count, low=-20, high=55))
        turn = rotation(X.to(r.device), elevation.deg2rad()) @ rotation(Z.to(r.device), r.uniform(count, low=0, high=2 * math.pi))
        distance = torch.exp(r.uniform(count, low=math.log(2.2), high=math.log(14)))
        centre = (vertices.amax(1) + vertices.amin(1)) / 2
        projected = []
        for points in (vertices, joints):
            points -= centre[:, None]
            points.copy_(points @ turn.transpose(1, 2))
            away = distance[:, None] + points[..., 1]
            projected.append((torch.stack([points[..., 0], -points[..., 2]], -1) / away[..., None], away))
        (flat, depth), (joint, _) = projected
        low, high = flat.amin(1), flat.amax(1)
        scale = FILLED * self.side / (high - low).amax(1)

        def to_pixels(p):
            return (p - (low + high)[:, None] / 2) * scale[:, None, None] + self.side / 2

        return to_pixels(flat), depth, to_pixels(joint)

    def shade(self, wardrobe, vertices, at, owner):
        """Diffuse light from one side over ambient light, a little gloss, patches of shadow; (m, 3) in 0..1."""
        r, count = self.random, len(vertices)
        colour = wardrobe.colour(at(self.attributes.expand(count, -1, -1)), owner)
        normal = unit(at(self.bodies.normals(vertices)))
        light = unit(torch.stack([r.normal(count), -r.uniform(count, low=0.1, high=1.2), r.uniform(count, low=0.0, high=1.5)], -1))
        ambient = r.uniform(count, low=0.3, high=0.85)[owner]
        sky = 0.5 + 0.5 * normal[:, 2]
        diffuse = (normal * light[owner]).sum(-1).clamp(min=0)
        shadow = 0.75 + 0.25 * waves(at(vertices), r.normal(count, 2, 3, std=6.0)[owner])
        bright = (ambient * (0.7 + 0.3 * sky) + (1.05 - ambient) * diffuse) * shadow
        gloss = 0.15 * r.uniform(count)[owner] * diffuse**12
        return colour * bright[:, None] ** 0.55 + gloss[:, None]

    @staticmethod
    def seen(pixel, joints, surface):
        """Whether nothing of the body lies well in front of a keypoint (15 cm: a limb's own flesh hides no joint)."""
        side = surface.shape[1]
        x, y = (pixel[..., i].round().long().clamp(0, side - 1) for i in (0, 1))
        batch = torch.arange(len(surface), device=surface.device)[:, None]
        return joints[..., 1] - surface[batch, y, x] < 0.15


if __name__ == "__main__":
    import sys

    from torchvision.io import write_png

    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_grad_enabled(False)
    renderer = Renderer(Bodies(sys.argv[1], device), int(sys.argv[3]), 256)
    pictures, keypoints, seen = renderer.draw(24)
    canvas = torch.where(pictures[:, 3:] > 127, pictures[:, :3], 200).byte()
    for i in range(len(canvas)):
        for (x, y), s in zip(keypoints[i].round().long().tolist(), seen[i].tolist()):
            canvas[i, :, max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2] = torch.tensor([0, 255, 0] if s else [255, 0, 0])[:, None, None]
    rows = canvas.view(3, 8, 3, 256, 256).permute(2, 0, 3, 1, 4).reshape(3, 3 * 256, 8 * 256)
    write_png(rows.cpu(), sys.argv[2])

"""Figures: the bodies of `bodies.npz`, what each part of them is, and the poses they take.

In: the file of `bodies.py`. Out: batches of posed vertices, which `render.py` dresses and draws, and the COCO keypoints in
them. Everything is batched PyTorch and runs where the tensors are.

Space: metres, x to the person's left, y backwards, z up.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

LEFT, RIGHT = (1.0, "L"), (-1.0, "R")
X, Y, Z = torch.eye(3)


class Random:
    """Uniform and normal numbers of one generator, on its device."""

    def __init__(self, seed, device):
        self.device = device
        self.generator = torch.Generator(device).manual_seed(seed)

    def uniform(self, *shape, low=0.0, high=1.0):
        return torch.rand(*shape, generator=self.generator, device=self.device) * (high - low) + low

    def normal(self, *shape, std=1.0):
        return torch.randn(*shape, generator=self.generator, device=self.device) * std

    def chance(self, probability, *shape):
        return self.uniform(*shape) < probability

    def integers(self, high, *shape):
        return torch.randint(high, shape, generator=self.generator, device=self.device)


def rotation(axis, angle):
    """Rotation matrices about unit `axis` (..., 3) by `angle` (...) radians (Rodrigues)."""
    x, y, z = axis.expand(*angle.shape, 3).unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).unflatten(-1, (3, 3))
    sine, cosine = angle.sin()[..., None, None], angle.cos()[..., None, None]
    return torch.eye(3, device=angle.device) + sine * cross + (1 - cosine) * cross @ cross


def unit(v):
    return F.normalize(v, dim=-1, eps=1e-6)


def frame(direction, hinge):
    """The orthonormal frame whose first axis is a limb and whose second the axis that its far joint bends about."""
    first = unit(direction)
    second = unit(hinge - (hinge * first).sum(-1, keepdim=True) * first)
    return torch.stack([first, second, torch.linalg.cross(first, second)], -1)


class Bodies:
    """The bodies, their skeleton, and what each vertex of the mesh belongs to."""

    def __init__(self, path, device):
        stored = np.load(path)

        def tensor(name, dtype):
            return torch.from_numpy(stored[name].astype(np.int64 if dtype == torch.long else np.float32)).to(device)

        self.device = device
        self.vertices = tensor("vertices", torch.float)
        self.heads = tensor("heads", torch.float)
        self.faces = tensor("faces", torch.long)
        self.weights = tensor("weights", torch.float)
        self.bones = tensor("bones", torch.long)
        self.parents = stored["parents"].tolist()
        self.names = stored["names"].tolist()
        self.regressor = torch.zeros(17, self.vertices.shape[1], device=device)
        self.regressor[tensor("keypoint", torch.long), tensor("keypoint_vertex", torch.long)] = tensor(
            "keypoint_weight", torch.float
        )
        self.place_parts()

    def place_parts(self):
        """For each vertex: how far along the arm and the leg it lies, and how much of it is head, foot, eye.

        The arm runs from 0 at the shoulder over 1 at the elbow to 2 at the wrist, the leg from the hip to the ankle alike;
        clothes are cut by these numbers.
        """
        mean = self.vertices.mean(0)
        joints = self.regressor @ mean
        self.mean_joints = joints
        part = torch.zeros(len(mean), len(self.names), device=self.device).scatter_add_(1, self.bones, self.weights)

        def share(*prefixes):
            columns = [i for i, name in enumerate(self.names) if name.startswith(prefixes)]
            return part[:, columns].sum(1)

        def along(start, end):
            line = joints[end] - joints[start]
            return ((mean - joints[start]) @ line / (line @ line)).clamp(min=0)

        def limb(share_of_side, first, second, third):
            upper, lower = along(first, second), along(second, third)
            position = upper.clamp(max=1) + lower * (upper > 0.5)
            return position * share_of_side

        left = mean[:, 0] > 0
        arm = share("upperarm", "lowerarm", "wrist", "finger", "metacarpal").clamp(0, 1)
        leg = share("upperleg", "lowerleg", "foot", "toe").clamp(0, 1)
        self.arm = torch.where(left, limb(arm, 5, 7, 9), limb(arm, 6, 8, 10))
        self.leg = torch.where(left, limb(leg, 11, 13, 15), limb(leg, 12, 14, 16))
        self.head = share("head", "neck03", "eye", "neck02")
        self.eye = share("eye")
        self.foot = share("foot", "toe")
        shoulders, hips = joints[5:7].mean(0), joints[11:13].mean(0)
        self.height = (mean[:, 2] - hips[2]) / (shoulders[2] - hips[2])
        eyes = joints[1:3].mean(0)
        # Positive where hair grows: above the brow, and behind the ears down to the neck.
        back = (mean[:, 1] - joints[3:5].mean(0)[1]) / 0.1
        above = (mean[:, 2] - eyes[2] - 0.035) / 0.05
        self.hair = torch.maximum(above, torch.minimum(back, above + 2.2))
        self.brow = above

    def pose(self, which, turns):
        """The bodies `which` at rest, (n, V, 3), and their bones' transforms, (n, bones, 3, 4), for `skin`.

        Each bone in `turns` is rotated about its head, in the rest frame's axes.
        """
        rest, heads = self.vertices[which], self.heads[which]
        count = len(which)
        linear = torch.eye(3, device=self.device).expand(count, 3, 3)
        transforms = []
        for bone, (name, parent) in enumerate(zip(self.names, self.parents)):
            outer = (linear, torch.zeros(count, 3, device=self.device)) if parent < 0 else transforms[parent]
            if name in turns:
                turned = outer[0] @ turns[name]
                pivot = heads[:, bone, :, None]
                outer = (turned, outer[1] + (outer[0] @ pivot - turned @ pivot)[..., 0])
            transforms.append(outer)
        matrices = torch.stack([torch.cat([a, b[..., None]], -1) for a, b in transforms], 1)
        return rest, matrices

    def skin(self, vertices, matrices):
        """Linear blend skinning."""
        blended = torch.zeros(*vertices.shape[:2], 3, 4, device=self.device)
        for slot in range(self.bones.shape[1]):
            blended += self.weights[:, slot, None, None] * matrices[:, self.bones[:, slot]]
        return (blended[..., :3] @ vertices[..., None])[..., 0] + blended[..., 3]

    def normals(self, vertices):
        """Unit normals of the vertices, from the faces around them."""
        corners = vertices[:, self.faces]
        face = torch.linalg.cross(corners[:, :, 1] - corners[:, :, 0], corners[:, :, 2] - corners[:, :, 0])
        total = torch.zeros_like(vertices)
        for corner in range(3):
            total.index_add_(1, self.faces[:, corner], face)
        return unit(total)


class Poser:
    """Draws poses: standing, walking, running, squatting, swinging, kicking, jumping, and any that joints allow."""

    def __init__(self, bodies, random):
        self.bodies, self.random = bodies, random
        joints = bodies.mean_joints
        self.arms = {side: joints[[5 + i, 7 + i, 9 + i]] for i, (_, side) in enumerate((LEFT, RIGHT))}

    def mixture(self, choice, *values):
        return torch.stack(values)[choice, torch.arange(len(choice), device=choice.device)]

    def turns(self, count):
        """Rotations (count, 3, 3) of the bones that move, by the bone's name."""
        random = self.random
        kind = random.integers(8, count)
        turns = self.legs(kind, count)
        turns |= self.trunk(kind, count)
        turns |= self.arms_of(count)
        return turns

    def legs(self, kind, n):
        """Hip flexion and abduction, knee flexion, ankle: by the kind of pose."""
        r = self.random
        stride, phase = r.uniform(n, low=10, high=45), r.uniform(n, low=0, high=2 * math.pi)
        squat, turns = r.uniform(n, low=15, high=110), {}
        lifted = r.chance(0.5, n)
        for sign, side in (LEFT, RIGHT):
            swing = phase if sign > 0 else phase + math.pi
            free = lifted if sign > 0 else ~lifted
            still = r.normal(n, std=6)
            flex = self.mixture(
                kind, still, still, stride * swing.sin(), stride * swing.sin(), squat + r.normal(n, std=8),
                torch.where(free, r.uniform(n, low=-40, high=100), still), r.uniform(n, low=-20, high=60),
                r.uniform(n, low=-40, high=110),
            )  # fmt: skip
            knee = self.mixture(
                kind, still.abs(), still.abs() + 4, 8 + stride * (1 - swing.cos()) * 0.6,
                10 + stride * (1 - swing.cos()) * 1.2, squat * r.uniform(n, low=0.8, high=1.2),
                torch.where(free, r.uniform(n, low=0, high=110), r.uniform(n, low=0, high=40)),
                r.uniform(n, low=5, high=60), r.uniform(n, low=0, high=130),
            )  # fmt: skip
            wide = r.uniform(n, low=-4, high=14)
            apart = self.mixture(
                kind, wide, wide, wide / 3, wide / 3, wide + 8,
                torch.where(free, r.uniform(n, low=-10, high=65), wide), r.uniform(n, low=-5, high=35),
                r.uniform(n, low=-12, high=50),
            )  # fmt: skip
            flex, knee, apart = (v.deg2rad() for v in (flex, knee.clamp(0, 140), apart))
            twist = r.normal(n, std=0.2)
            turns[f"upperleg01.{side}"] = (
                rotation(X.to(r.device), -flex) @ rotation(Y.to(r.device), -sign * apart) @ rotation(Z.to(r.device), twist)
            )
            turns[f"lowerleg01.{side}"] = rotation(X.to(r.device), knee)
            turns[f"foot.{side}"] = rotation(X.to(r.device), r.normal(n, std=0.25) + 0.15 * knee)
        return turns

    def trunk(self, kind, n):
        """Bend, lean and twist of the spine; the head's own turn."""
        r = self.random
        upright = r.normal(n, std=8)
        bend = self.mixture(
            kind, upright, upright, upright + 6, upright + 12, r.uniform(n, low=5, high=70), r.normal(n, std=20),
            r.normal(n, std=18), r.uniform(n, low=-25, high=80),
        )  # fmt: skip
        bend = torch.where(r.chance(0.2, n), r.uniform(n, low=15, high=60), bend)
        lean, twist = r.normal(n, std=9), r.normal(n, std=14)
        wide = r.chance(0.3, n)
        lean, twist = torch.where(wide, lean * 2.5, lean), torch.where(wide, twist * 2.8, twist)
        step = (rotation(X.to(r.device), bend.deg2rad() / 5) @ rotation(Y.to(r.device), lean.deg2rad() / 5)
                @ rotation(Z.to(r.device), twist.deg2rad() / 5))  # fmt: skip
        nod = torch.where(r.chance(0.3, n), r.uniform(n, low=0, high=45), r.normal(n, std=14))
        head = (rotation(Z.to(r.device), r.normal(n, std=28).clamp(-75, 75).deg2rad() / 3)
                @ rotation(X.to(r.device), nod.deg2rad() / 3) @ rotation(Y.to(r.device), r.normal(n, std=8).deg2rad() / 3))  # fmt: skip
        turns = {f"spine0{i}": step for i in range(1, 6)}
        turns |= {"neck01": head, "neck03": head, "head": head}
        fallen = r.chance(0.04, n)
        pitch = torch.where(fallen, r.uniform(n, low=-90, high=90), r.normal(n, std=7))
        turns["root"] = rotation(X.to(r.device), pitch.deg2rad()) @ rotation(Y.to(r.device), r.normal(n, std=6).deg2rad())
        return turns

    def arms_of(self, n):
        """Each arm either points somewhere at random or reaches for a place; both hands together in a third of the poses."""
        r = self.random
        together = r.chance(0.3, n)
        common = self.hand_target(n)
        turns = {}
        for sign, side in (LEFT, RIGHT):
            shoulder, elbow, wrist = (joint.expand(n, 3) for joint in self.arms[side])
            target = torch.where(together[:, None], common + r.normal(n, 3, std=0.02), self.near_target(n))
            reached = self.reach(shoulder, elbow, wrist, target)
            free = self.free_arm(sign, n)
            hanging = r.chance(0.35, n) & ~together
            reaches = (together | r.chance(0.3, n)) & ~hanging
            upper = torch.where(reaches[:, None], reached[0], torch.where(hanging[:, None], self.hanging(sign, n), free[0]))
            hinge = torch.where(reaches[:, None], reached[1], free[1])
            bend = torch.where(reaches, reached[2], torch.where(hanging, r.uniform(n, low=0.02, high=0.9), free[2]))
            rest_hinge = torch.linalg.cross(elbow - shoulder, wrist - elbow)
            turn = frame(upper, hinge) @ frame(elbow - shoulder, rest_hinge).transpose(-1, -2)
            rest_bend = torch.acos((unit(elbow - shoulder) * unit(wrist - elbow)).sum(-1))
            raised = (upper[:, 2] + 0.3).clamp(0, 1)
            turns[f"clavicle.{side}"] = rotation(Y.to(r.device), -sign * 0.45 * raised)
            turns[f"upperarm01.{side}"] = turns[f"clavicle.{side}"].transpose(-1, -2) @ turn
            turns[f"lowerarm01.{side}"] = rotation(unit(rest_hinge), bend - rest_bend)
            turns[f"wrist.{side}"] = rotation(X.to(r.device), r.normal(n, std=0.25)) @ rotation(Y.to(r.device), r.normal(n, std=0.25))
        return turns

    def hand_target(self, n):
        """A place in front of or beside the chest, in metres of the rest frame."""
        r = self.random
        azimuth, elevation = r.uniform(n, low=-1.9, high=1.9), r.uniform(n, low=-1.25, high=1.2)
        distance = r.uniform(n, low=0.25, high=0.6)
        direction = torch.stack([azimuth.sin() * elevation.cos(), -azimuth.cos() * elevation.cos(), elevation.sin()], -1)
        chest = self.bodies.mean_joints[5:7].mean(0) - torch.tensor([0.0, 0.0, 0.08], device=r.device)
        return chest + distance[:, None] * direction

    def near_target(self, n):
        """A place near the body: the hip, the head, the other arm, the knee."""
        r = self.random
        joints = self.bodies.mean_joints
        places = joints[[11, 12, 0, 7, 8, 13, 14, 5, 6]] + torch.tensor([0.0, -0.06, 0.0], device=r.device)
        return places[r.integers(len(places), n)] + r.normal(n, 3, std=0.12)

    def free_arm(self, sign, n):
        """An upper arm anywhere but straight backwards or across the body, and an elbow bent by any angle."""
        r = self.random
        side = r.uniform(n, low=-0.5, high=1.0) * sign
        direction = unit(torch.stack([side, -r.uniform(n, low=-0.6, high=1.0), r.uniform(n, low=-1.0, high=1.0)], -1))
        bend = torch.where(r.chance(0.4, n), r.uniform(n, low=0, high=0.5), r.uniform(n, low=0, high=2.5))
        return direction, self.natural_hinge(direction, sign, n), bend

    def hanging(self, sign, n):
        r = self.random
        return unit(torch.stack([sign * r.uniform(n, low=0.02, high=0.45), r.normal(n, std=0.35), -torch.ones(n, device=r.device)], -1))

    def natural_hinge(self, direction, sign, n):
        """The elbow's axis: at rest it lets the forearm come forward and up; the arm's own twist turns it."""
        r = self.random
        forward = torch.tensor([-0.25 * sign, -1.0, 0.25], device=r.device).expand(n, 3)
        hinge = unit(torch.linalg.cross(direction, forward) + 1e-3)
        wide = r.chance(0.35, n)
        angle = torch.where(wide, r.uniform(n, low=-1.8, high=1.8), r.normal(n, std=0.5))
        return (rotation(direction, angle) @ hinge[..., None])[..., 0]

    def reach(self, shoulder, elbow, wrist, target):
        """Two-link inverse kinematics: the upper arm's direction, the hinge and the elbow's bend that bring the wrist there."""
        r = self.random
        first, second = (elbow - shoulder).norm(dim=-1), (wrist - elbow).norm(dim=-1)
        line = target - shoulder
        distance = torch.minimum(line.norm(dim=-1).clamp(min=0.18), 0.985 * (first + second))
        line = unit(line)
        bend = math.pi - torch.acos(((first**2 + second**2 - distance**2) / (2 * first * second)).clamp(-1, 1))
        lift = torch.acos(((first**2 + distance**2 - second**2) / (2 * first * distance)).clamp(-1, 1))
        outwards = torch.stack([torch.sign(shoulder[:, 0]) * 0.8, torch.full_like(distance, 0.25), -torch.ones_like(distance)], -1)
        hinge = unit(torch.linalg.cross(outwards + r.normal(len(line), 3, std=0.45), line))
        upper = (rotation(hinge, -lift) @ line[..., None])[..., 0]
        return upper, hinge, bend

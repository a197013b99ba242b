"""Samples rest-pose bodies from Anny (Apache-2.0; its MakeHuman assets are CC0) into one small file.

In: the PyPI package `anny`. Out: `bodies.npz`, which `figures.py` poses, dresses and renders. A GPU machine then needs
nothing but PyTorch and numpy.

Coordinates are metres: x to the person's left, y backwards, z up.
"""

import sys

import anny
import numpy as np
import torch

COCO = [
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle",
]  # fmt: skip
BONES_A_VERTEX = 4


def phenotypes(count, generator):
    """Mostly adults of all builds; the age runs from schoolchildren (0.4) to the old (1)."""

    def between(low, high):
        return low + (high - low) * torch.rand(count, generator=generator)

    adult = torch.rand(count, generator=generator) < 0.85
    return {
        "gender": torch.rand(count, generator=generator).round() * between(0.7, 1.0),
        "age": torch.where(adult, between(0.6, 1.0), between(0.4, 0.6)),
        "muscle": between(0.2, 0.9),
        "weight": between(0.15, 0.9),
        "height": between(0.3, 0.75),
        "proportions": between(0.2, 0.9),
    }


def strongest_bones(weights, bones):
    """The four strongest bones of each vertex, their weights scaled to a sum of one."""
    order = weights.argsort(dim=1, descending=True)[:, :BONES_A_VERTEX]
    weights = weights.gather(1, order)
    return weights / weights.sum(1, keepdim=True), bones.gather(1, order)


def main(out, count, seed):
    model = anny.Anny().float()
    regressor = anny.KeypointsRegressor.coco(model, COCO).float()
    with torch.no_grad():
        bodies = model(phenotype_kwargs=phenotypes(count, torch.Generator().manual_seed(seed)))
    weights, bones = strongest_bones(model.vertex_bone_weights, model.vertex_bone_indices)
    keypoint, vertex = regressor.regression_weights.nonzero(as_tuple=True)
    np.savez_compressed(
        out,
        vertices=bodies["rest_vertices"].numpy().astype(np.float16),
        heads=bodies["rest_bone_heads"].numpy().astype(np.float16),
        faces=model.get_triangular_faces().numpy().astype(np.uint16),
        weights=weights.numpy().astype(np.float16),
        bones=bones.numpy().astype(np.uint8),
        parents=np.array(model.bone_parents, dtype=np.int16),
        names=np.array(model.bone_labels),
        keypoint=keypoint.numpy().astype(np.uint8),
        keypoint_vertex=vertex.numpy().astype(np.uint16),
        keypoint_weight=regressor.regression_weights[keypoint, vertex].numpy().astype(np.float32),
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

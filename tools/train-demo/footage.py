"""Labels the people of the footage with BlazePose and packs them, whole frames and backgrounds for the trainer.

In: the folder of `tests/media` and, if given, the examples of Debian's opencv-doc. Out: `people.json` with a picture and a mask each,
`frames.json` with whole frames and the outlines of who is in them, backgrounds, and `teacher.json`: how far the teacher
disagrees with itself.

The teacher is mediapipe 0.10.14 (Apache-2.0), which carries its model in the package. It sees every person six times:
upright and turned by 15 degrees either way, each also mirrored. The median is the label, the spread says how sure it is.
"""

import argparse
import json
from pathlib import Path

import cv2
import mediapipe
import numpy as np
import skimage.data
import sklearn.datasets

COCO_OF_BLAZEPOSE = [0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]
FLIP = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]
TILE = 448  # side of a packed person's picture
FRAME = 640  # longer side of a packed frame
OUTLINE = 24  # points of a person's outline

# Pictures in which there is nobody: scikit-image's and OpenCV's.
SKIMAGE = ("coffee", "chelsea", "rocket", "brick", "grass", "gravel", "page", "coins", "clock", "moon", "text",
           "hubble_deep_field", "retina", "immunohistochemistry")  # fmt: skip
OPENCV = ("aero1.jpg", "aloeL.jpg", "apple.jpg", "baboon.jpg", "blox.jpg", "board.jpg", "box_in_scene.png", "building.jpg",
          "butterfly.jpg", "chicky_512.png", "ela_original.jpg", "fruits.jpg", "home.jpg", "left.jpg", "leuvenA.jpg",
          "licenseplate_motion.jpg", "orange.jpg", "pca_test1.jpg", "rubberwhale1.png", "smarties.png", "squirrel_cls.jpg",
          "starry_night.jpg", "stuff.jpg", "sudoku.png", "../hfs/data/000.jpg", "../hfs/data/001.jpg",
          "../hfs/data/002.jpg")  # fmt: skip

# Who is where in the clips, as left, top, right, bottom, and how many frames to step. Nobody leaves his region.
ATHLETE, BYSTANDER = (60, 300, 940, 1240), (0, 260, 180, 800)
REGIONS = {
    "single_cam01": {"athlete": (ATHLETE, 1), "bystander": (BYSTANDER, 10)},
    "multi_cam01": {"athlete": (ATHLETE, 2), "woman": ((340, 760, 1080, 1860), 1), "bystander": (BYSTANDER, 10)},
}


class Teacher:
    """BlazePose's median over six views of a picture."""

    def __init__(self):
        self.pose = mediapipe.solutions.pose.Pose(
            static_image_mode=True, model_complexity=1, enable_segmentation=True, min_detection_confidence=0.3
        )

    def look(self, rgb):
        found = self.pose.process(np.ascontiguousarray(rgb))
        if not found.pose_landmarks:
            return None
        marks = [found.pose_landmarks.landmark[i] for i in COCO_OF_BLAZEPOSE]
        size = np.array([rgb.shape[1], rgb.shape[0], 1.0])
        return np.array([[m.x, m.y, m.visibility] for m in marks]) * size, found.segmentation_mask

    def view(self, rgb, angle, mirrored):
        """What it sees in the turned, perhaps mirrored picture, brought back to the picture as it is."""
        height, width = rgb.shape[:2]
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 0.9 if angle else 1.0)
        turned = cv2.warpAffine(rgb, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
        found = self.look(turned[:, ::-1] if mirrored else turned)
        if found is None:
            return None
        keypoints, mask = found
        if mirrored:
            keypoints, mask = keypoints[FLIP], mask[:, ::-1]
            keypoints[:, 0] = width - 1 - keypoints[:, 0]
        back = cv2.invertAffineTransform(turn)
        keypoints[:, :2] = keypoints[:, :2] @ back[:, :2].T + back[:, 2]
        return keypoints, cv2.warpAffine(np.ascontiguousarray(mask), back, (width, height))

    def label(self, rgb):
        """Keypoints (17, 3), their spread in pixels (17), a mask, and the medians of the plain and the mirrored views."""
        plain = [v for v in (self.view(rgb, angle, False) for angle in (0, -15, 15)) if v]
        mirrored = [v for v in (self.view(rgb, angle, True) for angle in (0, -15, 15)) if v]
        if len(plain) < 2 or len(mirrored) < 2:
            return None
        keypoints = np.stack([k for k, _ in plain + mirrored])
        median = np.median(keypoints, 0)
        spread = np.median(np.linalg.norm(keypoints[..., :2] - median[:, :2], axis=-1), 0)
        halves = [np.median([k for k, _ in half], 0) for half in (plain, mirrored)]
        return median, spread, np.median([m for _, m in plain + mirrored], 0), halves


def outline(points):
    """The convex hull of points as a fixed number of them, evenly along it: turned, it still gives the box."""
    hull = cv2.convexHull(points)[:, 0]
    closed = np.concatenate([hull, hull[:1]])
    length = np.concatenate([[0], np.linalg.norm(np.diff(closed, axis=0), axis=1).cumsum()])
    even = np.linspace(0, length[-1], OUTLINE, endpoint=False)
    return np.stack([np.interp(even, length, closed[:, axis]) for axis in (0, 1)], 1)


def read_video(path):
    video, frames = cv2.VideoCapture(str(path)), []
    while True:
        more, frame = video.read()
        if not more:
            return frames
        frames.append(frame)


class Pack:
    """What the trainer reads, as it grows."""

    def __init__(self, out):
        self.out, self.people, self.frames, self.backgrounds = out, [], [], []
        self.agreement = []
        self.teacher = Teacher()

    def person(self, frame, region, clip, number, who):
        """Labels the person in `region` of `frame`; keeps him if the teacher knows him. Returns his outline in frame pixels."""
        left, top, right, bottom = region
        scale = 512 / max(right - left, bottom - top)
        crop = cv2.cvtColor(frame[top:bottom, left:right], cv2.COLOR_BGR2RGB)
        crop = cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        found = self.teacher.label(crop)
        if found is None:
            return None
        keypoints, spread, mask, halves = found
        keypoints[:, :2] = keypoints[:, :2] / scale + (left, top)
        mask = cv2.resize(mask.astype(np.float32), (right - left, bottom - top))
        rows, columns = np.nonzero(mask > 0.5)
        if len(rows) < 150:
            return None
        sure_points = keypoints[keypoints[:, 2] > 0.3, :2]
        low = np.minimum((columns.min() + left, rows.min() + top), sure_points.min(0) - 4)
        high = np.maximum((columns.max() + left + 1, rows.max() + top + 1), sure_points.max(0) + 4)
        extent = (high - low).max()
        sure = (keypoints[:, 2] > 0.5) & (spread / scale < 0.035 * extent)
        if sure.sum() < 8:
            return None
        self.compare(halves, sure)
        full = np.zeros(frame.shape[:2], np.float32)
        full[top:bottom, left:right] = mask
        self.keep(frame, full, keypoints, sure, [*low, *high], dict(clip=clip, frame=number, who=who))
        seen = np.concatenate([np.stack([columns + left, rows + top], 1), sure_points])
        return outline(seen.astype(np.float32))

    def compare(self, halves, sure):
        """The teacher against itself: mirrored against plain views, at 0.2 torso lengths."""
        plain, mirrored = (h[:, :2] for h in halves)
        torso = np.linalg.norm(plain[[5, 6]].mean(0) - plain[[11, 12]].mean(0))
        self.agreement += (np.linalg.norm(plain - mirrored, axis=1) < 0.2 * torso)[sure].tolist()

    def keep(self, frame, mask, keypoints, sure, box, what):
        """Writes the person with his surroundings, scaled so that he fills 1/1.7 of a tile."""
        low, high = np.array(box[:2]), np.array(box[2:])
        scale = TILE / (1.7 * (high - low).max())
        shift = TILE / 2 - scale * (low + high) / 2
        matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        tile = cv2.warpAffine(frame, matrix, (TILE, TILE), flags=how, borderValue=(114, 114, 114))
        soft = (np.clip((mask - 0.3) / 0.4, 0, 1) * 255).astype(np.uint8)
        soft = cv2.warpAffine(soft, matrix, (TILE, TILE), flags=cv2.INTER_LINEAR)
        number = len(self.people)
        cv2.imwrite(str(self.out / f"p{number:03d}.jpg"), tile, [cv2.IMWRITE_JPEG_QUALITY, 88])
        cv2.imwrite(str(self.out / f"p{number:03d}m.jpg"), soft, [cv2.IMWRITE_JPEG_QUALITY, 75])
        placed = keypoints.copy()
        placed[:, :2] = placed[:, :2] * scale + shift
        self.people.append(what | dict(
            number=number, keypoints=placed.round(3).tolist(), sure=sure.tolist(), box=[*(low * scale + shift), *(high * scale + shift)]
        ))  # fmt: skip

    def frame(self, picture, outlines, clip):
        scale = FRAME / max(picture.shape[:2])
        name = f"f{len(self.frames):03d}.jpg"
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(self.out / name), small, [cv2.IMWRITE_JPEG_QUALITY, 88])
        self.frames.append(dict(file=name, clip=clip, outlines=(np.array(outlines) * scale).round(2).tolist()))

    def background(self, picture, clip=None):
        scale = 768 / max(picture.shape[:2])
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(self.out / f"b{len(self.backgrounds):02d}.jpg"), small, [cv2.IMWRITE_JPEG_QUALITY, 85])
        self.backgrounds.append(clip)

    def save(self):
        (self.out / "people.json").write_text(json.dumps(self.people))
        (self.out / "frames.json").write_text(json.dumps(self.frames))
        (self.out / "backgrounds.json").write_text(json.dumps(self.backgrounds))
        agreement = dict(pck_of_plain_against_mirrored_views=float(np.mean(self.agreement)), joints=len(self.agreement))
        (self.out / "teacher.json").write_text(json.dumps(agreement))
        print(f"{len(self.people)} people, {len(self.frames)} frames, {len(self.backgrounds)} backgrounds, teacher {agreement}")


def add_clip(pack, path, regions, thinned):
    """Every person of a clip of the laboratory; every second frame whole; the empty room as background."""
    frames, outlines, clip = read_video(path)[::thinned], {}, path.stem
    for number, frame in enumerate(frames):
        for who, (region, step) in regions.items():
            if number % step == 0:
                found = pack.person(frame, region, clip, number, who)
                if found is not None:
                    outlines[who, number] = found
    for number in range(0, len(frames), 2):
        inside = everyone(outlines, regions, number)
        if inside:
            pack.frame(frames[number], inside, clip)
    # The room without its people: where they are is painted over from around them.
    for number in range(0, len(frames), 24):
        inside = everyone(outlines, regions, number)
        if not inside:
            continue
        small = cv2.resize(frames[number], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        hole = np.zeros(small.shape[:2], np.uint8)
        for person in inside:
            left, top = (person.min(0) / 2).astype(int)
            right, bottom = (person.max(0) / 2).astype(int)
            hole[max(top - 24, 0) : bottom + 24, max(left - 24, 0) : right + 24] = 255
        pack.background(cv2.inpaint(small, hole, 5, cv2.INPAINT_TELEA), clip)


def everyone(outlines, regions, number):
    """The outlines of everybody in a frame, each from the last frame that was looked at; nothing if one is missing."""
    inside = [outlines.get((who, number - number % step)) for who, (_, step) in regions.items()]
    return [] if any(person is None for person in inside) else inside


def add_street(pack, path, step=10):
    """Pedestrians under a fixed camera: whatever differs from the median picture and stands as high as a person."""
    frames = read_video(path)
    empty = np.median(np.stack(frames[::12]), 0).astype(np.uint8)
    pack.background(empty, path.stem)
    for number in range(0, len(frames), step):
        differs = (cv2.absdiff(frames[number], empty).max(2) > 40).astype(np.uint8)
        differs = cv2.morphologyEx(differs, cv2.MORPH_CLOSE, np.ones((9, 5), np.uint8))
        _, _, blobs, _ = cv2.connectedComponentsWithStats(differs)
        for left, top, width, height, area in blobs[1:]:
            if height < 62 or not 0.2 < width / height < 0.75 or area < 0.3 * width * height:
                continue
            margin = int(0.3 * height)
            region = (max(left - margin, 0), max(top - margin, 0), min(left + width + margin, empty.shape[1]),
                      min(top + height + margin, empty.shape[0]))  # fmt: skip
            pack.person(frames[number], region, path.stem, number, "pedestrian")


def add_pictures(pack, examples):
    """Pictures with nobody in them, as backgrounds."""
    for name in OPENCV if examples else ():
        pack.background(cv2.imread(str(examples / "data" / name)))
    for picture in [getattr(skimage.data, name)() for name in SKIMAGE] + sklearn.datasets.load_sample_images().images:
        rgb = picture[..., :3] if picture.ndim == 3 else np.repeat(picture[..., None], 3, 2)
        pack.background(cv2.cvtColor(np.ascontiguousarray(rgb).astype(np.uint8), cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("media", type=Path, help="the folder of single_cam01.mp4 and multi_cam01.mp4")
    parser.add_argument("out", type=Path)
    parser.add_argument("--examples", type=Path, help="usr/share/doc/opencv-doc/examples of Debian's opencv-doc")
    parser.add_argument("--thinned", type=int, default=1, help="look only at every so many frames of the clips")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    pack = Pack(arguments.out)
    for name, regions in REGIONS.items():
        add_clip(pack, arguments.media / f"{name}.mp4", regions, arguments.thinned)
        print(name, len(pack.people), flush=True)
    if arguments.examples:
        add_street(pack, arguments.examples / "data" / "vtest.avi")
    add_pictures(pack, arguments.examples)
    pack.save()

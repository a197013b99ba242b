"""Pseudo-labels people in the footage with BlazePose (mediapipe 0.10.14): keypoints, sureness and cut-outs."""
import cv2, numpy as np, mediapipe as mp, json, os, sys
MEDIA = sys.argv[1]; OUT = sys.argv[2]; os.makedirs(OUT, exist_ok=True)
MAP = [0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]
FLIP = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]
pose = mp.solutions.pose.Pose(static_image_mode=True, model_complexity=1, enable_segmentation=True, min_detection_confidence=0.3)
def one(rgb):
    r = pose.process(np.ascontiguousarray(rgb))
    if not r.pose_landmarks: return None
    h, w = rgb.shape[:2]
    k = np.array([[r.pose_landmarks.landmark[i].x * w, r.pose_landmarks.landmark[i].y * h, r.pose_landmarks.landmark[i].visibility] for i in MAP], np.float32)
    return k, r.segmentation_mask
def ensemble(rgb):
    ks, ms = [], []
    h, w = rgb.shape[:2]
    for angle in (0, -15, 15):
        for flip in (0, 1):
            M = cv2.getRotationMatrix2D((w / 2, h / 2), angle, 0.9 if angle else 1.0)
            im = cv2.warpAffine(rgb, M, (w, h), borderMode=cv2.BORDER_REPLICATE)
            if flip: im = im[:, ::-1]
            r = one(im)
            if r is None: continue
            k, m = r
            if flip:
                k = k[FLIP].copy(); k[:, 0] = w - 1 - k[:, 0]; m = m[:, ::-1]
            Mi = cv2.invertAffineTransform(M); k[:, :2] = k[:, :2] @ Mi[:, :2].T + Mi[:, 2]
            ks.append(k); ms.append(cv2.warpAffine(np.ascontiguousarray(m), Mi, (w, h)))
    if len(ks) < 3: return None
    ks = np.stack(ks); med = np.median(ks, 0)
    spread = np.median(np.linalg.norm(ks[:, :, :2] - med[None, :, :2], axis=-1), 0)
    return med, spread, np.median(np.stack(ms), 0)
ROIS = {'single_cam01': [('athlete', (60, 300, 940, 1240)), ('bystander', (0, 260, 180, 800))],
        'multi_cam01': [('athlete', (60, 300, 940, 1240)), ('woman', (340, 760, 1080, 1860)), ('bystander', (0, 260, 180, 800))]}
people = []
for clip, rois in ROIS.items():
    cap = cv2.VideoCapture(f'{MEDIA}/{clip}.mp4'); i = 0
    while True:
        ok, bgr = cap.read()
        if not ok: break
        for who, (x1, y1, x2, y2) in rois:
            if who == 'bystander' and i % 10: continue
            if i % 2 and clip == 'multi_cam01' and who == 'athlete': continue
            roi = cv2.cvtColor(bgr[y1:y2, x1:x2], cv2.COLOR_BGR2RGB); s = 512 / max(roi.shape[:2])
            if who == 'bystander': s = 2
            small = cv2.resize(roi, None, fx=s, fy=s, interpolation=cv2.INTER_AREA if s < 1 else cv2.INTER_CUBIC)
            r = ensemble(small)
            if r is None: continue
            k, sp, m = r; k = k.copy(); k[:, :2] = k[:, :2] / s + (x1, y1); sp = sp / s
            mm = cv2.resize(m.astype(np.float32), (x2 - x1, y2 - y1)); ys, xs = np.nonzero(mm > 0.5)
            if len(xs) < 200: continue
            box = [float(xs.min() + x1), float(ys.min() + y1), float(xs.max() + x1 + 1), float(ys.max() + y1 + 1)]
            people.append(dict(clip=clip, frame=i, who=who, keypoints=k.round(2).tolist(), spread=sp.round(2).tolist(), box=box))
            a, b, c, d = [int(v) for v in box]; pad = 12
            a, b, c, d = max(a - pad, 0), max(b - pad, 0), min(c + pad, bgr.shape[1]), min(d + pad, bgr.shape[0])
            full = np.zeros(bgr.shape[:2], np.float32); full[y1:y2, x1:x2] = mm
            cv2.imwrite(f'{OUT}/{clip}_{i:03d}_{who}.jpg', bgr[b:d, a:c], [1, 90])
            cv2.imwrite(f'{OUT}/{clip}_{i:03d}_{who}_mask.png', (np.clip((full[b:d, a:c] - .3) / .4, 0, 1) * 255).astype(np.uint8))
            people[-1]['cut'] = [a, b, c, d]
        i += 1
    print(clip, i, len(people), flush=True)
json.dump(people, open(f'{OUT}/people.json', 'w'))

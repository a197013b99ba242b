"""Packs the labeled people (with context), whole frames and backgrounds into one folder that the trainer reads."""
import cv2, json, numpy as np, os, sys
MEDIA, DATA, OUT = sys.argv[1:4]; os.makedirs(OUT, exist_ok=True)
P = json.load(open(f'{DATA}/people.json')); S = 448
frames = {}
for clip in ('single_cam01', 'multi_cam01'):
    c = cv2.VideoCapture(f'{MEDIA}/{clip}.mp4'); i = 0
    while True:
        ok, im = c.read()
        if not ok: break
        frames[clip, i] = im; i += 1
meta = []
for n, p in enumerate(P):
    im = frames[p['clip'], p['frame']]; k = np.array(p['keypoints']); v = k[:, 2] > .3
    a, b, c, d = p['box']; a = min(a, k[v, 0].min() - 8); b = min(b, k[v, 1].min() - 8); c = max(c, k[v, 0].max() + 8); d = max(d, k[v, 1].max() + 8)
    cx, cy, side = (a + c) / 2, (b + d) / 2, 1.7 * max(c - a, d - b); s = S / side
    M = np.array([[s, 0, S / 2 - s * cx], [0, s, S / 2 - s * cy]])
    out = cv2.warpAffine(im, M, (S, S), flags=cv2.INTER_AREA if s < 1 else cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(114, 114, 114))
    m = cv2.imread(f"{DATA}/{p['clip']}_{p['frame']:03d}_{p['who']}_mask.png", 0); full = np.zeros(im.shape[:2], np.uint8); x1, y1, x2, y2 = p['cut']; full[y1:y2, x1:x2] = m
    mm = cv2.warpAffine(full, M, (S, S), flags=cv2.INTER_LINEAR)
    cv2.imwrite(f'{OUT}/p{n:03d}.jpg', out, [1, 92]); cv2.imwrite(f'{OUT}/p{n:03d}m.jpg', mm, [1, 80])
    kk = k.copy(); kk[:, :2] = k[:, :2] * s + M[:, 2]
    sure = (k[:, 2] > .5) & (np.array(p['spread']) < 0.035 * max(c - a, d - b))
    bx = [a * s + M[0, 2], b * s + M[1, 2], c * s + M[0, 2], d * s + M[1, 2]]
    meta.append(dict(n=n, clip=p['clip'], frame=p['frame'], who=p['who'], keypoints=kk.tolist(), sure=sure.tolist(), box=bx, frame_box=[a, b, c, d], frame_keypoints=k.tolist()))
json.dump(meta, open(f'{OUT}/people.json', 'w'))
# whole frames at 640 on the long side, every 4th of single, every 4th of multi, boxes of all people in them
fr = []
by = {(p['clip'], p['frame'], p['who']): m['frame_box'] for p, m in zip(P, meta)}
for clip in ('single_cam01', 'multi_cam01'):
    for i in range(0, 100, 2):
        im = frames[clip, i]; s = 640 / im.shape[0]; boxes = []
        for who in ('athlete', 'woman', 'bystander'):
            c = [j for (cl, j, w) in by if cl == clip and w == who]
            if not c: continue
            j = min(c, key=lambda j: abs(j - i))
            if who != 'bystander' and abs(j - i) > 1: continue
            boxes.append([float(v * s) for v in by[clip, j, who]])
        cv2.imwrite(f'{OUT}/f_{clip}_{i:03d}.jpg', cv2.resize(im, None, fx=s, fy=s, interpolation=cv2.INTER_AREA), [1, 90]); fr.append(dict(file=f'f_{clip}_{i:03d}.jpg', boxes=boxes, clip=clip))
json.dump(fr, open(f'{OUT}/frames.json', 'w'))
# backgrounds: the scene with its people painted over, and pictures with nobody in them
import skimage.data as sd, sklearn.datasets as sk
bgs = [sd.coffee(), sd.chelsea(), sd.rocket()] + [i for i in sk.load_sample_images().images]
for nm in ('brick', 'grass', 'gravel', 'page', 'coins', 'clock', 'moon', 'text', 'hubble_deep_field', 'retina', 'immunohistochemistry'):
    try: bgs.append(getattr(sd, nm)())
    except Exception as e: print('no', nm, type(e).__name__)
bgs = [b if b.ndim == 3 else np.repeat(b[..., None], 3, 2) for b in bgs]
bgs = [cv2.cvtColor(np.ascontiguousarray(b[..., :3]).astype(np.uint8), cv2.COLOR_RGB2BGR) for b in bgs]
for i in (0, 40, 80):
    im = cv2.resize(frames['single_cam01', i], (540, 960)); m = np.zeros(im.shape[:2], np.uint8)
    for p in P:
        if p['clip'] == 'single_cam01' and (p['frame'] == i or p['who'] == 'bystander'):
            a, b, c, d = [int(v / 2) for v in p['box']]; m[max(b - 14, 0):d + 14, max(a - 14, 0):c + 14] = 255
    bgs.append(cv2.inpaint(im, m, 5, cv2.INPAINT_TELEA))
for n, b in enumerate(bgs):
    s = 768 / max(b.shape[:2]); cv2.imwrite(f'{OUT}/b{n:02d}.jpg', cv2.resize(b, None, fx=s, fy=s, interpolation=cv2.INTER_AREA), [1, 88])
print(len(meta), 'people', len(fr), 'frames', len(bgs), 'backgrounds')

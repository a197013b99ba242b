"""Trains the demo pair on one GPU: `train.py detector|pose DATA OUT SECONDS`. Writes an OpenMMLab-layout .pth and a JSON of figures.

The networks are `networks.py`'s (mmdet's and mmpose's names). Every picture is composed on the GPU: labeled people with
their own surroundings, or cut out and pasted on other backgrounds, under scale, rotation, mirroring, colour, blur,
noise, loss of resolution and occlusion. With HOLD=1 the rendered woman (for the detector, all of `multi_cam01`) is held
out, nothing is saved, and the
figures are those of footage never seen.
"""
import json, math, os, sys, time
import numpy as np, torch, torch.nn as nn, torch.nn.functional as F
from torchvision.io import decode_jpeg, read_file
import networks

KIND, DATA, OUT, SECONDS = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])
DEV = 'cuda' if torch.cuda.is_available() else 'cpu'
torch.manual_seed(7); np.random.seed(7); G = torch.Generator(DEV).manual_seed(7)
T0 = time.time()
FLIP = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]
rnd = lambda *s, lo=0.0, hi=1.0: torch.rand(*s, generator=G, device=DEV) * (hi - lo) + lo
img = lambda f: decode_jpeg(read_file(f'{DATA}/{f}')).to(DEV)

people = json.load(open(f'{DATA}/people.json')); frames = json.load(open(f'{DATA}/frames.json'))
S = 448
PI = torch.stack([img(f'p{p["n"]:03d}.jpg') for p in people])                      # N 3 S S u8 RGB
PM = torch.stack([img(f'p{p["n"]:03d}m.jpg')[:1] for p in people])                 # N 1 S S u8
PK = torch.tensor([p['keypoints'] for p in people], device=DEV)                    # N 17 3
PS = torch.tensor([p['sure'] for p in people], device=DEV)                         # N 17
PB = torch.tensor([p['box'] for p in people], device=DEV)                          # N 4
WHO = np.array([p['who'] for p in people])
BG = []
for f in sorted(x for x in os.listdir(DATA) if x.startswith('b')):
    b = img(f)[None].float(); h, w = b.shape[-2:]; s = min(h, w)
    for _ in range(8):
        c = int(s * np.random.uniform(.4, 1)); y, x = np.random.randint(0, h - c + 1), np.random.randint(0, w - c + 1)
        BG.append(F.interpolate(b[..., y:y + c, x:x + c], (640, 640), mode='bilinear', antialias=True)[0].to(torch.uint8))
BG = torch.stack(BG)


def backgrounds(n, h, w):
    """n backgrounds: crops of pictures, or flat colour, gradients and blobs."""
    i = torch.randint(len(BG), (n,), generator=G, device=DEV)
    t = affine_boxes(n, h, w)
    b = F.grid_sample(BG[i].float(), t, padding_mode='reflection', align_corners=False)
    flat = rnd(n, 3, 1, 1) * 255 + F.interpolate((rnd(n, 3, 5, 5) - .5) * rnd(n, 1, 1, 1) * 300, (h, w), mode='bicubic')
    return torch.where(rnd(n, 1, 1, 1) < .7, b, flat).clamp(0, 255)


def affine_boxes(n, h, w):
    s, a = rnd(n, lo=.3, hi=1), rnd(n, lo=-.5, hi=.5)
    m = torch.zeros(n, 2, 3, device=DEV)
    m[:, 0, 0], m[:, 0, 1], m[:, 1, 0], m[:, 1, 1] = s * a.cos(), -s * a.sin(), s * a.sin(), s * a.cos()
    m[:, :, 2] = rnd(n, 2, lo=-.4, hi=.4)
    return F.affine_grid(m, (n, 3, h, w), align_corners=False)


def colour(x):
    """Brightness, contrast, saturation, channel gains, gamma; then blur, lost resolution and noise. x: n 3 h w, 0..255."""
    n, _, h, w = x.shape
    x = x * rnd(n, 1, 1, 1, lo=.55, hi=1.4) * rnd(n, 3, 1, 1, lo=.85, hi=1.15)
    mean = x.mean((1, 2, 3), keepdim=True); x = mean + (x - mean) * rnd(n, 1, 1, 1, lo=.6, hi=1.4)
    grey = x.mean(1, keepdim=True); x = grey + (x - grey) * torch.where(rnd(n, 1, 1, 1) < .15, rnd(n, 1, 1, 1, hi=.1), rnd(n, 1, 1, 1, lo=.5, hi=1.5))
    hue = torch.roll(x, 1, 1); x = torch.where(rnd(n, 1, 1, 1) < .15, x * .5 + hue * .5, x)
    x = 255 * (x.clamp(0, 255) / 255) ** rnd(n, 1, 1, 1, lo=.7, hi=1.4)
    q = int(rnd(1, lo=2, hi=5).item()); low = F.interpolate(F.interpolate(x, (h // q, w // q), mode='area'), (h, w), mode='bilinear')
    x = torch.where(rnd(n, 1, 1, 1) < .2, low, x)
    return (x + torch.randn(x.shape, generator=G, device=DEV) * rnd(n, 1, 1, 1, hi=10)).clamp(0, 255)


def occlude(x, p):
    """Covers up to three random rectangles of each picture with other content."""
    n, _, h, w = x.shape
    other = backgrounds(n, h, w); yy = torch.arange(h, device=DEV).view(1, h, 1); xx = torch.arange(w, device=DEV).view(1, 1, w)
    for _ in range(3):
        bw, bh = rnd(n, 1, 1, lo=.05, hi=.3) * w, rnd(n, 1, 1, lo=.05, hi=.3) * h
        bx, by = rnd(n, 1, 1) * w - bw / 2, rnd(n, 1, 1) * h - bh / 2
        m = ((xx >= bx) & (xx < bx + bw) & (yy >= by) & (yy < by + bh) & (rnd(n, 1, 1) < p)).unsqueeze(1)
        x = torch.where(m, other, x)
    return x


def ema_update(ema, model, d):
    with torch.no_grad():
        for a, b in zip(ema.state_dict().values(), model.state_dict().values()):
            if a.dtype.is_floating_point: a.mul_(d).add_(b, alpha=1 - d)
            else: a.copy_(b)


def fit(model, step, batch, lr, wd=.05):
    """AdamW, linear warm-up, cosine to zero on the clock, EMA; returns the EMA model."""
    import copy
    ema = copy.deepcopy(model).eval()
    decay = [p for p in model.parameters() if p.ndim > 1]; rest = [p for p in model.parameters() if p.ndim <= 1]
    opt = torch.optim.AdamW([{'params': decay, 'weight_decay': wd}, {'params': rest, 'weight_decay': 0}], lr=lr)
    it, t0, log = 0, time.time(), []
    while (t := (time.time() - t0) / SECONDS) < 1:
        for g in opt.param_groups: g['lr'] = lr * min(1, (it + 1) / 300) * max(.5 * (1 + math.cos(math.pi * t)), .01)
        loss = step(model, batch, it); opt.zero_grad(set_to_none=True); loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0); opt.step(); ema_update(ema, model, min(.998, (it + 1) / (it + 10))); it += 1
        if it % 200 == 0: print(f'{KIND} {time.time() - T0:6.1f}s it {it} loss {loss.item():.4f}', flush=True)
    print(KIND, 'iterations', it, flush=True)
    return ema, it


def save(model, name, cfg, meta):
    torch.save({'meta': {'cfg': cfg, 'epoch': 1, 'dataset_meta': meta}, 'state_dict': {k: v.cpu() for k, v in model.state_dict().items()}}, f'{OUT}/{name}.pth')


MEAN = torch.tensor([123.675, 116.28, 103.53], device=DEV).view(1, 3, 1, 1); STD = torch.tensor([58.395, 57.12, 57.375], device=DEV).view(1, 3, 1, 1)

# ------------------------------------------------------------------ pose ---
W, H = 192, 256


def pose_batch(people_index, train=True):
    """Crops of these people, their target heatmaps, which joints count, and the joints in crop pixels."""
    i = torch.as_tensor(people_index, device=DEV); n = len(i)
    k, box, sure = PK[i].clone(), PB[i], PS[i]
    c = (box[:, :2] + box[:, 2:]) / 2; wh = box[:, 2:] - box[:, :2]
    side = torch.maximum(wh[:, 0] * 4 / 3, wh[:, 1]) * 1.25
    if train:
        c = c + (rnd(n, 2) - .5) * .22 * side[:, None]; side = side * torch.exp(rnd(n, lo=-.35, hi=.35))
        a = torch.randn(n, generator=G, device=DEV) * .45; a = torch.where(rnd(n) < .12, a + rnd(n, lo=-3.1, hi=3.1), a); ax = torch.exp(rnd(n, lo=-.2, hi=.2))
        flip = rnd(n) < .5
    else:
        a = torch.zeros(n, device=DEV); ax = torch.ones(n, device=DEV); flip = torch.zeros(n, dtype=torch.bool, device=DEV)
    # source pixel = c + R(a) (crop pixel - centre) * step ; UDP: the crop spans W-1 and H-1 intervals
    step = torch.stack([side * .75 / (W - 1) * ax, side / (H - 1)], 1); step[:, 0] = torch.where(flip, -step[:, 0], step[:, 0])
    R = torch.stack([torch.stack([a.cos(), -a.sin()], -1), torch.stack([a.sin(), a.cos()], -1)], 1); A = R * step[:, None, :]
    yy, xx = torch.meshgrid(torch.arange(H, device=DEV), torch.arange(W, device=DEV), indexing='ij')
    p = torch.stack([xx - (W - 1) / 2, yy - (H - 1) / 2], -1).float()
    src = torch.einsum('nij,hwj->nhwi', A, p) + c[:, None, None]
    grid = (src + .5) / S * 2 - 1
    x = F.grid_sample(PI[i].float(), grid, align_corners=False); m = F.grid_sample(PM[i].float(), grid, align_corners=False) / 255
    kk = torch.einsum('nij,nkj->nki', torch.linalg.inv(A), k[..., :2] - c[:, None]) + torch.tensor([(W - 1) / 2, (H - 1) / 2], device=DEV)
    kk = torch.where(flip[:, None, None], kk[:, FLIP], kk); sure = torch.where(flip[:, None], sure[:, FLIP], sure)
    if train:
        m = m ** rnd(n, 1, 1, 1, lo=.6, hi=1.5)
        x = torch.where((rnd(n) < .45).view(n, 1, 1, 1), x * m + backgrounds(n, H, W) * (1 - m), x)
        tint = rnd(n, 3, 1, 1, lo=.5, hi=1.4); part = F.interpolate((rnd(n, 1, 6, 4) < .5).float(), (H, W), mode='bilinear')   # other clothes, other skin
        x = torch.where((rnd(n) < .5).view(n, 1, 1, 1), x * (1 - m * part) + x * tint * m * part, x)
        x = occlude(colour(x), .25)
    inside = (kk[..., 0] > -4) & (kk[..., 0] < W + 4) & (kk[..., 1] > -4) & (kk[..., 1] < H + 4)
    hm = kk * torch.tensor([47 / (W - 1), 63 / (H - 1)], device=DEV)
    gy = torch.arange(64, device=DEV).view(1, 1, 64, 1); gx = torch.arange(48, device=DEV).view(1, 1, 1, 48)
    t = torch.exp(-((gx - hm[..., 0, None, None]) ** 2 + (gy - hm[..., 1, None, None]) ** 2) / 8)
    return (x - MEAN) / STD, t * inside[..., None, None], sure.float(), kk


def pose():
    dim, depth, heads, mid = 192, 8, 3, 128
    m = networks.ViTPose(dim, depth, heads, 4 * dim); m.head = networks.HeatmapHead(dim, 17, mid); m = m.to(DEV)
    nn.init.trunc_normal_(m.backbone.pos_embed, std=.02)
    for q in m.modules():
        if isinstance(q, nn.Linear): nn.init.trunc_normal_(q.weight, std=.02); nn.init.zeros_(q.bias)
        if isinstance(q, nn.ConvTranspose2d): nn.init.normal_(q.weight, std=.01 * 3)
    nn.init.normal_(m.head.final_layer.weight, std=.01); nn.init.zeros_(m.head.final_layer.bias)
    woman = np.nonzero(WHO == 'woman')[0]; held = woman if HOLD else np.array([], int)
    rest = np.setdiff1d(np.arange(len(WHO)), held); w = np.where(WHO[rest] == 'bystander', 3, 1); pool = np.repeat(rest, w)

    def step(model, n, it):
        x, t, s, _ = pose_batch(np.random.choice(pool, n))
        with torch.autocast(DEV, torch.bfloat16): y = model(x)
        return ((y.float() - t) ** 2 * s[..., None, None]).mean() * 1000
    ema, it = fit(m, step, 192, 1.2e-3)
    out = {'iterations': it}
    for tag, q in (('train', rest), ('woman', woman)):
        with torch.no_grad():
            x, _, s, kk = pose_batch(q, train=False)
            y = ema(x); idx = y.flatten(2).argmax(-1); pk = torch.stack([idx % 48, idx // 48], -1).float() * torch.tensor([191 / 47, 255 / 63], device=DEV)
            torso = ((kk[:, 5] + kk[:, 6]) / 2 - (kk[:, 11] + kk[:, 12]) / 2).norm(dim=-1)
            ok = ((pk - kk).norm(dim=-1) < .2 * torso[:, None]).float(); out[tag] = (ok * s).sum().item() / s.sum().item()
    print('pose PCK@0.2', out, flush=True); json.dump(out, open(f'{OUT}/pose{"_held" if HOLD else ""}.json', 'w'))
    if not HOLD: save(ema, 'vitpose_demo', POSE_CFG % (dim, depth, heads, 4 * dim, dim, mid, mid), {'dataset_name': 'coco'})


POSE_CFG = """codec = dict(type='UDPHeatmap', input_size=(192, 256), heatmap_size=(48, 64), sigma=2)
model = dict(
    type='TopdownPoseEstimator',
    backbone=dict(
        type='mmpretrain.VisionTransformer',
        arch=dict(embed_dims=%d, num_layers=%d, num_heads=%d, feedforward_channels=%d),
        img_size=(256, 192), patch_size=16, qkv_bias=True, patch_cfg=dict(padding=2)),
    head=dict(type='HeatmapHead', in_channels=%d, out_channels=17, deconv_out_channels=(%d, %d), deconv_kernel_sizes=(4, 4)),
    test_cfg=dict(flip_test=True, flip_mode='heatmap', shift_heatmap=False))
"""
DET_CFG = """model = dict(
    type='RTMDet',
    backbone=dict(type='CSPNeXt', arch='P5', expand_ratio=0.5, deepen_factor=0.33, widen_factor=0.25, channel_attention=True),
    neck=dict(type='CSPNeXtPAFPN', in_channels=[64, 128, 256], out_channels=64, num_csp_blocks=1, expand_ratio=0.5),
    bbox_head=dict(type='RTMDetSepBNHead', num_classes=1, in_channels=64, stacked_convs=2, feat_channels=64, with_objectness=False, exp_on_reg=True, share_conv=True, pred_kernel_size=1),
    test_cfg=dict(nms_pre=1000, min_bbox_size=0, score_thr=0.05, nms=dict(type='nms', iou_threshold=0.6), max_per_img=100))
"""

# -------------------------------------------------------------- detector ---
D = 640
BGR_MEAN = torch.tensor([103.53, 116.28, 123.675], device=DEV).view(1, 3, 1, 1); BGR_STD = torch.tensor([57.375, 57.12, 58.395], device=DEV).view(1, 3, 1, 1)


def det_batch(n, FI, FB, FV):
    """n pictures with up to 6 boxes: half whole frames under an affine map, half people pasted on backgrounds."""
    h = n // 2
    i = torch.randint(len(FI), (h,), generator=G, device=DEV); s = torch.exp(rnd(h, lo=-.9, hi=.5)); flip = rnd(h) < .5
    sx = torch.where(flip, -s, s); t = (rnd(h, 2) - .5) * D * .8
    A = torch.zeros(h, 2, 3, device=DEV); A[:, 0, 0] = 1 / sx; A[:, 1, 1] = 1 / s
    cx = FB[i][..., [0, 2]].mean((1, 2)) * 0 + 180.0; c = torch.stack([cx, torch.full_like(cx, 320.0)], 1)
    # out = (src - c) * s + D/2 + t
    yy, xx = torch.meshgrid(torch.arange(D, device=DEV), torch.arange(D, device=DEV), indexing='ij'); p = torch.stack([xx, yy], -1).float()
    src = (p[None] - D / 2 - t[:, None, None]) / torch.stack([sx, s], 1)[:, None, None] + c[:, None, None]
    x = F.grid_sample(FI[i].float() - 114, (src + .5) / D * 2 - 1, align_corners=False) + 114
    b = FB[i].clone(); v = FV[i].clone()
    b = (b.view(h, -1, 2, 2) - c[:, None, None]) * torch.stack([sx, s], 1)[:, None, None] + D / 2 + t[:, None, None]
    b = torch.cat([b.amin(2), b.amax(2)], -1); full = (b[..., 2:] - b[..., :2]).prod(-1)
    # what lies outside the source picture is not there
    lim = (torch.tensor([[0., 0.], [361., 640.]], device=DEV)[None] - c[:, None]) * torch.stack([sx, s], 1)[:, None] + D / 2 + t[:, None]
    b = b.clamp(0, D); v = v & ((b[..., 2:] - b[..., :2]).clamp(min=0).prod(-1) > .35 * full)
    bg = backgrounds(h, D, D); bb = torch.zeros(h, 6, 4, device=DEV); vv = torch.zeros(h, 6, dtype=torch.bool, device=DEV)
    count = torch.randint(0, 5, (h,), generator=G, device=DEV)
    for j in range(4):
        k = torch.as_tensor(np.random.choice(DPOOL, h), device=DEV); ang = torch.randn(h, generator=G, device=DEV) * .25
        size = torch.exp(rnd(h, lo=math.log(50), hi=math.log(620))); wh = PB[k][:, 2:] - PB[k][:, :2]; sc = size / wh.amax(1); f2 = rnd(h) < .5
        sxx = torch.where(f2, -sc, sc); ctr = rnd(h, 2) * D; pc = (PB[k][:, :2] + PB[k][:, 2:]) / 2
        q = p[None] - ctr[:, None, None]; ca, sa = ang.cos()[:, None, None], ang.sin()[:, None, None]
        sp = torch.stack([(q[..., 0] * ca + q[..., 1] * sa) / sxx[:, None, None], (-q[..., 0] * sa + q[..., 1] * ca) / sc[:, None, None]], -1) + pc[:, None, None]
        grid = (sp + .5) / S * 2 - 1
        im = F.grid_sample(PI[k].float(), grid, align_corners=False); mk = F.grid_sample(PM[k].float(), grid, align_corners=False) / 255
        on = (count > j).view(h, 1, 1, 1); mk = mk * on
        tint = rnd(h, 3, 1, 1, lo=.5, hi=1.4); im = torch.where(rnd(h, 1, 1, 1) < .5, im * tint, im)
        bg = bg * (1 - mk) + im * mk
        hard = mk[:, 0] > .5; anyx, anyy = hard.any(1), hard.any(2); ok = hard.flatten(1).sum(1) > .3 * (PM[k] > 127).flatten(1).sum(1) * sc ** 2
        x1, x2 = anyx.float().argmax(1), D - anyx.flip(1).float().argmax(1); y1, y2 = anyy.float().argmax(1), D - anyy.flip(1).float().argmax(1)
        new = torch.stack([x1, y1, x2, y2], 1).float()
        if j:   # someone nearly covered by the newcomer is no longer asked for
            ov = (torch.minimum(bb[:, :j, 2:], new[:, None, 2:]) - torch.maximum(bb[:, :j, :2], new[:, None, :2])).clamp(min=0).prod(-1) / (bb[:, :j, 2:] - bb[:, :j, :2]).prod(-1).clamp(min=1)
            vv[:, :j] &= ~((ov > .7) & (ok & (count > j))[:, None])
        bb[:, j], vv[:, j] = new, ok & (count > j)
    x = torch.cat([x, bg]); b = torch.cat([b, bb]); v = torch.cat([v, vv])
    x = colour(x)
    pad = rnd(n) < .4; edge = (rnd(n, lo=.5, hi=1) * D).long()    # letterbox bars, right or below
    side = rnd(n) < .5; ax = torch.arange(D, device=DEV)
    mx = (ax[None, None, :] >= edge[:, None, None]) & side[:, None, None] & pad[:, None, None]; my = (ax[None, :, None] >= edge[:, None, None]) & ~side[:, None, None] & pad[:, None, None]
    x = torch.where((mx | my)[:, None], torch.full_like(x, 114.0), x)
    area = (b[..., 2:] - b[..., :2]).clamp(min=0).prod(-1); e = torch.where(pad, edge, torch.full_like(edge, D)).float()
    ex, ey = torch.where(side, e, torch.full_like(e, D)), torch.where(side, torch.full_like(e, D), e)
    b = torch.stack([b[..., 0].minimum(ex[:, None]), b[..., 1].minimum(ey[:, None]), b[..., 2].minimum(ex[:, None]), b[..., 3].minimum(ey[:, None])], -1)
    v = v & ((b[..., 2:] - b[..., :2]).clamp(min=0).prod(-1) > .4 * area) & ((b[..., 2:] - b[..., :2]).amin(-1) > 8)
    return (x.flip(1) - BGR_MEAN) / BGR_STD, b, v


def ious(a, b):
    lt = torch.maximum(a[..., :2], b[..., :2]); rb = torch.minimum(a[..., 2:], b[..., 2:]); inter = (rb - lt).clamp(min=0).prod(-1)
    u = (a[..., 2:] - a[..., :2]).clamp(min=0).prod(-1) + (b[..., 2:] - b[..., :2]).clamp(min=0).prod(-1) - inter
    e = (torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])).clamp(min=0).prod(-1)
    iou = inter / u.clamp(min=1e-6)
    return iou, iou - (e - u) / e.clamp(min=1e-6)


PTS = torch.cat([torch.stack(torch.meshgrid(torch.arange(D // s), torch.arange(D // s), indexing='xy'), -1).reshape(-1, 2) * s for s in (8, 16, 32)]).float().to(DEV)
STR = torch.cat([torch.full(((D // s) ** 2,), float(s)) for s in (8, 16, 32)]).to(DEV)


def flat(out):
    cls = torch.cat([c.flatten(2) for c in out[0]], 2).transpose(1, 2)[..., 0].float(); d = torch.cat([r.flatten(2) for r in out[1]], 2).transpose(1, 2).float()
    return cls, torch.cat([PTS - d[..., :2], PTS + d[..., 2:]], -1)


def det_loss(cls, box, gt, ok):
    """RTMDet's: DynamicSoftLabelAssigner (top 13), quality focal loss, 2 x GIoU."""
    with torch.no_grad():
        iou, _ = ious(box[:, :, None], gt[:, None])                                             # B N G
        inside = ((PTS[None, :, None] > gt[:, None, :, :2]) & (PTS[None, :, None] < gt[:, None, :, 2:])).all(-1) & ok[:, None]
        dist = ((PTS[None, :, None] - (gt[:, None, :, :2] + gt[:, None, :, 2:]) / 2).norm(dim=-1) / STR[None, :, None]).clamp(max=12)
        z = cls[..., None].expand_as(iou); scale = (iou - z.sigmoid()).abs()
        cost = F.binary_cross_entropy_with_logits(z, iou, reduction='none') * scale ** 2 - 3 * torch.log(iou + 1e-7) + 10 ** (dist - 3)
        cost = torch.where(inside, cost, torch.full_like(cost, 1e12))
        k = (iou * inside).topk(13, 1).values.sum(1).long().clamp(min=1)                        # B G
        val, idx = cost.topk(13, 1, largest=False); keep = (torch.arange(13, device=DEV)[None, :, None] < k[:, None]) & (val < 1e11)
        m = torch.zeros_like(cost, dtype=torch.bool).scatter_(1, idx, keep)
        m &= F.one_hot(torch.where(m, cost, torch.full_like(cost, 1e13)).argmin(-1), cost.shape[-1]).bool()
        pos = m.any(-1); g = m.float().argmax(-1); target = torch.gather(gt, 1, g[..., None].expand(-1, -1, 4)); q = torch.where(pos, torch.gather(iou, 2, g[..., None])[..., 0], torch.zeros_like(cls))
    p = cls.sigmoid(); qfl = (F.binary_cross_entropy_with_logits(cls, q, reduction='none') * (q - p).abs() ** 2).sum()
    norm = q.sum().clamp(min=1)
    _, giou = ious(box[pos], target[pos])
    return qfl / norm + 2 * ((1 - giou) * q[pos]).sum() / norm


def detector():
    global DPOOL
    networks.RTMDet.CFG['demo'] = (.33, .25, [64, 128, 256], 64, 1, True)
    m = networks.RTMDet('demo', 1).to(DEV).to(memory_format=torch.channels_last)
    for q in m.modules():
        if isinstance(q, nn.Conv2d): nn.init.kaiming_normal_(q.weight, nonlinearity='relu'); q.bias is None or nn.init.zeros_(q.bias)
        if isinstance(q, nn.BatchNorm2d): q.momentum = .03
    for c in m.bbox_head.rtm_cls: nn.init.normal_(c.weight, std=.01); nn.init.constant_(c.bias, -4.6)
    for r in m.bbox_head.rtm_reg: nn.init.normal_(r.weight, std=.01); nn.init.constant_(r.bias, 1.0)
    use = [f for f in frames if not (HOLD and f['clip'] == 'multi_cam01')]
    FI = torch.zeros(len(use), 3, D, D, device=DEV, dtype=torch.uint8) + 114; FB = torch.zeros(len(use), 6, 4, device=DEV); FV = torch.zeros(len(use), 6, dtype=torch.bool, device=DEV)
    for j, f in enumerate(use):
        x = img(f['file']); FI[j, :, :x.shape[1], :x.shape[2]] = x
        for g, b in enumerate(f['boxes']): FB[j, g] = torch.tensor(b); FV[j, g] = True
    DPOOL = np.array([i for i in range(len(WHO)) if not (HOLD and WHO[i] == 'woman')]); DPOOL = np.repeat(DPOOL, np.where(WHO[DPOOL] == 'bystander', 3, 1))

    def step(model, n, it):
        x, b, v = det_batch(n, FI, FB, FV)
        with torch.autocast(DEV, torch.bfloat16): out = model(x.to(memory_format=torch.channels_last))
        cls, box = flat(out)
        return det_loss(cls, box, b, v)
    ema, it = fit(m, step, 48, 2e-3)
    hit = tot = fp = 0
    with torch.no_grad():
        for f in frames:
            if f['clip'] != 'multi_cam01': continue
            x = torch.full((1, 3, D, D), 114.0, device=DEV); y = img(f['file']).float(); x[0, :, :y.shape[1], :y.shape[2]] = y
            cls, box = flat(ema((x.flip(1) - BGR_MEAN) / BGR_STD)); from torchvision.ops import nms
            k = nms(box[0], cls[0].sigmoid(), .6); k = k[cls[0][k].sigmoid() > .3]
            gt = torch.tensor(f['boxes'], device=DEV); i, _ = ious(box[0][k][:, None], gt[None]) if len(k) else (torch.zeros(1, len(gt), device=DEV), 0)
            hit += (i.max(0).values > .5).sum().item(); tot += len(gt); fp += (i.max(1).values < .3).sum().item() if len(k) else 0
    out = dict(iterations=it, recall50=hit / tot, false_per_frame=fp / 50); print('detector', out, flush=True); json.dump(out, open(f'{OUT}/detector{"_held" if HOLD else ""}.json', 'w'))
    if not HOLD: save(ema, 'rtmdet_demo', DET_CFG, {'classes': ('person',)})


HOLD = os.environ.get('HOLD') == '1'
{'pose': pose, 'detector': detector}[KIND]()

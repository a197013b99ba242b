"""RTMDet and ViTPose under compiled PyTorch on a GPU, the peer of `swingpose bench`:

    swingpose bench detect pose --made-up --peer 'python3 benches/peer_torch.py'

f16, channels last, batch normalisation folded, cudnn.benchmark, torch.compile, one CUDA graph a network: medians of CUDA events.
letterbox, crop and DARK-UDP are compiled torch as well, on frames that are BGR in the GPU's memory already. Prints a JSON line a figure.
usage: peer_torch.py [--batch 32] [rtmdet-m vitpose-h ...]     (needs torch with CUDA)"""
import argparse, copy, json, os, statistics, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../tools/train-demo'))
import torch, torch.nn as nn, torch.nn.functional as F
import networks

RTMDET = {'rtmdet-tiny': (0.167, 0.375, 1, False), 'rtmdet-s': (0.33, 0.5, 1, False), 'rtmdet-m': (0.67, 0.75, 1, True)}
VITPOSE = {'vitpose-s': (384, 12, 12), 'vitpose-b': (768, 12, 12), 'vitpose-l': (1024, 24, 16), 'vitpose-h': (1280, 32, 16)}
SIDE, FRAME, CROP, MAP = 640, (1080, 1920), (256, 192), (64, 48)
torch.set_grad_enabled(False)


def median_ms(work, least=20):
    for _ in range(5):
        work()
    events = [(torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)) for _ in range(max(least, 60))]
    for start, end in events:
        start.record()
        work()
        end.record()
    torch.cuda.synchronize()
    return statistics.median(start.elapsed_time(end) for start, end in events)


def graphed(work):
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            work()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        graph.kept = work()
    return graph.replay


def folded(network):
    network = copy.deepcopy(network).eval()
    fuse = nn.utils.fusion.fuse_conv_bn_eval
    for module in network.modules():
        if isinstance(module, networks.ConvModule):
            module.conv, module.bn = fuse(module.conv, module.bn), nn.Identity()
        if isinstance(module, networks.HeatmapHead):
            layers = module.deconv_layers
            for index in (0, 3):
                layers[index], layers[index + 1] = fuse(layers[index], layers[index + 1], transpose=True), nn.Identity()
    return network.requires_grad_(False)


def report(what, work):
    compiled = torch.compile(work, dynamic=False)
    name = f'PyTorch {torch.__version__} compiled, CUDA graph, f16'
    print(json.dumps({'what': what, 'ms': median_ms(graphed(compiled)), 'name': name}), flush=True)


def network(what, batch):
    torch.backends.cudnn.benchmark = True
    if what in RTMDET:
        built, shape = networks.RTMDet(*RTMDET[what]), (batch, 3, SIDE, SIDE)
    else:
        built, shape = networks.ViTPose(*VITPOSE[what], 256), (batch, 3, *CROP)
    for module in built.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            nn.init.kaiming_uniform_(module.weight, nonlinearity='linear')
    built = folded(built).cuda().half()
    x = torch.randn(shape, device='cuda').half()
    if what in RTMDET:
        built, x = built.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    report(what, lambda: built(x))


def letterbox(batch):
    (h, w), scale = FRAME, min(SIDE / FRAME[0], SIDE / FRAME[1])
    rows, columns = round(h * scale), round(w * scale)
    frames = torch.randint(256, (batch, h, w, 3), device='cuda', dtype=torch.uint8)
    y = ((torch.arange(rows, device='cuda') + .5) * (h / rows) - .5).clamp(0, h - 1)
    x = ((torch.arange(columns, device='cuda') + .5) * (w / columns) - .5).clamp(0, w - 1)
    y0, x0 = y.floor().long(), x.floor().long()
    y1, x1 = (y0 + 1).clamp(max=h - 1), (x0 + 1).clamp(max=w - 1)
    wy, wx = (y - y0)[:, None, None], (x - x0)[:, None]
    mean, std = (torch.tensor(v, device='cuda') for v in ([103.53, 116.28, 123.675], [57.375, 57.12, 58.395]))

    def work():
        row = lambda at: frames[:, at][:, :, x0].float() * (1 - wx) + frames[:, at][:, :, x1].float() * wx
        mixed = row(y0) * (1 - wy) + row(y1) * wy
        padded = F.pad(mixed, (0, 0, 0, SIDE - columns, 0, SIDE - rows), value=114.)
        return ((padded - mean) / std).half()
    report('letterbox', work)


def crop(batch):
    (h, w), (rows, columns) = FRAME, CROP
    frames = torch.randint(256, (batch, h, w, 3), device='cuda', dtype=torch.uint8)
    boxes = torch.tensor([700., 0., 1220., 1080.], device='cuda').repeat(batch, 1)
    gx, gy = torch.arange(columns, device='cuda').float(), torch.arange(rows, device='cuda').float()
    mean, std = (torch.tensor(v, device='cuda') for v in ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375]))
    owner = torch.arange(batch, device='cuda')[:, None, None]

    def work():
        centre, size = (boxes[:, :2] + boxes[:, 2:]) * .5, (boxes[:, 2:] - boxes[:, :2]) * 1.25
        width = torch.maximum(size[:, 0], size[:, 1] * columns / rows)
        x = gx[None] * (width[:, None] / (columns - 1)) + (centre[:, :1] - .5 * width[:, None])
        height = width * rows / columns
        y = gy[None] * (height[:, None] / (rows - 1)) + (centre[:, 1:] - .5 * height[:, None])
        mixed = 0
        for dy in (0, 1):
            for dx in (0, 1):
                xi, yi = x.floor().long() + dx, y.floor().long() + dy
                inside = ((xi >= 0) & (xi < w))[:, None, :] & ((yi >= 0) & (yi < h))[:, :, None]
                pixel = frames[owner, yi.clamp(0, h - 1)[:, :, None], xi.clamp(0, w - 1)[:, None, :]].flip(-1).float()
                wx, wy = x - x.floor(), y - y.floor()
                weight = (wx if dx else 1 - wx)[:, None, :] * (wy if dy else 1 - wy)[:, :, None]
                mixed = mixed + pixel * (weight * inside)[..., None]
        return ((mixed - mean) / std).half()
    report('crop', work)


def dark(batch, keypoints=17):
    h, w = MAP
    maps = torch.rand(batch, keypoints, h, w, device='cuda')
    taps = torch.exp(-(torch.arange(11, device='cuda').float() - 5) ** 2 / 8)
    taps = taps / taps.sum()

    def work():
        value, index = maps.flatten(2).max(2)
        kx, ky = index % w, index // w
        blurred = maps.reshape(batch * keypoints, 1, h, w)
        blurred = F.conv2d(F.conv2d(blurred, taps.view(1, 1, 11, 1), padding=(5, 0)), taps.view(1, 1, 1, 11), padding=(0, 5))
        blurred = blurred * (value.reshape(-1, 1, 1, 1) / blurred.amax((2, 3), keepdim=True).clamp(min=1e-12))
        logs = F.pad(blurred.clamp(1e-3, 50.).log(), (1, 1, 1, 1), mode='replicate').reshape(batch, keypoints, -1)
        at = lambda dx, dy: logs.gather(2, (kx + 1 + dx + (ky + 1 + dy) * (w + 2))[..., None]).squeeze(-1)
        here, east, west, south, north = at(0, 0), at(1, 0), at(-1, 0), at(0, 1), at(0, -1)
        gx, gy = .5 * (east - west), .5 * (south - north)
        xx, yy = east - 2 * here + west + 1.2e-7, south - 2 * here + north + 1.2e-7
        xy = .5 * (at(1, 1) - east - south + 2 * here - west - north + at(-1, -1))
        det = xx * yy - xy * xy
        return torch.stack([kx - (yy * gx - xy * gy) / det, ky - (xx * gy - xy * gx) / det, value], -1)
    report('DARK-UDP', work)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('what', nargs='*', default=['rtmdet-m', 'vitpose-h', 'letterbox', 'crop', 'DARK-UDP'])
    parser.add_argument('--batch', type=int, default=32)
    arguments = parser.parse_args()
    around = {'letterbox': letterbox, 'crop': crop, 'DARK-UDP': dark}
    for what in arguments.what:
        torch._dynamo.reset()
        around[what](arguments.batch) if what in around else network(what, arguments.batch)

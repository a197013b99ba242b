"""RTMDet-Tiny (80 classes) and ViTPose-S under ONNX Runtime, one picture at a time: the peer of `cargo bench --bench models`.
Batch norms are folded by the exporter. usage: peer_onnx.py [THREADS]     (needs torch, onnx, onnxruntime and numpy)"""
import os, statistics, sys, tempfile, time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../tools/train-demo'))
import numpy as np, onnxruntime, torch
import networks

THREADS, RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 2, 31
torch.manual_seed(0)
NETWORKS = {'rtmdet-tiny 640x640': (networks.RTMDet(0.167, 0.375, 80, False), (1, 3, 640, 640)),
            'vitpose-s 256x192': (networks.ViTPose(384, 12, 12, 256), (1, 3, 256, 192))}
print(f'onnxruntime {onnxruntime.__version__}, {THREADS} threads\n{"network":<24}{"median":>9}{"fastest":>9}')
for name, (network, shape) in NETWORKS.items():
    network.eval().requires_grad_(False)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'network.onnx')
        torch.onnx.export(network, torch.randn(shape), path, opset_version=17, input_names=['x'])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
        session = onnxruntime.InferenceSession(path, options, providers=['CPUExecutionProvider'])
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    session.run(None, {'x': x})
    runs = []
    for _ in range(RUNS):
        start = time.perf_counter()
        session.run(None, {'x': x})
        runs.append((time.perf_counter() - start) * 1e3)
    print(f'{name:<24}{statistics.median(runs):9.2f}{min(runs):9.2f}', flush=True)

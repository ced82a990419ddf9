"""The memory that training takes beside what was estimated before it.

    python benchmarks/memory_beside_estimate.py [tensorflow | torch | jax]

Every network trains a few steps in a process of its own, on a CPU under Linux. `taken` is the peak of its resident
memory above what it held when its data was loaded; `sure` is what the estimate takes for certain.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

CONV = "conv2d: {filters: $filters, kernel_size: 3, padding: same"
NETWORKS = {
    "vgg": f"""
layers:
  - repeat:
      over: [[32], [64], [128]]
      as: [filters]
      layers: [{{{CONV}, activation: relu}}}}, {{{CONV}, activation: relu}}}}, {{max_pooling2d: 2}}]
  - flatten
  - dense: {{units: 256, activation: relu}}
  - dense: {{units: 5, activation: softmax}}
""",
    "resnet": """
layers:
  - conv_bn: {filters: 32, kernel_size: 3}
  - repeat: {times: 6, layers: [{basic_residual: {filters: 32}}]}
  - global_average_pooling2d
  - dense: {units: 5, activation: softmax}
""",
    "mobile": """
layers:
  - conv_bn: {filters: 16, kernel_size: 3}
  - repeat: {times: 6, layers: [{inverted_residual: {filters: 16, expansion: 6}}]}
  - global_average_pooling2d
  - dense: {units: 5, activation: softmax}
""",
    "unet": """
layers:
  - double_conv: {filters: 32, name: one}
  - max_pooling2d: 2
  - double_conv: {filters: 64, name: two}
  - max_pooling2d: 2
  - double_conv: {filters: 128}
  - conv2d_transpose: {filters: 64, kernel_size: 2, strides: 2}
  - concatenate: two
  - double_conv: {filters: 64}
  - conv2d_transpose: {filters: 32, kernel_size: 2, strides: 2}
  - concatenate: one
  - double_conv: {filters: 32}
  - conv2d: {filters: 6, kernel_size: 1, activation: softmax}
""",
    "dense": """
layers:
  - flatten
  - dense: {units: 4096, activation: relu}
  - dense: {units: 4096, activation: relu}
  - dense: {units: 5, activation: softmax}
""",
}
GAN = """
generator:
  input: [100]
  layers:
    - dense: $(8 * 8 * 128)
    - reshape: [8, 8, 128]
    - batch_normalization
    - relu
    - repeat:
        over: [[64], [32]]
        as: [filters]
        layers:
          - conv2d_transpose: {filters: $filters, kernel_size: 4, strides: 2, padding: 1, use_bias: false}
          - batch_normalization
          - relu
    - conv2d_transpose: {filters: 3, kernel_size: 4, strides: 2, padding: 1, activation: tanh}
discriminator:
  input: [64, 64, 3]
  layers:
    - repeat:
        over: [[32], [64], [128]]
        as: [filters]
        layers:
          - conv2d: {filters: $filters, kernel_size: 4, strides: 2, padding: 1, use_bias: false}
          - batch_normalization
          - leaky_relu: 0.2
    - flatten
    - dense: 1
"""
SETTINGS = [(32, "float32"), (128, "float32"), (128, "mixed_bfloat16")]


def spec(name: str, batch_size: int, precision: str) -> str:
    task = "segmentation" if name == "unet" else "classification"
    network = f"task: gan\n{GAN}" if name == "gan" else f"input: [64, 64, 3]\n{NETWORKS[name]}"
    return f"""name: {name}
{network}
data:
  source: {{shapes: {{task: {task}, count: 1280, test_count: 10, image_size: 64}}}}
  preprocessing: [{{rescaling: $(1/255)}}]
training: {{batch_size: {batch_size}, precision: {precision}, seed: 1}}
"""


def measured(text: str, backend: str) -> dict[str, int]:
    """What training takes, in a process of its own."""
    child = subprocess.run(
        [sys.executable, __file__, "--child", backend], input=text, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )  # fmt: skip
    if child.returncode:
        sys.exit(child.stderr)
    found: dict[str, int] = json.loads(child.stdout.splitlines()[-1])
    return found


def train(backend: str) -> None:
    """In the process: a few steps, and the peak of the memory."""
    from cnnspec.pipeline import check_text
    from cnnspec.training import device, fit
    from cnnspec.training.run import plan_of

    report = check_text(sys.stdin.read())
    if not report.ok:
        sys.exit(str(report))
    device.start(backend)
    from cnnspec.training import runner

    before: list[int] = []
    fitted = runner.fitted

    def noting(*arguments: Any) -> Any:
        plan = fitted(*arguments)
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins here
        before.append(_status("VmRSS"))
        return plan

    runner.fitted = noting
    with tempfile.TemporaryDirectory() as folder:
        found = fit.rehearse(plan_of(report, Path(folder)), backend=backend, quiet=True)
    taken = _status("VmHWM") - before[0]
    print(json.dumps({"taken": taken, "estimate": found.memory.total, "sure": found.memory.sure}))


def _status(key: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:")) * 1024


def main() -> None:
    backend = sys.argv[1] if len(sys.argv) > 1 else "tensorflow"
    print(f"{backend:<10} batch  precision        taken  estimate   ratio    sure")
    for name in (*NETWORKS, "gan"):
        for batch_size, precision in SETTINGS:
            found = measured(spec(name, batch_size, precision), backend)
            taken, estimate, sure = (found[key] / 1e6 for key in ("taken", "estimate", "sure"))
            print(
                f"{name:<10} {batch_size:>5}  {precision:<14} {taken:>5,.0f} MB  {estimate:>5,.0f} MB  "
                f"{estimate / taken:>5.2f}  {sure / taken:>6.2f}",
                flush=True,
            )


if __name__ == "__main__":
    train(sys.argv[2]) if sys.argv[1:2] == ["--child"] else main()

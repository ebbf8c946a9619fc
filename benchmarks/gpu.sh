#!/usr/bin/env bash
# What a GPU is measured by, in at most eight minutes: tests on the device, a training step of the official size, extraction.
#
#   benchmarks/gpu.sh        on the GPU: seconds of a step and of an epoch of 40,801 clips, share of the peak, memory, frames a second
#   CLIPS=8000 benchmarks/gpu.sh      with features of fewer clips in its memory (40,801 take 21 GB)
#   benchmarks/gpu.sh cpu    everything small on the CPU, which shows that the script runs
#
# A part whose packages are missing is left out by name; one that fails, or takes longer than it may, is named, and the others go on.
set -uo pipefail
cd "$(dirname "$0")/.."
device=${1:-cuda}
if [ "$device" = cpu ]; then
  step=(--batch-size 4 --steps 1 --threads 1 --sizes '{"specific_channels": 8, "decoder_channels": 8}')
  eager=(float32 bfloat16) compiled=(float32-compiled) size=(--clips 2 --frames-per-second 1 --rounds 1 --workers 1) arrays=(--frames 16 --rounds 1) compiling=300
else
  step=(--device cuda --batch-size 80 --steps 30 --clips "${CLIPS:-40801}")
  eager=(float32 float32-gathered tf32 bfloat16 bfloat16-gathered) compiled=(float32-compiled bfloat16-compiled)
  size=(--device cuda --full --clips 16 --frames-per-second 16 --workers "$(nproc)" --rounds 2) arrays=(--device cuda --full) compiling=75
fi
failed=0
export TORCHINDUCTOR_CACHE_DIR=$(mktemp -d) # a compilation that was killed leaves broken files behind
trap 'rm -rf "$TORCHINDUCTOR_CACHE_DIR"' EXIT

missing() { # PACKAGE…: those that cannot be imported
  python - "$@" <<'PY'
import sys
from importlib.util import find_spec
print(*(name for name in sys.argv[1:] if find_spec(name) is None))
PY
}

part() { # NAME SECONDS "PACKAGE…" COMMAND…
  local name=$1 limit=$2 lacking started=$SECONDS status=0
  read -r lacking < <(missing $3)
  if [ -n "$lacking" ]; then
    echo "== $name: left out, not installed: $lacking"
    return
  fi
  echo "== $name"
  timeout -k 5 "$limit" "${@:4}" || status=$?
  echo "== $name: $((SECONDS - started)) s$([ $status = 0 ] || echo ", FAILED with status $status (124: longer than $limit s)")"
  [ $status = 0 ] || failed=1
}

python -c "import torch; print('torch', torch.__version__, '|', torch.cuda.get_device_name() if '$device' == 'cuda' else 'CPU')" || exit 1
part "tests on the device" 60 "pytest pytest_timeout" python -m pytest -q tests/train/test_on_device.py
for method in fcid codaar; do
  part "step of $method" 80 "" python -m benchmarks.step "${step[@]}" --methods $method --precisions "${eager[@]}"
done
if [ -n "$(missing av cv2)" ]; then
  part "VGG-19 on arrays" 60 "" python -m benchmarks.arrays "${arrays[@]}"
fi
part "extraction" 100 "av cv2" python -m benchmarks.extract "${size[@]}"
for method in fcid codaar; do
  part "compiled step of $method" $compiling "" python -m benchmarks.step "${step[@]}" --methods $method --precisions "${compiled[@]}"
done
exit $failed

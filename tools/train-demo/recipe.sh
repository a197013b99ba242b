#!/usr/bin/env bash
# The whole recipe of the demo pair.
#
#   recipe.sh pack PACK            on a CPU, 5 minutes: fetches the packages, labels the footage, samples bodies
#   recipe.sh train PACK OUT       on one GPU, under 10 minutes on an H100: both networks, side by side
#   recipe.sh hold-out PACK OUT    the same without the clips of tests/media, judged on them
#   recipe.sh smoke OUT            on a CPU, minutes: every step once, far too little of each
#
# PYTHON names a Python that has requirements.txt (`train` needs only PyTorch, torchvision and numpy of it); `pack` makes one.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
media=$here/../../tests/media
python=${PYTHON:-python3}

environment() { # FOLDER
    python3 -m venv "$1"
    "$1/bin/pip" install --quiet --requirement "$here/requirements.txt"
    python=$1/bin/python
}

pack() { # PACK
    [ -n "${PYTHON:-}" ] || environment "$1.venv"
    mkdir -p "$1.opencv"
    (cd "$1.opencv" && apt-get download opencv-doc && dpkg -x opencv-doc_*.deb .)
    "$python" "$here/footage.py" "$media" "$1" --examples "$1.opencv/usr/share/doc/opencv-doc/examples"
    "$python" "$here/bodies.py" "$1/bodies.npz" 96 7
}

train() { # PACK OUT, options
    "$python" "$here/train.py" pose "$1" "$2" --iterations 5273 "${@:3}" &
    "$python" "$here/train.py" detector "$1" "$2" --iterations 2383 "${@:3}"
    wait $!
}

smoke() { # OUT
    [ -n "${PYTHON:-}" ] || environment "$1.venv"
    "$python" "$here/footage.py" "$media" "$1" --thinned 40
    "$python" "$here/bodies.py" "$1/bodies.npz" 3 7
    for network in pose detector; do
        "$python" "$here/train.py" "$network" "$1" "$1" --iterations 2 --rendered 4 --batch 4
    done
}

case "${1:-}" in
pack) pack "$2" ;;
train) train "$2" "$3" ;;
hold-out) train "$2" "$3" --hold-out single_cam01 multi_cam01 ;;
smoke) smoke "$2" ;;
*) sed -n '2,9s/^# \{0,1\}//p' "$0" && exit 2 ;;
esac

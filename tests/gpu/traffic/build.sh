#!/bin/sh
# Builds the counting library as FOLDER/libcuda.so: build.sh FOLDER. It takes a C compiler and no driver: an empty library
# has the driver's name while this one is linked.
set -eu
sources=$(dirname "$0")
folder=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cc -shared -Wl,-soname,libcuda.so.1 -x c /dev/null -o "$scratch/libcuda.so.1"
cc -std=gnu11 -O2 -Wall -Wextra -Werror -fPIC -shared -Wl,-soname,libcuda.so -Wl,--no-as-needed \
    "$sources/libcuda.c" "$scratch/libcuda.so.1" -ldl -o "$folder/libcuda.so"

#!/bin/sh
# Install what a lock file names, and nothing whose hash is not in it: install.sh PYTHON LOCK
#
# uv does it in a tenth of pip's time. uv does not know pip's configuration, so where that names an index of its own, and
# where uv fails, pip does it.
set -eu
python=$1 lock=$2
folder=$(dirname "$0")

with_pip() {
  "$python" -m pip --disable-pip-version-check -qq install --require-hashes --only-binary :all: -r "$1"
}

if ! "$python" -m pip --disable-pip-version-check config list | grep -qE '\.(index-url|no-index)='; then
  uv=$(mktemp)
  trap 'rm -f "$uv"' EXIT
  sed -n '/^uv==/,/^ *# via/p' "$folder/dev.txt" >"$uv"
  if with_pip "$uv" &&
    "$python" -m uv pip install --quiet --python "$python" --require-hashes --only-binary :all: -r "$lock"; then
    exit 0
  fi
  echo "uv could not install $lock; pip tries." >&2
fi
with_pip "$lock"

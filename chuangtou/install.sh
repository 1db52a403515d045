#!/bin/sh
# install.sh REQUIREMENTS: makes .venv where it is missing or broken and installs the locked requirements into it.
set -eu

python=""
for name in "${PORTAL_PYTHON:-python3}" python3.13 python3.12 python3.11; do
  if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    python=$(command -v "$name")
    break
  fi
done
if [ -z "$python" ]; then
  echo "需要 Python 3.11 或更新版本 / Python 3.11 or newer is needed; found: $(python3 --version 2>&1 || true)" >&2
  exit 1
fi

if ! .venv/bin/python -c '' 2>/dev/null; then
  echo "正在建立 Python 环境（.venv）…… / Making the Python environment (.venv) ..."
  if command -v uv >/dev/null; then
    UV_PYTHON_DOWNLOADS=never uv venv --quiet --clear --python "$python" .venv
  elif ! "$python" -m venv --clear .venv; then
    rm -rf .venv
    echo "这个 Python 不能建立虚拟环境；Debian/Ubuntu 请先运行：apt-get install python3-venv（或安装 uv） /" \
      "This Python cannot make a virtual environment; on Debian or Ubuntu run: apt-get install python3-venv (or install uv)" >&2
    exit 1
  fi
fi

echo "正在安装 $1…… / Installing $1 ..."
if command -v uv >/dev/null; then
  uv pip install --quiet --python .venv/bin/python --require-hashes --only-binary :all: -r "$1"
else
  .venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip --upgrade >/dev/null
  .venv/bin/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r "$1"
fi

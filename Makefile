# 邻里共治: `make demo` runs the whole portal on this machine, `make test` runs every check.
# Both need only make and python3 (3.11 or newer, with venv); docs/operations.md tells the rest.

PYTHON ?= python3
PORT ?= 8000
DATA_DIR ?= .data
export PORT DATA_DIR

BIN := .venv/bin
BASE_READY := .venv/base.ready
DEV_READY := .venv/dev.ready
RIVAL_READY := .venv/rival.ready

.PHONY: demo test checks bench reset stop messages locks install
.DEFAULT_GOAL := demo

demo: $(BASE_READY)
	@exec $(BIN)/python -m portal.demo

reset: $(BASE_READY)
	@exec $(BIN)/python -m portal.demo reset

stop: $(BASE_READY)
	@exec $(BIN)/python -m portal.embedded stop

# Everything the gate runs. The stores are its own, so a running demo is left alone.
test: $(DEV_READY)
	@.ci/machine
	@DATA_DIR=$(DATA_DIR)/test exec $(BIN)/python -m portal.embedded run --scratch -- $(MAKE) --no-print-directory checks

checks:
	@PATH="$(CURDIR)/$(BIN):$$PATH" .ci/checks

# One group: make bench ONLY=pages
bench: $(DEV_READY) $(if $(filter-out ledger,$(ONLY)),,$(RIVAL_READY))
	@PORTAL_MODE=demo $(BIN)/python manage.py collectstatic --noinput --verbosity 0
	@PORTAL_MODE=demo exec $(BIN)/python -m portal.embedded run -- $(BIN)/python manage.py bench \
	  $(if $(ONLY),--only "$(ONLY)") $(if $(SEED_SIZE),--size "$(SEED_SIZE)")

# Collect the texts of the source into locale/ (needs gettext).
messages: $(DEV_READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" .ci/messages --write

# --- packages -----------------------------------------------------------------------------------

install: $(DEV_READY)

$(BIN)/uv: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "需要 Python 3.11 或更新版本，可用 make demo PYTHON=python3.13 指定 (Python 3.11 or newer is needed)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "缺少 Python 的 venv 模块，请先安装：apt-get install python3-venv (python3-venv is missing)" >&2; exit 1; }
	@test -w . || { echo "当前目录不可写，无法建立 .venv (this folder is not writable)：$(CURDIR)" >&2; exit 1; }
	@echo "── Python 环境 (.venv)"
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv || \
	  { echo "未能建立 .venv：磁盘已满或目录不可写 (could not make .venv)" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt || \
	  { echo "未能安装 uv：请检查网络、软件源或磁盘空间 (could not install uv)" >&2; exit 1; }
	@touch $@

$(BASE_READY): $(BIN)/uv requirements/base.txt
	@echo "── 依赖 (requirements/base.txt)"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/base.txt || \
	  { echo "未能安装依赖：请检查网络、软件源或磁盘空间 (could not install the packages)" >&2; exit 1; }
	@touch $@

$(DEV_READY): $(BASE_READY) requirements/dev.txt
	@echo "── 开发依赖 (requirements/dev.txt)"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt || \
	  { echo "未能安装开发依赖：请检查网络、软件源或磁盘空间 (could not install the packages)" >&2; exit 1; }
	@touch $@

# What the ledger is compared with, apart from everything that runs the portal.
$(RIVAL_READY): $(BIN)/uv requirements/bench.txt
	@echo "── 对照 (requirements/bench.txt)"
	@test -x .venv/rival/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python .venv/rival
	@$(BIN)/uv pip install --quiet --python .venv/rival/bin/python --require-hashes -r requirements/bench.txt || \
	  { echo "未能安装对照用的依赖：请检查网络、软件源或磁盘空间 (could not install the packages)" >&2; exit 1; }
	@touch $@

# Resolve requirements/*.in anew; the lock names hashes and no addresses.
locks: $(BIN)/uv
	@for name in uv base dev bench; do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --custom-compile-command "make locks" $(if $(UPGRADE),--upgrade) \
	    requirements/$$name.in -o requirements/$$name.txt || exit 1; done

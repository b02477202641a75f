# One image for web, worker, beat and migrate; the command tells which.
FROM python:3.11-slim-bookworm AS packages
COPY requirements/uv.txt requirements/base.txt /requirements/
RUN python -m venv /opt/portal \
 && /opt/portal/bin/pip install --no-cache-dir --require-hashes -r /requirements/uv.txt \
 && /opt/portal/bin/uv pip install --no-cache --compile-bytecode --python /opt/portal/bin/python \
      --require-hashes -r /requirements/base.txt \
 && /opt/portal/bin/pip uninstall --yes uv

FROM python:3.11-slim-bookworm
# Papers (PDF) need a font that shows Chinese.
RUN apt-get update && apt-get install --yes --no-install-recommends fonts-noto-cjk \
 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin portal \
 && install -d -o portal -g portal /data
COPY --from=packages /opt/portal /opt/portal
WORKDIR /app
COPY manage.py Procfile ./
COPY portal portal
COPY grids grids
COPY exchange exchange
COPY points points
COPY publicity publicity
COPY orgs orgs
COPY inbox inbox
COPY rules rules
COPY ui ui
COPY templates templates
COPY static static
COPY locale locale
COPY data data
ENV PATH=/opt/portal/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data \
    STATIC_ROOT=/app/static-collected \
    HOST=0.0.0.0 \
    PORT=8000
# Secrets of this step are made for it and thrown away; production brings its own.
RUN PORTAL_MODE=demo DATA_DIR=/tmp/build python manage.py collectstatic --noinput --verbosity 0 \
 && rm -rf /tmp/build
USER portal
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "portal.wsgi", "--config", "portal/gunicorn.py"]

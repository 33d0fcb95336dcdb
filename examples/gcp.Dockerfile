# The example's container on Vertex AI: docker build --platform linux/amd64 -f examples/gcp.Dockerfile -t IMAGE examples
# Vertex AI says port and routes in variables:
# https://cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements
FROM python:3.13-slim
WORKDIR /app
COPY __init__.py examples/__init__.py
COPY serving examples/serving
USER 1000
ENTRYPOINT ["python", "-m", "examples.serving.vertex"]

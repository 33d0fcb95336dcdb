# The steps from data to a registered version, on each of the platforms: docker build --platform linux/amd64 -f examples/steps.Dockerfile -t IMAGE examples
# The base may be pinned by its digest: --build-arg BASE=REGISTRY/python@sha256:…. No step reaches a network.
# The versions are those of uv.lock for this Python, with which the same data gives the same bytes.
# MLflow is what a job of Azure Machine Learning tells its figures to, by the plugin; what both of them need is resolved
# here. It is to call nobody else: https://mlflow.org/docs/latest/community/usage-tracking/
ARG BASE=python:3.11-slim
FROM ${BASE}
RUN pip install --no-cache-dir scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1 joblib==1.6.0 threadpoolctl==3.8.0 narwhals==2.29.0
RUN pip install --no-cache-dir mlflow-skinny==3.15.0 azureml-mlflow==1.62.0.post6
ENV MLFLOW_DISABLE_TELEMETRY=true
WORKDIR /app
ENV PYTHONPATH=/app
COPY __init__.py examples/__init__.py
COPY serving examples/serving
COPY steps examples/steps
# Azure Machine Learning runs a program `train`; SageMaker hands that word to the entry point, Vertex AI arguments alone.
RUN printf '#!/bin/sh\nexec python -m examples.steps train "$@"\n' > /usr/local/bin/train && chmod +x /usr/local/bin/train
ENTRYPOINT ["python", "-m", "examples.steps"]

# The example's container on Azure Machine Learning: docker build --platform linux/amd64 -f examples/azure.Dockerfile -t IMAGE examples
# An endpoint starts it as it is: https://learn.microsoft.com/en-us/azure/machine-learning/how-to-deploy-custom-container
# A batch job runs `mlflow models predict` in it, so it has MLflow and what MLflow reads CSV with.
FROM python:3.13-slim
RUN pip install --no-cache-dir mlflow-skinny==3.17.2 pandas==3.1.1
WORKDIR /app
ENV PYTHONPATH=/app
COPY __init__.py examples/__init__.py
COPY serving examples/serving
ENTRYPOINT ["python", "-m", "examples.serving.azure"]

"""The benchmarks on Azure Machine Learning."""

from benchmarks.cloud import Cloud

CLOUD = Cloud(
    words={
        "account": "11112222-3333-4444-5555-666677778888",
        "region": "eastus2",
        "zones": "",
        "where": "",
        "principals": ", principals: {ana: 0a1b2c3d-0000-4000-8000-00000000000a}",
        "image": "mcr.microsoft.com/azureml/mlflow-ubuntu20.04-py38-cpu-inference:20230920.v2",
        "artifact_uri": "azureml://datastores/artifacts/paths/m/1/",
    },
    looked_up={"tenantId": "99998888-7777-4666-8555-444433332222"},
    sizes=(1, 10, 100, 400),
    on_engine=250,
)

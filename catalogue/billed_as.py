"""Under which service a cloud's bill shows what a kind of resource costs: `ServiceName` of a FOCUS export.

AWS's names are those of its rows in FOCUS's sample data
(https://github.com/FinOps-Open-Cost-and-Usage-Spec/FOCUS-Sample-Data); SageMaker and EventBridge stand in none and are
the product names of AWS's price list (https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/index.json). Azure's are
of Microsoft's own list (https://github.com/microsoft/finops-toolkit/blob/dev/src/open-data/Services.csv). Google's are
the `service.description` of its exports
(https://docs.cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/detailed-usage) and those by which
Infracost finds its prices (https://github.com/infracost/infracost).
"""

from collections.abc import Mapping

_BILLED_AS: Mapping[str, tuple[str, ...]] = {
    "aws:appautoscaling/": ("AmazonCloudWatch",),
    "aws:cloudtrail/": ("AWS CloudTrail",),
    "aws:cloudwatch/": ("AmazonCloudWatch",),
    "aws:ec2/eip:": ("Amazon Virtual Private Cloud",),
    "aws:ec2/flowLog:": ("AmazonCloudWatch",),
    "aws:ec2/natGateway:": ("Amazon Elastic Compute Cloud",),
    "aws:ec2/vpcEndpoint:": ("Amazon Virtual Private Cloud",),
    "aws:ecr/": ("Amazon EC2 Container Registry (ECR)",),
    "aws:kms/": ("AWS Key Management Service",),
    "aws:s3/": ("Amazon Simple Storage Service",),
    "aws:sagemaker/": ("Amazon SageMaker", "AmazonCloudWatch"),
    "aws:sagemaker/domain:": ("Amazon SageMaker", "Amazon Elastic File System"),
    "aws:scheduler/": ("Amazon EventBridge", "CloudWatch Events"),
    "aws:sfn/": ("AWS Step Functions", "Amazon SageMaker"),
    "gcp:artifactregistry/": ("Artifact Registry",),
    "gcp:bigquery/": ("BigQuery", "BigQuery Storage API"),
    "gcp:cloudscheduler/": ("Cloud Scheduler",),
    "gcp:compute/": ("Compute Engine", "Networking"),
    "gcp:compute/subnetwork:": ("Networking", "Cloud Logging"),
    "gcp:dns/": ("Cloud DNS",),
    "gcp:kms/": ("Cloud Key Management Service (KMS)",),
    "gcp:logging/": ("Cloud Logging",),
    "gcp:monitoring/": ("Cloud Monitoring",),
    "gcp:networkconnectivity/": ("Networking",),
    "gcp:servicenetworking/": ("Networking",),
    "gcp:storage/": ("Cloud Storage",),
    "gcp:vpcaccess/": ("Compute Engine", "Networking"),
    "gcp:workbench/": ("Compute Engine", "Vertex AI", "Notebooks"),
    "gcp:workflows/": ("Workflows", "Vertex AI"),
    "mlplatform:gcp:": ("Vertex AI",),
    "azure-native:containerregistry:": ("Azure Container Registry",),
    "azure-native:keyvault:": ("Key Vault",),
    "azure-native:machinelearningservices:": ("Azure Machine Learning", "Virtual Machines"),
    "azure-native:monitor:": ("Azure Monitor",),
    "azure-native:network:ApplicationGateway": ("Application Gateway",),
    "azure-native:network:AzureFirewall": ("Azure Firewall",),
    "azure-native:network:BastionHost": ("Azure Bastion",),
    "azure-native:network:ExpressRouteConnection": ("Azure ExpressRoute", "Virtual Network"),
    "azure-native:network:LoadBalancer": ("Load Balancer",),
    "azure-native:network:NatGateway": ("Azure NAT Gateway",),
    "azure-native:network:PrivateEndpoint": ("Azure Private Link",),
    "azure-native:network:PublicIP": ("Virtual Network",),
    "azure-native:network:VirtualNetworkGateway": ("Virtual Network", "VPN Gateway"),
    "azure-native:network:VpnGateway": ("VPN Gateway",),
    "azure-native:operationalinsights:": ("Azure Monitor",),
    "azure-native:privatedns:": ("Azure Private Link", "Azure DNS"),
    "azure-native:storage:": ("Storage Accounts",),
}


def services(token: str) -> tuple[str, ...]:
    """The services under which a kind may be billed, by the longest beginning of its token. Empty where none is known.

    A kind has several where what it runs, keeps or logs is billed apart.
    """
    known = max((start for start in _BILLED_AS if token.startswith(start)), key=len, default="")
    return _BILLED_AS.get(known, ())

"""Service accounts: the accounts, who may act as them, and their keys, which a rule forbids."""

from catalogue.kinds.gcp import grant, identity

KINDS = (
    identity("gcp:serviceaccount/account:Account", "serviceaccount/account"),
    grant("gcp:serviceaccount/iAMMember:IAMMember", "an account", "serviceaccount/iammember"),
    identity("gcp:serviceaccount/key:Key", "serviceaccount/key"),
)

"""Our own Checkov checks, one a file, for what Checkov has no rule for. Checkov loads only folders with this file."""

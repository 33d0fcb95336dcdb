"""Reads the price lists of the catalogue anew from the clouds' own price APIs, and writes what changed.

`asking` asks an API with patience, `<platform>` reads one cloud's answers, `files` compares them with what stands in
`catalogue/hardware/prices/` and writes it. Nothing else of the catalogue is refreshed: prices of services and quoted
prices stand in the platform's YAML file, with a source each.
"""

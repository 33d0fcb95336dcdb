"""The commands of `mlplatform`. Each has one file, whose `add` adds it; no list names them."""

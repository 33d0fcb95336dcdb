"""The commands of `mlplatform`, one file each: `add` adds it. A command is there because its file is."""

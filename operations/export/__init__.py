"""`mlplatform export`: a model version leaves its platform, and is shown to answer outside of it.

It leaves as an OCI image layout after the ModelPack specification, which any registry of images stores. `layout` says
what stands in one, `sources` where a version comes from, `packing` writes a layout, `reading` reads one that anybody
may have written, and `verifying` serves it with `serving` and compares what it answers with what was recorded.
"""

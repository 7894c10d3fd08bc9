"""The heart: blobs, artifacts, versions and aliases."""

"""The storage folder of Runicorn 0.4 and 0.5: read, taken over, and written again.

::

    ROOT/artifacts/{type}/{name}/versions.json           which versions there are, and the aliases
    ROOT/artifacts/{type}/{name}/v{N}/metadata.json      what is said of one
    ROOT/artifacts/{type}/{name}/v{N}/manifest.json      its files and references
    ROOT/artifacts/{type}/{name}/v{N}/files/{path}       links into .dedup, or copies
    ROOT/artifacts/{type}/{name}/v{N}/.deleted           soft-deleted
    ROOT/artifacts/{type}/{name}/portal.json             only in exports: what 0.5 has no place for
    ROOT/artifacts/.dedup/ab/{sha256}                    content, once
    ROOT/{project}/{name}/runs/{id}/meta.json, status.json, artifacts_used.json, …_created.json
    ROOT/runs/{id}/…                                     older runs, without a project
    ROOT/export.json                                     only in exports

Plain Python that both the server and the client use: nothing here knows either. ``importing`` and
``exporting`` drive a ``Target`` or a ``Source``, which each of the two has. Nothing here writes
below the root of a store that is read, and nothing that is read is believed: every value is
checked, every link refused, every file hashed before it counts.
"""

"""A portal filled with the artifacts of a small team: ``make demo``.

``projects/`` says what the team makes, ``filling`` tells it to the portal through the SDK, and the
other modules write the files: tables, configs, code, tensors, plots. All of it follows from
``SEED``: two portals filled at the same scale hold the same bytes.
"""

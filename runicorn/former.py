"""Names of Runicorn 0.5, or much like them, that are not here: what to say in their place.

They are missing all the same: ``hasattr`` is False, and type checkers know nothing of them.
"""

_METRICS = (
    "the portal keeps artifacts and the runs that made and used them, no metrics. Final numbers"
    " belong into the metadata of the artifact that the run logs"
    " (rn.Artifact.add_metadata); keep the others in a tool for metrics"
)
_MEDIA = (
    "the portal keeps artifacts and the runs that made and used them, no media or logs. Add the"
    " file to an artifact (rn.Artifact.add_file), or keep it in a tool for metrics"
)
_FOLDER = "a run has no folder: the server at RUNICORN_TRACKING_URI keeps what is logged"
_ENVIRONMENT = (
    "the portal does not record environments. What must be known of one belongs into the metadata"
    " of the artifact that the run logs (rn.Artifact.add_metadata)"
)
_PROJECTS = "runs and their projects are pages of the server"

_RUN = {
    "log": _METRICS,
    "summary": _METRICS,
    "set_primary_metric": _METRICS,
    "monitor": _METRICS,
    "anomaly_detector": _METRICS,
    "log_text": _MEDIA,
    "log_image": _MEDIA,
    "media_dir": _FOLDER,
    "storage_root": _FOLDER,
    "project_dir": _FOLDER,
    "experiment_dir": _FOLDER,
    "runs_dir": _FOLDER,
    "run_dir": _FOLDER,
    "storage_backend": _FOLDER,
    "artifact_storage": _FOLDER,
}
_MODULE = {
    **{name: _RUN[name] for name in ("log", "summary", "set_primary_metric")},
    **{name: _RUN[name] for name in ("log_text", "log_image")},
    "log_artifact": "call it on the run: rn.init(…).log_artifact",
    "use_artifact": "call it on the run: rn.init(…).use_artifact",
    "MetricMonitor": _METRICS,
    "AnomalyDetector": _METRICS,
    "AlertRule": _METRICS,
    "MetricsExporter": _METRICS,
    "ExperimentManager": _PROJECTS,
    "ExperimentMetadata": _PROJECTS,
    "EnvironmentCapture": _ENVIRONMENT,
    "EnvironmentInfo": _ENVIRONMENT,
    "sdk": "what it had is in runicorn itself: rn.init, rn.Run, rn.get_active_run",
}


def missing_of_run(run: object, name: str) -> AttributeError:
    """What to raise for an attribute that a run does not have."""
    if name not in _RUN:
        kind = type(run).__name__
        return AttributeError(f"{kind!r} object has no attribute {name!r}", name=name, obj=run)
    return _former(f"run.{name} here, which Runicorn 0.5 had", name, _RUN[name])


def missing_of_module(module: str, name: str) -> AttributeError:
    """What to raise for a name that the package does not have."""
    if name not in _MODULE:
        return AttributeError(f"module {module!r} has no attribute {name!r}", name=name)
    return _former(f"rn.{name} here", name, _MODULE[name])


def _former(called: str, name: str, text: str) -> AttributeError:
    """With the name and no object: nothing that merely sounds like it is proposed."""
    return AttributeError(f"There is no {called}: {text}.", name=name)

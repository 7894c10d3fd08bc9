"""From runs and graphs to the JSON of the contract (``schemas.py`` describes the same)."""

from artifacts.api.rendering import Json, epoch, maybe_epoch, username
from artifacts.models import Version
from lineage.graph import ArtifactNode, LineageEdge, LineageGraph, RunNode
from lineage.models import Run


def run_item(run: Run) -> Json:
    """One run."""
    return {
        "id": run.id,
        "project": run.project,
        "name": run.name,
        "status": run.status,
        "created_at": epoch(run.created_at),
        "updated_at": epoch(run.updated_at),
        "finished_at": maybe_epoch(run.finished_at),
        "created_by_user": username(run.created_by),
    }


def used_version(run: Run, version: Version) -> Json:
    """The version that a run uses."""
    return {"run": run.id, **_named(version)}


def run_version(version: Version) -> Json:
    """A version that a run made or used."""
    return {
        **_named(version),
        "size_bytes": version.size_bytes,
        "status": version.status,
        "created_at": epoch(version.created_at),
    }


def _named(version: Version) -> Json:
    return {
        "name": version.artifact.name,
        "type": version.artifact.type,
        "version": version.number,
        "artifact": str(version),
    }


def lineage(graph: LineageGraph) -> Json:
    """The graph; ``truncated`` is there only where it is true."""
    found: Json = {
        "root_artifact": graph.root,
        "nodes": [_node(node) for node in graph.nodes],
        "edges": [_edge(edge) for edge in graph.edges],
    }
    return found | {"truncated": True} if graph.is_truncated else found


def _node(node: ArtifactNode | RunNode) -> Json:
    return {
        "node_type": node.node_type,
        "node_id": node.node_id,
        "label": node.label,
        "metadata": _artifact_metadata(node)
        if isinstance(node, ArtifactNode)
        else {"project": node.project, "name": node.name, "status": node.status},
    }


def _artifact_metadata(node: ArtifactNode) -> Json:
    return {"type": node.type, "size": node.size_bytes, "status": node.status}


def _edge(edge: LineageEdge) -> Json:
    return {"source": edge.source, "target": edge.target, "edge_type": edge.edge_type}

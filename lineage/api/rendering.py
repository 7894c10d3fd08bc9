"""From runs and graphs to the JSON of the contract (``schemas.py`` describes the same)."""

from artifacts.api.rendering import Json, epoch, maybe_epoch, username
from artifacts.models import Version
from lineage.graph import ArtifactNode, LineageEdge, LineageGraph, Node, RunNode
from lineage.impact import Impact, ImpactItem
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
        "team": version.artifact.team.name if version.artifact.team else None,
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


def _node(node: Node) -> Json:
    return {
        "node_type": node.node_type,
        "node_id": node.node_id,
        "label": node.label,
        "metadata": _metadata(node),
    }


def _metadata(node: Node) -> Json:
    match node:
        case ArtifactNode():
            return {"type": node.type, "size": node.size_bytes, "status": node.status}
        case RunNode():
            return {"project": node.project, "name": node.name, "status": node.status}
    return {"restricted": True}


def _edge(edge: LineageEdge) -> Json:
    return {"source": edge.source, "target": edge.target, "edge_type": edge.edge_type}


def impact(root: Version, found: Impact) -> Json:
    """What was made from ``root``; ``truncated`` is there only where it is true."""
    answer: Json = {
        "artifact": str(root),
        "items": [_impact_item(item) for item in found.items],
        "restricted": found.num_restricted,
    }
    return answer | {"truncated": True} if found.is_truncated else answer


def _impact_item(item: ImpactItem) -> Json:
    return {
        "depth": item.depth,
        "artifact": f"{item.name}:v{item.number}",
        "type": item.type,
        "name": item.name,
        "version": item.number,
        "team": item.team or None,
        "status": item.status,
        "aliases": list(item.aliases),
        "size_bytes": item.size_bytes,
        "created_at": epoch(item.created_at),
        "created_by_user": item.created_by or None,
        "project": item.project or None,
        "run": item.run_id,
    }

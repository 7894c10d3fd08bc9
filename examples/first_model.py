"""Train something small and real, and keep all of it: dataset, model, and how one became the other.

Start the portal with ``make run``, then ``make example`` in a second terminal. Run it twice: the
second run makes new versions, and not a byte more on the disk.
"""

import tempfile
from pathlib import Path

import joblib
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

import runicorn as rn


def log_dataset(folder: Path) -> None:
    """Log 1 797 handwritten digits, split into train and test, as ``digits``."""
    images, labels = load_digits(return_X_y=True)
    parts = train_test_split(images / 16, labels, test_size=0.25, random_state=0)
    np.savez(folder / "train.npz", images=parts[0], labels=parts[2])
    np.savez(folder / "test.npz", images=parts[1], labels=parts[3])
    with rn.init(project="digits", name="prepare") as run:
        dataset = rn.Artifact("digits", type="dataset", description="8 x 8 handwritten digits")
        dataset.add_file(folder / "train.npz").add_file(folder / "test.npz")
        dataset.add_metadata({"train": len(parts[0]), "test": len(parts[1])})
        print(f"logged digits:v{run.log_artifact(dataset)}")


def train(folder: Path) -> None:
    """Use ``digits:latest``, train a classifier on it, log it as ``digits-classifier``."""
    with rn.init(project="digits", name="train") as run:
        data = run.use_artifact("digits:latest").download()
        with np.load(data / "train.npz") as part:
            classifier = LogisticRegression(max_iter=1000).fit(part["images"], part["labels"])
        with np.load(data / "test.npz") as part:
            accuracy = classifier.score(part["images"], part["labels"])
        joblib.dump(classifier, folder / "classifier.joblib")
        model = rn.Artifact("digits-classifier", type="model")
        model.add_file(folder / "classifier.joblib")
        model.add_metadata({"kind": "logistic regression", "accuracy": round(accuracy, 4)})
        model.add_tags("example")
        version = run.log_artifact(model, aliases=["candidate"])
        print(f"logged digits-classifier:v{version}, accuracy {accuracy:.4f}")


def check_and_trace() -> None:
    """Load the model back as somebody else would, and print where it came from."""
    with rn.init(project="digits", name="check") as run:
        artifact = run.use_artifact("digits-classifier:candidate")
        classifier = joblib.load(artifact.download() / "classifier.joblib")
        print(f"loaded {artifact.full_name}: {type(classifier).__name__}")
    client = rn.Client()
    for edge in client.get_lineage("digits-classifier", artifact.version or 0)["edges"]:
        print(f"  {edge['source']} --{edge['edge_type']}--> {edge['target']}")
    stats = client.get_stats()
    print(
        f"stored {stats['dedup_pool_size_bytes']} bytes for {stats['total_size_bytes']}: "
        f"{stats['dedup_ratio']:.0%} saved"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        log_dataset(Path(temporary))
        train(Path(temporary))
    check_and_trace()

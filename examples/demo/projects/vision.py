"""Defects are seen: pictures in a bucket, boxes around scratches, a detector on small devices."""

from examples.demo.models import bundle, embeddings, network, regression, report
from examples.demo.moments import Product, Project, Step
from examples.demo.sources import package
from examples.demo.tables import annotations, curated_images, image_index, splits
from examples.demo.texts import config, guide

AUGMENTATION = config(
    "augmentation.yaml",
    {
        "flip.horizontal": (True, False),
        "rotate.degrees": (0, 5, 10),
        "light.brightness": (0.1, 0.2),
        "light.contrast": (0.1, 0.15, 0.2),
    },
)
THRESHOLDS = config(
    "thresholds.json", {"scratch": (0.5, 0.55, 0.6), "dent": (0.5, 0.45), "stain": (0.6, 0.7)}
)
CAMERAS = config("cameras.yaml", {"line-1.gain": (1.0, 1.1), "line-2.gain": (1.0, 0.95, 0.9)})
INSPECTION_CODE = package(
    "inspection", "seeding.py", "losses.py", "batches.py", "metrics.py", "retry.py"
)
LABEL_GUIDE = guide(
    "How to draw boxes",
    (
        "A scratch is longer than it is wide; the box ends where it ends.",
        "A dent is round and has a shadow. Where you are not sure, leave it out.",
        "Stains that wipe off are no defects.",
        "Two scratches that cross are two boxes.",
        "The edge of the sheet is never a defect, unless it is torn.",
        "Every tenth picture is looked at by two.",
    ),
)

PICTURES = (
    Step(
        "collect-images",
        7,
        (
            Product(
                "line-camera-images",
                "dataset",
                image_index,
                "Pictures of the line cameras. They stay in the bucket; the index is here.",
                ("raw", "references"),
            ),
        ),
    ),
    Step(
        "edit-config",
        4,
        (Product("camera-calibration", "config", CAMERAS, "How bright each camera sees."),),
    ),
    Step(
        "curate",
        6,
        (
            Product(
                "line-camera-curated",
                "dataset",
                curated_images,
                "The pictures worth a look.",
                ("curated", "images"),
            ),
        ),
        uses=("line-camera-images", "camera-calibration"),
    ),
    Step(
        "write-guide", 5, (Product("label-guide", "custom", LABEL_GUIDE, "How boxes are drawn."),)
    ),
    Step(
        "annotate",
        8,
        (
            Product(
                "defect-annotations",
                "dataset",
                annotations,
                "Boxes around defects.",
                ("labels",),
            ),
        ),
        uses=("line-camera-curated", "label-guide"),
    ),
    Step(
        "split",
        4,
        (Product("defect-splits", "dataset", splits, "What trains and what tests.", ("splits",)),),
        uses=("line-camera-curated", "defect-annotations"),
    ),
    Step(
        "edit-config",
        7,
        (Product("augmentation-config", "config", AUGMENTATION, "How pictures are varied."),),
    ),
    Step(
        "commit-code",
        9,
        (
            Product(
                "inspection-code", "code", INSPECTION_CODE, "Training and inference.", ("core",)
            ),
        ),
    ),
    Step(
        "embed",
        4,
        (
            Product(
                "image-embeddings",
                "dataset",
                embeddings("embeddings.npz", rows=4_400, more=700, width=512),
                "A vector for each picture; new pictures add theirs.",
                ("features",),
            ),
        ),
        uses=("line-camera-curated", "base-encoder"),
        since=0.1,
    ),
)

MODELS = (
    Step(
        "train-detector",
        14,
        (
            Product(
                "defect-detector",
                "model",
                network(layers=8, width=544, first=0.66, top=0.965),
                "Finds scratches, dents and stains.",
                ("detection",),
                aliases=True,
            ),
        ),
        uses=(
            "defect-splits",
            "defect-annotations",
            "image-embeddings",
            "augmentation-config",
            "inspection-code",
        ),
        since=0.12,
        fails_every=5,
    ),
    Step(
        "distil",
        6,
        (
            Product(
                "defect-detector-edge",
                "model",
                network(layers=3, width=144, dtype="float16", first=0.64, top=0.94),
                "The detector for devices at the line.",
                ("detection", "distilled", "float16"),
                aliases=True,
            ),
        ),
        uses=("defect-detector:best", "defect-splits"),
        since=0.3,
    ),
    Step(
        "calibrate",
        7,
        (
            Product(
                "detector-thresholds",
                "config",
                THRESHOLDS,
                "From which score on a defect is one.",
            ),
        ),
        uses=("defect-detector-edge", "defect-splits"),
        since=0.32,
    ),
    Step(
        "evaluate",
        8,
        (
            Product(
                "defect-detector-report",
                "custom",
                report(
                    "scratch", "dent", "stain", "edge", of="defect-detector", first=0.66, top=0.965
                ),
                "How the detectors do on the test pictures.",
                ("evaluation",),
            ),
        ),
        uses=("defect-detector", "defect-splits", "eval-harness"),
        since=0.2,
    ),
    Step(
        "score-anomalies",
        6,
        (
            Product(
                "anomaly-scorer",
                "model",
                regression(first=18, best=6, features=256),
                "How unlike all others a picture is.",
                ("unsupervised",),
            ),
        ),
        uses=("image-embeddings",),
        since=0.3,
    ),
    Step(
        "fine-tune",
        5,
        (
            Product(
                "scratch-classifier",
                "model",
                network(layers=2, width=112, first=0.8, top=0.95),
                "What kind of scratch it is.",
                ("fine-tuned",),
            ),
        ),
        uses=("defect-annotations", "base-encoder"),
        since=0.45,
        fails_every=4,
    ),
    Step(
        "package-edge",
        5,
        (Product("edge-bundle", "custom", bundle, "What is copied to devices.", ("serving",)),),
        uses=("defect-detector-edge:best", "detector-thresholds", "camera-calibration"),
        since=0.5,
    ),
)

VISION = Project("defect-vision", (*PICTURES, *MODELS))

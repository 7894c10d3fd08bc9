"""What all share: code, configs, the encoder that everything is fine-tuned from."""

from examples.demo.models import embeddings, network
from examples.demo.moments import Product, Project, Step
from examples.demo.sources import package
from examples.demo.tables import golden, table
from examples.demo.texts import config, vocabulary

WORDS = "the of and to in is order parcel invoice refund login code account address return late"

TRAINING_CODE = package(
    "training", "seeding.py", "losses.py", "batches.py", "schedule.py", "metrics.py", "checks.py"
)
EVAL_CODE = package("evaluation", "metrics.py", "seeding.py", "checks.py", "batches.py")
GATEWAY_CODE = package("gateway", "retry.py", "checks.py", "batches.py", "metrics.py")

PRETRAIN = config(
    "pretrain.yaml",
    {
        "data.mask_share": (0.15, 0.2),
        "optimizer.learning_rate": (0.001, 0.0007),
        "optimizer.weight_decay": (0.01, 0.05),
    },
)
GATEWAY = config(
    "gateway.yaml",
    {
        "server.workers": (2, 4, 8),
        "server.timeout_seconds": (10, 5),
        "models.ticket-router": ("staging", "production"),
        "models.defect-detector": ("best", "production"),
        "limits.requests_per_minute": (600, 1200, 2400),
    },
)

PLATFORM = Project(
    "platform",
    (
        Step(
            "commit-code",
            18,
            (
                Product(
                    "training-code", "code", TRAINING_CODE, "What every training runs.", ("core",)
                ),
            ),
        ),
        Step(
            "commit-code",
            9,
            (Product("eval-harness", "code", EVAL_CODE, "How everything is measured.", ("core",)),),
        ),
        Step(
            "train-tokenizer",
            3,
            (Product("tokenizer-bpe-8k", "model", vocabulary(WORDS, 2000), "Pieces of words."),),
            uses=("training-code",),
        ),
        Step(
            "edit-config",
            4,
            (Product("pretrain-config", "config", PRETRAIN, "How the encoder is pretrained."),),
        ),
        Step(
            "pretrain",
            4,
            (
                Product(
                    "base-encoder",
                    "model",
                    network(layers=8, width=640, first=0.61, top=0.74),
                    "The encoder that the other models begin from.",
                    ("foundation", "float32"),
                    aliases=True,
                ),
            ),
            uses=("training-code", "pretrain-config", "tokenizer-bpe-8k"),
            fails_every=3,
        ),
        Step(
            "agree-on-answers",
            4,
            (
                Product(
                    "golden-set",
                    "dataset",
                    table("golden.csv", ("id", "subject", "queue"), golden, first=60, more=20),
                    "Questions with answers that two people agreed on.",
                    ("evaluation", "reviewed"),
                ),
            ),
        ),
        Step(
            "commit-code",
            8,
            (
                Product(
                    "serving-gateway", "code", GATEWAY_CODE, "What answers requests.", ("serving",)
                ),
            ),
            since=0.2,
        ),
        Step(
            "edit-config",
            9,
            (
                Product(
                    "gateway-config", "config", GATEWAY, "Which model answers what.", ("serving",)
                ),
            ),
            uses=("serving-gateway",),
            since=0.25,
        ),
        Step(
            "build-index",
            1,
            (
                Product(
                    "embedding-index",
                    "dataset",
                    embeddings("index.npz", rows=900, more=300, width=128),
                    "Vectors of the golden set, to find similar questions.",
                ),
            ),
            uses=("base-encoder", "golden-set"),
            since=0.8,
        ),
    ),
)

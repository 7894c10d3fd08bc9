"""Support tickets find their way: from the export to a small model, and to a report on it."""

from examples.demo.models import embeddings, network, report, training_log
from examples.demo.moments import Product, Project, Step
from examples.demo.tables import QUEUES, chinese_ticket, clean_tickets, label, table, ticket
from examples.demo.texts import config, vocabulary

TICKET_COLUMNS = ("id", "opened", "language", "subject", "queue")

ROUTER_CONFIG = config(
    "router.yaml",
    {
        "optimizer.learning_rate": (0.003, 0.001, 0.0005),
        "training.epochs": (10, 16, 24),
        "training.batch_rows": (32, 64),
        "model.frozen_layers": (0, 2, 4),
        "model.dropout": (0.1, 0.2, 0.15),
    },
)
TAXONOMY = config(
    "intents.json",
    {
        "billing": (["invoice", "refund"], ["invoice", "refund", "address"]),
        "delivery": (["late", "lost"], ["late", "lost", "damaged"]),
        "returns": (["how"], ["how", "label"]),
        "login": (["password"], ["password", "code"]),
    },
)

DATA = (
    Step(
        "export-tickets",
        8,
        (
            Product(
                "tickets-raw",
                "dataset",
                table("export.csv", TICKET_COLUMNS, ticket, first=240, more=90),
                "Tickets as the help desk exports them.",
                ("raw", "weekly"),
            ),
        ),
    ),
    Step(
        "clean-tickets",
        8,
        (
            Product(
                "tickets-cleaned",
                "dataset",
                clean_tickets,
                "Tickets without gaps, spaces around the subject, and doubles.",
                ("cleaned",),
            ),
        ),
        uses=("tickets-raw", "training-code"),
    ),
    Step(
        "label-tickets",
        6,
        (
            Product(
                "ticket-labels",
                "dataset",
                table("labels.csv", ("id", "queue", "agreement"), label, first=200, more=80),
                "Which queue each ticket belongs to.",
                ("labels", "reviewed"),
            ),
        ),
        uses=("tickets-cleaned", "intent-taxonomy"),
    ),
    Step(
        "featurise",
        7,
        (
            Product(
                "ticket-features",
                "dataset",
                embeddings("features.npz", rows=600, more=150, width=96),
                "A vector for each ticket.",
                ("features",),
            ),
        ),
        uses=("tickets-cleaned", "tokenizer-bpe-8k"),
    ),
)

ROUTER = (
    Step(
        "edit-config",
        12,
        (Product("router-config", "config", ROUTER_CONFIG, "How the router is trained."),),
    ),
    Step(
        "train-router",
        16,
        (
            Product(
                "ticket-router",
                "model",
                network(layers=8, width=544, first=0.71, top=0.945),
                "Says which queue a ticket belongs to.",
                ("routing", "fine-tuned"),
                aliases=True,
            ),
            Product(
                "ticket-router-training-log",
                "custom",
                training_log(of="ticket-router"),
                "What the training said, epoch by epoch.",
            ),
        ),
        uses=("ticket-features", "ticket-labels", "router-config", "base-encoder", "training-code"),
        fails_every=3,
    ),
    Step(
        "distil",
        7,
        (
            Product(
                "ticket-router-small",
                "model",
                network(layers=3, width=160, first=0.69, top=0.925),
                "The router, distilled to a fraction of its size.",
                ("routing", "distilled"),
                aliases=True,
            ),
        ),
        uses=("ticket-router:best", "ticket-features"),
        since=0.2,
        fails_every=5,
    ),
    Step(
        "quantise",
        5,
        (
            Product(
                "ticket-router-int8",
                "model",
                network(layers=3, width=160, dtype="int8", first=0.68, top=0.915),
                "The small router in whole numbers.",
                ("routing", "int8"),
            ),
        ),
        uses=("ticket-router-small:best",),
        since=0.35,
    ),
    Step(
        "evaluate",
        8,
        (
            Product(
                "ticket-router-report",
                "custom",
                report(*QUEUES, of="ticket-router-small"),
                "How the routers do on the golden set.",
                ("evaluation",),
            ),
        ),
        uses=("ticket-router:best", "ticket-router-small", "golden-set", "eval-harness"),
        since=0.3,
    ),
)

OTHERS = (
    Step(
        "export-tickets",
        4,
        (
            Product(
                "客服工单",
                "dataset",
                table("工单.csv", ("编号", "主题", "队列"), chinese_ticket, first=120, more=60),
                "Tickets in Chinese: 客服系统导出的中文工单。",
                ("raw", "中文"),
            ),
        ),
        since=0.3,
    ),
    Step(
        "train-tokenizer",
        2,
        (
            Product(
                "中文分词器",
                "model",
                vocabulary("发票 包裹 订单 退货 账号 登录 地址 无法 没有 收到", 600),
                "Cuts Chinese into words.",
                ("中文",),
            ),
        ),
        uses=("客服工单",),
        since=0.35,
    ),
    Step(
        "train-router",
        5,
        (
            Product(
                "客服分类器",
                "model",
                network(layers=2, width=128, first=0.66, top=0.9),
                "The router for tickets in Chinese.",
                ("routing", "中文"),
                aliases=True,
            ),
        ),
        uses=("客服工单", "中文分词器", "base-encoder"),
        since=0.4,
    ),
    Step(
        "fine-tune",
        8,
        (
            Product(
                "sentiment-classifier",
                "model",
                network(layers=3, width=128, first=0.74, top=0.93),
                "Whether somebody is angry.",
                ("fine-tuned",),
                aliases=True,
            ),
        ),
        uses=("ticket-features", "base-encoder", "training-code"),
        since=0.15,
        fails_every=3,
    ),
    Step(
        "fine-tune",
        3,
        (
            Product(
                "language-detector",
                "model",
                network(layers=2, width=96, first=0.9, top=0.985),
                "Which language a ticket is in.",
                ("fine-tuned",),
            ),
        ),
        uses=("tickets-cleaned", "base-encoder"),
        since=0.1,
    ),
)

TAXONOMY_STEP = Step(
    "edit-config",
    6,
    (Product("intent-taxonomy", "config", TAXONOMY, "The queues and what goes there."),),
)

SUPPORT = Project("support-routing", (TAXONOMY_STEP, *DATA, *ROUTER, *OTHERS))

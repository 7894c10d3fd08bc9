"""Data sets as CSV and JSON, which grow from version to version and begin as they began."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta

import numpy as np

from examples.demo.moments import Facts, Make, Moment, Reference, chance
from examples.demo.plots import draw_texture
from examples.demo.texts import markdown_table

Row = tuple[object, ...]
MakeRow = Callable[[int], Row]

FIRST_DAY = date(2025, 1, 6)
QUEUES = ("billing", "delivery", "returns", "login", "other")
SUBJECTS = (
    "Invoice {} shows the wrong address",
    "Parcel {} has not arrived",
    "How do I send back order {}?",
    "The code for account {} does not come",
    "A question about contract {}",
)
CHINESE_SUBJECTS = (
    "发票 {} 抬头有误",
    "包裹 {} 还没有收到",
    "订单 {} 如何退货",
    "账号 {} 无法登录",
)
STORES = ("north", "harbour", "centre", "station", "airport")


def table(
    file: str,
    columns: tuple[str, ...],
    row: MakeRow,
    *,
    first: int,
    more: int,
    rolling: bool = False,
) -> Make:
    """A CSV of ``first`` rows that gets ``more`` in each version, with a README on its columns.

    Where it is ``rolling`` as many of the oldest go.
    """

    def make(moment: Moment) -> Facts:
        added = more * (moment.number - 1)
        rows = [row(number) for number in range(added if rolling else 0, first + added)]
        moment.write(file, to_csv(columns, rows))
        _describe(moment, columns, rows)
        return Facts({"rows": len(rows), "columns": list(columns), "format": "csv"})

    return make


def to_csv(columns: tuple[str, ...], rows: Iterable[Row]) -> str:
    """The table as text."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([columns, *rows])
    return out.getvalue()


def ticket(number: int) -> Row:
    """A support ticket as it is exported: some lack a language, some have spaces around them."""
    rng = chance("ticket", number)
    kind = int(rng.integers(len(QUEUES)))
    subject = SUBJECTS[kind].format(10_000 + number)
    opened = FIRST_DAY + timedelta(days=number // 12)
    language = "" if rng.random() < 0.1 else str(rng.choice(["en", "de", "fr"]))
    padded = f"  {subject} " if rng.random() < 0.15 else subject
    return (f"T-{number:05d}", opened.isoformat(), language, padded, QUEUES[kind])


def label(number: int) -> Row:
    """Where a ticket belongs, and how sure those who read it were."""
    ticket_id, _, _, _, queue = ticket(number)
    return ticket_id, queue, round(float(chance("label", number).uniform(0.6, 1)), 2)


def golden(number: int) -> Row:
    """A question with the answer everybody agreed on."""
    ticket_id, _, _, subject, queue = ticket(7 * number)
    return ticket_id, str(subject).strip(), queue


def chinese_ticket(number: int) -> Row:
    """A ticket in Chinese."""
    kind = int(chance("zh", number).integers(len(CHINESE_SUBJECTS)))
    return f"Z-{number:05d}", CHINESE_SUBJECTS[kind].format(20_000 + number), QUEUES[kind]


def clean_tickets(moment: Moment) -> Facts:
    """The tickets without gaps and spaces. The schema moved into a folder in the fifth version."""
    raw = [ticket(number) for number in range(240 + 90 * (moment.number - 1))]
    rows = [(one, day, lang, str(text).strip(), queue) for one, day, lang, text, queue in raw]
    kept = [row for row in rows if row[2]]
    columns = ("id", "opened", "language", "subject", "queue")
    moment.write("tickets.csv", to_csv(columns, kept))
    schema = "schema.json" if moment.number < 5 else "schema/tickets.schema.json"
    moment.write(schema, json.dumps(dict.fromkeys(columns, "string"), indent=2) + "\n")
    _describe(moment, columns, kept)
    return Facts({"rows": len(kept), "dropped": len(raw) - len(kept), "null_share": 0.0})


def sale(number: int) -> Row:
    """What a store sold on a day; nobody counted on one day in forty."""
    rng = chance("sale", number)
    day = FIRST_DAY + timedelta(days=number // len(STORES))
    season = 40 + 12 * np.sin(2 * np.pi * day.timetuple().tm_yday / 365) + 9 * (day.weekday() == 5)
    units = "" if rng.random() < 0.025 else int(rng.poisson(season))
    return day.isoformat(), STORES[number % len(STORES)], units, round(float(rng.uniform(3, 9)), 2)


def clean_sale(number: int) -> Row:
    """The same with the median of the stores where nobody counted."""
    day, store, units, price = sale(number)
    return day, store, 40 if units == "" else units, price


def weather(number: int) -> Row:
    """The weather of a day."""
    rng = chance("weather", number)
    day = FIRST_DAY + timedelta(days=number)
    warm = 10 + 11 * np.sin(2 * np.pi * (number - 100) / 365) + rng.normal(0, 2)
    return day.isoformat(), round(float(warm), 1), round(float(rng.exponential(1.8)), 1)


def holiday(number: int) -> Row:
    """A day on which the stores are closed."""
    return (FIRST_DAY + timedelta(days=37 * number + 11)).isoformat(), f"holiday {number + 1}"


def cluster(number: int) -> Row:
    """A store and the kind of store it is."""
    rng = chance("cluster", number)
    return f"store-{number:03d}", int(rng.integers(4)), int(rng.integers(80, 900))


def demand_feature(number: int) -> Row:
    """What a forecaster learns from."""
    day, store, units, price = clean_sale(number)
    _, warm, rain = weather(number // len(STORES))
    return (
        day,
        store,
        units,
        price,
        warm,
        rain,
        round(float(chance("lag", number).normal(40, 9)), 2),
    )


def forecast(number: int) -> Row:
    """What will be sold, with a low and a high guess."""
    middle = float(chance("forecast", number).normal(42, 6))
    day = FIRST_DAY + timedelta(days=300 + number // len(STORES))
    guesses = [round(middle * factor, 1) for factor in (0.8, 1, 1.25)]
    return (day.isoformat(), STORES[number % len(STORES)], *guesses)


def image_index(moment: Moment) -> Facts:
    """Where the pictures of each week lie: an index here, the pictures in a bucket."""
    weeks = range(1, 2 + moment.number)
    rows = [(week, f"line-{1 + week % 3}", 1_900 + 13 * week) for week in weeks]
    moment.write("index.csv", to_csv(("week", "line", "images"), rows))
    _describe(moment, ("week", "line", "images"), rows)
    references = tuple(
        Reference(
            uri=f"s3://example-line-camera/2025/week-{week:02d}/{line}.tar",
            size_bytes=images * 184_320,
            name=f"week-{week:02d}.tar",
        )
        for week, line, images in rows
    )
    return Facts({"images": sum(row[2] for row in rows), "weeks": len(rows)}, references)


def curated_images(moment: Moment) -> Facts:
    """The few pictures that everybody looks at, each new version with four more."""
    count = 8 + 4 * (moment.number - 1)
    for number in range(count):
        scratches = number % 3
        path = moment.path(f"images/{'scratched' if scratches else 'good'}/{number:04d}.png")
        draw_texture(path, moment.rng("image", number), scratches=scratches)
    rows = [
        (f"{number:04d}", "good" if number % 3 == 0 else "scratched") for number in range(count)
    ]
    moment.write("labels.csv", to_csv(("image", "label"), rows))
    _describe(moment, ("image", "label"), rows)
    return Facts({"images": count, "width": 160, "height": 160, "channels": 3})


def annotations(moment: Moment) -> Facts:
    """Boxes around defects, as tools for labelling write them."""
    boxes = list(_boxes(moment, 40 + 15 * (moment.number - 1)))
    kinds = ["scratch", "dent", "stain", "edge"][: 2 + min(2, moment.number // 3)]
    moment.write(
        "annotations.json",
        json.dumps({"categories": kinds, "annotations": boxes}, indent=1) + "\n",
    )
    return Facts({"boxes": len(boxes), "categories": kinds, "reviewed": moment.number % 2 == 0})


def splits(moment: Moment) -> Facts:
    """Which pictures train and which test."""
    order = moment.rng("split").permutation(60 + 20 * moment.number)
    edge = int(len(order) * 0.8)
    for name, part in (("train", order[:edge]), ("test", order[edge:])):
        moment.write(f"{name}.txt", "".join(f"{number:04d}.png\n" for number in sorted(part)))
    return Facts({"train": edge, "test": len(order) - edge, "stratified": moment.number > 1})


def _boxes(moment: Moment, count: int) -> Iterator[dict[str, object]]:
    for number in range(count):
        x, y, width, height = (int(one) for one in moment.rng("box", number).integers(8, 80, 4))
        yield {
            "image": f"{number // 2:04d}.png",
            "category": number % 2,
            "bbox": [x, y, width, height],
        }


def _describe(moment: Moment, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
    example = rows[0]
    lines = [(f"`{column}`", str(value)) for column, value in zip(columns, example, strict=True)]
    moment.write(
        "README.md",
        f"# {moment.name}\n\n{len(rows)} rows in UTF-8.\n\n"
        + markdown_table(("column", "for example"), lines),
    )

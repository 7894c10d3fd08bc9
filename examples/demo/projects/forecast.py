"""What stores will sell: sales, weather and holidays become features, features a forecast."""

from examples.demo.models import backtest, network, regression
from examples.demo.moments import Product, Project, Step
from examples.demo.sources import package
from examples.demo.tables import (
    clean_sale,
    cluster,
    demand_feature,
    forecast,
    holiday,
    sale,
    table,
    weather,
)
from examples.demo.texts import config

SALES = ("day", "store", "units", "price")

FORECAST_CONFIG = config(
    "forecast.yaml",
    {
        "horizon.days": (28, 35, 42),
        "features.lags": ([7], [7, 14], [7, 14, 28]),
        "features.weather": (False, True),
        "model.ridge": (0.1, 0.3, 1.0),
    },
)
ANOMALY_RULES = config("rules.json", {"spike.factor": (3, 4), "gap.days": (2, 3)})
FORECAST_CODE = package("forecasting", "seeding.py", "batches.py", "metrics.py", "schedule.py")
DASHBOARD_CODE = package("dashboard", "retry.py", "metrics.py", "checks.py")

DATA = (
    Step(
        "pull-sales",
        9,
        (
            Product(
                "sales-daily-raw",
                "dataset",
                table("sales.csv", SALES, sale, first=300, more=140),
                "Units sold in each store on each day, as counted.",
                ("raw", "daily"),
            ),
        ),
    ),
    Step(
        "pull-weather",
        6,
        (
            Product(
                "weather-daily",
                "dataset",
                table("weather.csv", ("day", "celsius", "rain_mm"), weather, first=90, more=30),
                "Temperature and rain.",
                ("raw", "daily"),
            ),
        ),
    ),
    Step(
        "pull-holidays",
        2,
        (
            Product(
                "holiday-calendar",
                "dataset",
                table("holidays.csv", ("day", "name"), holiday, first=9, more=9),
                "When stores are closed.",
            ),
        ),
    ),
    Step(
        "clean-sales",
        8,
        (
            Product(
                "sales-daily-cleaned",
                "dataset",
                table("sales.csv", SALES, clean_sale, first=300, more=140),
                "The sales with gaps filled.",
                ("cleaned", "daily"),
            ),
        ),
        uses=("sales-daily-raw", "training-code"),
    ),
    Step(
        "featurise",
        7,
        (
            Product(
                "demand-features",
                "dataset",
                table(
                    "features.csv",
                    (*SALES, "celsius", "rain_mm", "mean_28"),
                    demand_feature,
                    first=300,
                    more=140,
                ),
                "What the forecasters learn from.",
                ("features",),
            ),
        ),
        uses=("sales-daily-cleaned", "weather-daily", "holiday-calendar"),
    ),
    Step(
        "cluster-stores",
        4,
        (
            Product(
                "store-clusters",
                "dataset",
                table(
                    "stores.csv", ("store", "cluster", "square_metres"), cluster, first=40, more=6
                ),
                "Stores that sell alike.",
            ),
        ),
        uses=("sales-daily-cleaned",),
        since=0.2,
    ),
    Step(
        "edit-config",
        8,
        (Product("forecast-config", "config", FORECAST_CONFIG, "How far and from what."),),
    ),
    Step(
        "edit-config",
        4,
        (Product("sales-anomaly-rules", "config", ANOMALY_RULES, "Which days are looked at."),),
        since=0.3,
    ),
    Step(
        "commit-code",
        9,
        (
            Product(
                "forecast-code", "code", FORECAST_CODE, "Features, training, backtest.", ("core",)
            ),
        ),
    ),
    Step(
        "commit-code",
        5,
        (Product("forecast-dashboard", "code", DASHBOARD_CODE, "What buyers look at."),),
        since=0.4,
    ),
)

MODELS = (
    Step(
        "train-forecaster",
        13,
        (
            Product(
                "demand-forecaster",
                "model",
                regression(features=256),
                "What each store sells in the next four weeks.",
                ("forecast",),
                aliases=True,
            ),
        ),
        uses=("demand-features", "forecast-config", "forecast-code"),
        since=0.05,
        fails_every=6,
    ),
    Step(
        "fit-baseline",
        3,
        (
            Product(
                "baseline-seasonal",
                "model",
                regression(first=27, best=22, features=7),
                "The same day of last week, by season.",
                ("baseline",),
            ),
        ),
        uses=("sales-daily-cleaned",),
        since=0.05,
    ),
    Step(
        "backtest",
        8,
        (
            Product(
                "forecast-backtest",
                "custom",
                backtest(of="demand-forecaster"),
                "How the forecast would have done, beside the baseline.",
                ("evaluation",),
            ),
        ),
        uses=("demand-forecaster", "baseline-seasonal", "demand-features"),
        since=0.15,
    ),
    Step(
        "forecast",
        9,
        (
            Product(
                "weekly-forecast",
                "dataset",
                table(
                    "forecast.csv",
                    ("day", "store", "low", "middle", "high"),
                    forecast,
                    first=140,
                    more=35,
                    rolling=True,
                ),
                "What was promised for the next four weeks.",
                ("weekly",),
            ),
        ),
        uses=("demand-forecaster:production", "demand-features"),
        since=0.25,
    ),
    Step(
        "fit-elasticity",
        5,
        (
            Product(
                "price-elasticity",
                "model",
                regression(first=20, best=12, features=32),
                "How much less is sold when it costs more.",
            ),
        ),
        uses=("demand-features", "store-clusters"),
        since=0.3,
    ),
    Step(
        "fit-uplift",
        5,
        (
            Product(
                "promo-uplift",
                "model",
                regression(first=26, best=15, features=48),
                "What a promotion adds.",
                ("experimental",),
            ),
        ),
        uses=("demand-features", "store-clusters"),
        since=0.4,
        fails_every=2,
    ),
    Step(
        "train-stockout",
        5,
        (
            Product(
                "stockout-classifier",
                "model",
                network(layers=2, width=96, first=0.72, top=0.9),
                "Whether a shelf will be empty.",
                ("experimental",),
                aliases=True,
            ),
        ),
        uses=("demand-features", "sales-anomaly-rules"),
        since=0.45,
    ),
    Step(
        "train-weather",
        3,
        (
            Product(
                "modèle-météo",
                "model",
                regression(first=14, best=8, features=24),
                "Guesses the weather where no station is.",
                ("experimental",),
            ),
        ),
        uses=("weather-daily",),
        since=0.5,
    ),
)

FORECAST = Project("demand-forecast", (*DATA, *MODELS))

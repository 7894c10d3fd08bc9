from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.contrib.postgres.search import SearchVector
from django.db import migrations, models


class Migration(migrations.Migration):
    """The new index first: names are searched by it while the other goes."""

    atomic = False
    dependencies = [
        ("artifacts", "0005_remember_plans_of_uploads"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="artifact",
            index=GinIndex(
                SearchVector(
                    models.Func(
                        models.Func(
                            models.Func(
                                models.F("name"), template="normalize(%(expressions)s, NFD)"
                            ),
                            models.Value(r"[\u0300-\u036f]"),
                            models.Value(""),
                            models.Value("g"),
                            function="regexp_replace",
                        ),
                        models.Value("-_./"),
                        models.Value("    "),
                        function="translate",
                    ),
                    config="simple",
                ),
                name="artifact_name_plain_words",
            ),
        ),
        RemoveIndexConcurrently(model_name="artifact", name="artifact_name_words"),
    ]

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("artifacts", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="BlobBase",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("bytes", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="BlobChunks",
            fields=[
                (
                    "blob",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="chunk_list",
                        serialize=False,
                        to="artifacts.blob",
                    ),
                ),
                ("chunks", models.BinaryField()),
            ],
            options={
                "verbose_name_plural": "chunk lists",
            },
        ),
        migrations.CreateModel(
            name="Hook",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.BigIntegerField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="blob",
            name="blob_layout_is_known",
        ),
        migrations.AddField(
            model_name="blob",
            name="generation",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name="blob",
            name="layout",
            field=models.CharField(
                choices=[
                    ("file", "one whole file"),
                    ("extents", "its own bytes, the others in other blobs"),
                    ("remains", "only what other blobs need of it"),
                ],
                default="file",
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="blob",
            constraint=models.CheckConstraint(
                condition=models.Q(("layout__in", ["file", "extents", "remains"])),
                name="blob_layout_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="blob",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("layout", "file"), _negated=True),
                    ("physical_bytes", models.F("size_bytes")),
                    _connector="OR",
                ),
                name="blob_file_holds_all",
            ),
        ),
        migrations.AddField(
            model_name="blobbase",
            name="base",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="dependents",
                to="artifacts.blob",
            ),
        ),
        migrations.AddField(
            model_name="blobbase",
            name="blob",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="bases",
                to="artifacts.blob",
            ),
        ),
        migrations.AddField(
            model_name="hook",
            name="blob",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="hooks",
                to="artifacts.blob",
            ),
        ),
        migrations.AddConstraint(
            model_name="blobbase",
            constraint=models.UniqueConstraint(fields=("blob", "base"), name="blob_base_unique"),
        ),
        migrations.AddConstraint(
            model_name="blobbase",
            constraint=models.CheckConstraint(
                condition=models.Q(("base__lt", models.F("blob"))), name="blob_base_is_older"
            ),
        ),
        migrations.AddConstraint(
            model_name="blobbase",
            constraint=models.CheckConstraint(
                condition=models.Q(("bytes__gt", 0)), name="blob_base_lends_bytes"
            ),
        ),
        migrations.AddConstraint(
            model_name="hook",
            constraint=models.UniqueConstraint(fields=("key", "blob"), name="hook_unique_per_blob"),
        ),
        # Digests do not compress: to try would only cost time.
        migrations.RunSQL(
            "ALTER TABLE artifacts_blobchunks ALTER COLUMN chunks SET STORAGE EXTERNAL",
            migrations.RunSQL.noop,
        ),
    ]
